"""What is wrong with the pictures of a workspace, whoever names them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nurture.campaigns.findings import Finding
from nurture.errors import Fault, SettingsError
from nurture.journeys.spelling import near, quoted
from nurture.runner import settings_findings
from nurture.runner.images import IMAGES, others
from nurture.settings import Settings


def of_images(settings: Settings, known: Collection[str]) -> Iterator[Finding]:
    """Files that are not served, and a logo that is not there; `known` are the pictures that are served."""
    for name, why in others(settings.workspace):
        yield Finding(
            code="not-read",
            severity="warning",
            path=f"{IMAGES}/{name}",
            message=f"this is not served: {why}",
            hint="call it something like red-roses.png, of at most 5 MB",
        )
    faults = list(_logos(settings, known))
    if faults:
        yield from settings_findings.findings_of(SettingsError(faults), settings.workspace)


def _logos(settings: Settings, known: Collection[str]) -> Iterator[Fault]:
    for key in ("logo", "logo_dark"):
        name = getattr(settings.brand, key)
        if name and name not in known:
            yield Fault(
                key=("brand", key),
                message=f"there is no picture {quoted(name)} in {IMAGES}/",
                hint=near(name, known) or "put it there, or take the line out",
            )
