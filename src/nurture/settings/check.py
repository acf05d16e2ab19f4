"""[check]: what `nurture check` holds messages against."""

from __future__ import annotations

import difflib

from pydantic import field_validator

from nurture.settings.parts import Part

CLIENTS = (
    "gmail", "gmail-mobile-web", "apple-mail", "outlook-windows", "outlook-mac", "outlook-web", "outlook-mobile",
    "yahoo", "aol", "samsung", "thunderbird", "proton", "fastmail", "hey", "gmx", "web-de", "t-online", "ionos",
    "orange", "sfr", "free", "laposte", "mail-ru", "wp-pl",
)  # fmt: skip
USUAL = CLIENTS[:1] + CLIENTS[2:8]


class Check(Part):
    """In which mail programs messages have to look right."""

    clients: tuple[str, ...] = USUAL
    """What most mail in most countries is read with, where nothing is said."""

    @field_validator("clients")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in CLIENTS:
                near = difflib.get_close_matches(name, CLIENTS, 1)
                hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(CLIENTS)}"
                raise ValueError(f"cannot name {name!r}; {hint}")
        return value
