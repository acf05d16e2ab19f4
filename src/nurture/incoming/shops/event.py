"""What one webhook of a shop comes to: rows as an import has them, or money given back on an order that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from nurture.clock import Moment

Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of an import, by column."""

    kind: Literal["contacts", "orders", "events"]
    record: Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBack:
    """Goods of an order that were taken back."""

    sku: str
    quantity: Decimal
    amount: Decimal
    """What was given back for them, in major units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesBack:
    """One refund, by goods. To be subtracted once."""

    order_id: str
    refund: str
    """Its id: an order that came since may hold it already."""
    lines: tuple[LineBack, ...]
    besides: Decimal = Decimal()
    """What was given back for no goods in particular, in major units; below 0: less than the goods were worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyLeft:
    """All refunds of an order together: what is left of what was paid. Again is harmless."""

    order_ids: tuple[str, ...]
    """It is one of these."""
    left: Decimal
    """In major units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopEvent:
    """One webhook."""

    id: str
    """The same again has the same."""
    what: str
    """The shop's word for it."""
    email: str = ""
    """Whom it is about, in lower case; empty: not told. So that what is kept of them can be found again."""
    rows: tuple[Row, ...] = ()
    back: LinesBack | OnlyLeft | None = None
    currency: str = ""
    at: str = ""
    """When it happened, in ISO 8601."""
    order_id: str = ""
    """The order that `rows` or `back` are about."""
    as_of: Moment = 0
    """How things stood when: an older state of that order changes nothing any more. 0: each counts."""
    counts: Literal["always", "known", "new"] = "always"
    """Where the rows of the order count: only where it is known (who cancels what was never paid bought nothing), or
    only where it is not (the first of several events that tell of one payment)."""
    refunds: tuple[str, ...] = ()
    """The refunds that `rows` have taken off already."""
    ignored: str = ""
    """Why nothing comes of it; empty: something does."""


def spread(amounts: Sequence[int], over: int) -> list[int]:
    """`amounts` made less by `over` together, each in proportion, none below 0 and none above what it was."""
    whole = sum(amounts)
    left = max(0, min(whole, whole - over))
    found, before, passed = [0] * len(amounts), 0, 0
    # From the smallest on, so that the order they come in says nothing.
    for place in sorted(range(len(amounts)), key=amounts.__getitem__):
        passed += amounts[place]
        upto = left * passed // whole if whole else 0
        found[place] = upto - before
        before = upto
    return found
