"""[attribution]: which messages an order is credited to."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import field_validator

from nurture.clock import DAY, HOUR, MINUTE, Span
from nurture.settings.parts import Part

_LENGTH = re.compile(r"([1-9][0-9]{0,4}) (minute|hour|day|week)s?")
_UNITS: dict[str, Span] = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}


class Attribution(Part):
    """How revenue is read out of clicks and orders. Changing it changes no record."""

    model: Literal["last-click", "first-click", "linear"] = "last-click"
    within: str = "5 days"
    """How long before the order a click counts."""

    @field_validator("within")
    @classmethod
    def _a_length(cls, value: str) -> str:
        if _LENGTH.fullmatch(value.strip()) is None:
            raise ValueError(f'cannot be {value!r}; write it as "5 days" or "12 hours"')
        return value.strip()

    @property
    def span(self) -> Span:
        """`within`, in microseconds."""
        match = _LENGTH.fullmatch(self.within)
        assert match is not None
        return int(match[1]) * _UNITS[match[2]]
