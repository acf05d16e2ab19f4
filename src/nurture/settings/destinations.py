"""[destinations], [rates], [warm_up] and [alerts]: how fast mail may go where, and who hears of trouble."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from nurture.clock import DAY, HOUR, MINUTE, SECOND, Span
from nurture.settings.parts import Part

PROVIDERS = ("google", "microsoft", "yahoo", "apple", "gmx")
"""The destinations with a name: whoever keeps mailboxes for many domains."""

DEFAULT = "default"
"""Stands for every destination that has no section of its own."""

STEPS = (
    50, 100, 500, 1_000, 5_000, 10_000, 20_000, 40_000, 70_000, 100_000, 150_000, 250_000, 400_000, 600_000,
)  # fmt: skip
"""Messages to one destination on the first day, the second, and so on."""

_UNITS: dict[str, Span] = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY}
_WRITTEN = re.compile(r"([0-9]{1,9})\s*(?:per|an?|/)\s*([a-z]+)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `count` messages in any stretch of `span`."""

    count: int
    span: Span

    def describe(self) -> str:
        """The rate as it is written in nurture.toml."""
        unit = next(name for name, span in _UNITS.items() if span == self.span)
        return f"{self.count} per {unit}"


def parse_rate(text: str) -> Rate:
    """Read `600 per minute`; one per second counts as 60 per minute. Raises ValueError with what to write."""
    match = _WRITTEN.fullmatch(text.strip())
    span = _UNITS.get(match[2].lower().removesuffix("s")) if match else None
    if match is None or span is None:
        raise ValueError(f'cannot be {text[:40]!r}; write it as "600 per minute" or "10000 per hour"')
    if int(match[1]) == 0:
        raise ValueError(
            "cannot be none at all; to hold mail back, pause the campaign: nurture pause CAMPAIGN"
        )
    return (
        Rate(count=int(match[1]) * 60, span=MINUTE)
        if span == SECOND
        else Rate(count=int(match[1]), span=span)
    )


def _rate(value: Any) -> Rate:
    if isinstance(value, Rate):
        return value
    if not isinstance(value, str):
        raise ValueError(f'cannot be {value!r}; write it as "600 per minute" or "10000 per hour"')
    return parse_rate(value)


def _rate_or_number(value: Any) -> Any:
    plain = (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and value.isdigit()
    )
    return _rate(f"{value} per minute" if plain else value)


WrittenRate = Annotated[Rate, BeforeValidator(_rate)]


class Destination(Part):
    """How fast mail may go to one destination. What is not said stays as it is built in."""

    connections: int | None = Field(default=None, ge=1, le=200)
    """At once; used with deliver = "mx"."""
    per_connection: int | None = Field(default=None, ge=0, le=100_000)
    """Messages on one connection; 0: as many as there are. Used with deliver = "mx"."""
    per_minute: Annotated[Rate | None, BeforeValidator(_rate_or_number)] = None
    """A number, or a rate such as `10000 per hour`; not said: no limit."""


class WarmUp(Part):
    """How mail from a new address begins: few messages a day to each destination, then more."""

    since: date
    """The first day, in UTC."""
    steps: tuple[int, ...] = STEPS

    @field_validator("steps", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        # In the environment there are no lists.
        return [it.strip() for it in value.split(",")] if isinstance(value, str) else value

    @field_validator("steps")
    @classmethod
    def _rising(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or value[0] < 1 or any(later <= before for before, later in pairwise(value)):
            raise ValueError("must rise from day to day; write them as [50, 100, 500, 1000]")
        return value


class Alerts(Part):
    """Who is told when mail to a destination had to stop."""

    notify: str = ""
    """An address, or an https URL that gets a webhook; empty: only the log says it."""

    @property
    def is_url(self) -> bool:
        """Whether it is a webhook."""
        return self.notify.startswith("https://")

    @field_validator("notify")
    @classmethod
    def _somebody(cls, value: str) -> str:
        address = parseaddr(value)[1]
        if (
            value
            and not value.startswith("https://")
            and (address != value or not all(address.partition("@")))
        ):
            raise ValueError(
                f'cannot be {value!r}; write an address, "ops@shop.example", or a URL with https://'
            )
        return value


def _known(value: Any) -> Any:
    """Names of destinations: a provider, `default`, or one host as the queue shows it: /mx1.shop.example."""
    for name in value if isinstance(value, dict) else ():
        if name not in (*PROVIDERS, DEFAULT) and not (name.startswith("/") and len(name) > 1):
            near = difflib.get_close_matches(str(name), (*PROVIDERS, DEFAULT), 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join((*PROVIDERS, DEFAULT))}"
            raise ValueError(f"has no {name!r}; {hint}")
    return value


Destinations = Annotated[Mapping[str, Destination], BeforeValidator(_known)]
Rates = Mapping[str, WrittenRate]
"""By the key of a campaign."""
