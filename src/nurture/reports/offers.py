"""What became of offers: codes, what they earned and cost, who misused one, and when one runs out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from nurture.clock import DAY, Moment, Span
from nurture.offers.discount import Amount, Discount, FreeDelivery, FreeTime, Gift, Percent
from nurture.offers.redemption import Verdict

RATE_OVER: Span = 30 * DAY
"""The present rate is that of so long."""

FARTHEST: Span = 3650 * DAY
"""What runs out later than this does not, as far as anybody knows."""

What: TypeAlias = Literal["free codes", "limit on codes", "limit on discount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """A code on an order that it should not have been on."""

    verdict: Verdict
    code: str
    order: str
    email: str
    """Who ordered."""
    holder: str
    """Whose code it is; empty: nobody's, or one for all."""
    at: Moment
    discount: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsOut:
    """What there is an end of, and when it comes at the present rate."""

    what: What
    left: int
    """Codes, or minor units."""
    per_day: float
    at: Moment | None
    """None: not within ten years, or nothing is used at present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Codes of one offer, and orders with them."""

    free: int = 0
    ready: int = 0
    """Those of the free that the shop knows."""
    issued: int = 0
    """Given to a contact."""
    handed: int = 0
    """Those of them that reached one."""
    redeemed: int = 0
    """Used up, by whomever."""
    expired: int = 0
    """Over, and never used."""
    out: int = 0
    """Given, good, and not used."""
    issued_lately: int = 0
    first_issued_at: Moment = 0
    orders: int = 0
    revenue: int = 0
    """What was paid for the orders that redeemed one, in minor units."""
    discount: int = 0
    """What all uses cost, where that is known; those of people who were erased too."""
    unknown_costs: int = 0
    """Uses whose cost is not known."""
    misused: int = 0
    """Uses that a person wants to know of."""
    discount_lately: int = 0
    mean_paid: float = 0.0
    """What an order with one of its codes comes to, in minor units; 0: there is none."""
    verdicts: Mapping[Verdict, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReport:
    """One offer."""

    key: str
    says: str
    """Empty: it is in force no more."""
    written: str
    """Its discount."""
    counts: Counts
    liability: int | None
    """What the codes that are out could still cost, in minor units; None: that is not known."""
    runs_out: RunsOut | None
    """What ends first; None: there is no end of anything."""
    misuse: tuple[Misuse, ...] = ()
    """The latest."""


def liability(worth: Discount | None, counts: Counts, usual_paid: float) -> int | None:
    """What the codes that are out cost if all are used, in minor units; None: nobody knows what one costs.

    A share is reckoned of what an order with such a code comes to, else of `usual_paid`, an order of the shop's.
    A limit on the sum of discount is no help here: it keeps codes from being given, and takes none back.
    """
    match worth:
        case Amount(minor=minor):
            return counts.out * minor
        case Percent(share=share):
            paid = counts.mean_paid or usual_paid
            part = float(share)
            return (
                round(counts.out * paid * part / (1 - part))
                if part < 1 and (paid or not counts.out)
                else None
            )
        case FreeDelivery() | FreeTime() | Gift() | None:
            return None if counts.out else 0
        case _:
            assert_never(worth)


def runs_out(
    counts: Counts, *, draws_from_ready: bool, most_codes: int | None, most_discount: int | None, now: Moment
) -> RunsOut | None:
    """What ends first, at the rate of the last 30 days, or since the first code where that is less."""
    since = counts.first_issued_at
    days = max(1.0, min(RATE_OVER, now - since) / DAY) if since else 1.0
    ends: list[RunsOut] = []
    if draws_from_ready:
        ends.append(_end("free codes", counts.ready, counts.issued_lately / days, now))
    if most_codes is not None:
        ends.append(
            _end("limit on codes", max(0, most_codes - counts.issued), counts.issued_lately / days, now)
        )
    if most_discount is not None:
        left = max(0, most_discount - counts.discount)
        ends.append(_end("limit on discount", left, counts.discount_lately / days, now))
    return min(ends, key=lambda it: (it.at is None, it.at or 0, it.left), default=None)


def _end(what: What, left: int, per_day: float, now: Moment) -> RunsOut:
    if left == 0:
        return RunsOut(what=what, left=0, per_day=per_day, at=now)
    span = left / per_day * DAY if per_day else float(FARTHEST) + 1
    return RunsOut(what=what, left=left, per_day=per_day, at=now + round(span) if span <= FARTHEST else None)
