"""Who may tell us something at /in/NAME: whether each that is written down can prove that it is them."""

from __future__ import annotations

from nurture.reports.doctor.verdict import Verdict, verdict
from nurture.settings.sources import SOURCES, WITH_SECRET, Sources

_TOPIC = "sources"
_PROOFS = {"ses": "topics", "sendgrid": "public_key"}


def sources(settings: Sources, public_url: str) -> list[Verdict]:
    """One verdict for each source that the settings speak of; none where they speak of none."""
    found = []
    for name in SOURCES:
        if settings.secrets(name):
            found.append(verdict("ok", _TOPIC, f"{name} is believed at {public_url}/in/{name}"))
        elif name in settings.model_fields_set:
            variable = f"NURTURE_SOURCES_{name.upper()}_SECRET"
            remedy = (
                f"Set {variable} in the environment."
                if name in WITH_SECRET
                else f"Write {_PROOFS[name]} below [sources.{name}]."
            )
            found.append(verdict("missing", _TOPIC, f"nobody is believed to be {name}", remedy))
    return found
