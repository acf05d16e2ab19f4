"""How fast mail may go where: what is built in for each destination, and what the settings say beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from nurture.delivery.warm_up import Ramp
from nurture.settings.destinations import DEFAULT, PROVIDERS, Destination, Rate
from nurture.settings.whole import Settings

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The limits of one destination."""

    connections: int
    """At once, from all processes together."""
    per_connection: int
    """Messages on one connection; 0: any number."""
    rate: Rate | None = None
    """None: any."""


BUILT_IN: Mapping[str, Shape] = {
    "google": Shape(connections=5, per_connection=50),
    "yahoo": Shape(connections=10, per_connection=20),
    "microsoft": Shape(connections=5, per_connection=50),
    "apple": Shape(connections=10, per_connection=5),
    "gmx": Shape(connections=4, per_connection=20),
}
"""Where to begin with each provider (KumoMTA's published shaping)."""

OTHERS = Shape(connections=10, per_connection=100)
"""For every other destination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaping:
    """All limits, by the keys of `limits_key`, and of `campaign KEY` and `relay NAME`."""

    by_key: Mapping[str, Shape] = field(default_factory=lambda: BUILT_IN)
    default: Shape = OTHERS
    rates: Mapping[str, Rate] = field(default_factory=dict)
    """Of what is no destination: `campaign KEY`, `relay NAME`."""
    ramp: Ramp | None = None
    """Of every destination."""

    def shape(self, key: str) -> Shape:
        """The limits of `key`."""
        if is_destination(key):
            return self.by_key.get(key, self.default)
        return replace(OTHERS, rate=self.rates.get(key))

    def with_rates(self, rates: Mapping[str, Rate]) -> Shaping:
        """These, and more rates."""
        return replace(self, rates={**self.rates, **rates})


def is_destination(key: str) -> bool:
    """Whether mail goes to it, rather than through it or because of it."""
    return not key.startswith(("campaign ", "relay "))


def shaping_of(settings: Settings) -> Shaping:
    """What the settings say, over what is built in."""
    written = settings.destinations
    default = _shaped(OTHERS, written.get(DEFAULT))
    names = {*PROVIDERS, *written} - {DEFAULT}
    # What [destinations.default] says of the rate is for every destination that says none itself.
    begin = {name: BUILT_IN.get(name, default) for name in names}
    by_key = {name: _shaped(replace(it, rate=default.rate), written.get(name)) for name, it in begin.items()}
    warm_up = settings.warm_up
    return Shaping(
        by_key=by_key,
        default=default,
        rates={f"campaign {key}": rate for key, rate in settings.rates.items()},
        ramp=Ramp(first_day=warm_up.since.toordinal() - _EPOCH, steps=warm_up.steps) if warm_up else None,
    )


def _shaped(shape: Shape, written: Destination | None) -> Shape:
    """`shape`, with what is written over it."""
    if written is None:
        return shape
    return Shape(
        connections=shape.connections if written.connections is None else written.connections,
        per_connection=shape.per_connection if written.per_connection is None else written.per_connection,
        rate=written.per_minute or shape.rate,
    )
