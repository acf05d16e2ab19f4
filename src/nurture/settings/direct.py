"""[mx]: mail that goes straight to the servers of each recipient, without a relay."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, field_validator

from nurture.settings.parts import Part, read_networks

_HOST = re.compile(r"(?=.{4,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*")


class Direct(Part):
    """Used with deliver = "mx"."""

    name: str = ""
    """What this machine calls itself to other mail servers: the name that its address leads back to (PTR). Empty: what
    the machine says it is called."""
    connections: int = Field(default=100, ge=1, le=10_000)
    """At once, to all destinations together; how many to each is said in [destinations]."""
    allow: tuple[str, ...] = ()
    """Networks of one's own that mail may go to besides the world at large: `10.0.0.0/8`."""

    @field_validator("name")
    @classmethod
    def _a_host(cls, value: str) -> str:
        if value and not _HOST.fullmatch(value):
            raise ValueError(f"cannot be {value[:60]!r}; write a whole host name, such as mail.shop.example")
        return value

    @field_validator("allow", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return read_networks(value)
