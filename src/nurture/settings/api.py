"""[api] in nurture.toml: how much a key may ask, and which pages may report what people do."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, field_validator

from nurture.settings.parts import Part

_ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:\d{1,5})?")


class Api(Part):
    """The HTTP API under /api/v1."""

    per_minute: int = Field(default=6000, ge=1, le=1_000_000)
    """Requests that one key may make, each process counting its own; as many may come at once as in ten seconds."""
    origins: tuple[str, ...] = ()
    """The pages from which nurture.js may report: `https://shop.example`."""
    browser_events: tuple[str, ...] = ()
    """The only names that it may report, besides page_view; empty: any, but those that nurture itself writes."""

    @field_validator("origins", "browser_events", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        # In the environment there are no lists.
        return [it.strip() for it in value.split(",") if it.strip()] if isinstance(value, str) else value

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if _ORIGIN.fullmatch(origin) is None:
                raise ValueError(
                    f'cannot hold {origin!r}; write it as "https://shop.example", without a path'
                )
        return value
