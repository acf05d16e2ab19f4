"""Stages, orders, lines and engagement as templates see them: in the contact's time and major units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from nurture.audience.facts import EngagementFacts, LineFacts, OrderFacts, StageFacts
from nurture.audience.spans import parse_span
from nurture.clock import DAY, Moment, to_datetime
from nurture.messages.group import Group
from nurture.messages.missing import MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How one contact sees times and amounts."""

    now: Moment
    zone: ZoneInfo
    units: int

    def moment(self, at: Moment | None) -> Any:
        """A moment in the contact's zone."""
        return MISSING if at is None else to_datetime(at, self.zone)

    def days_since(self, at: Moment | None) -> Any:
        """Elapsed time divided by 24 hours."""
        return MISSING if at is None else (self.now - at) / DAY

    def money(self, minor: int) -> float:
        """An amount in the major unit."""
        return minor / self.units


def known(value: str) -> str:
    """`value`, or missing where it is empty."""
    return value or MISSING


class OneByOne(Mapping[str, Any]):
    """The facts of one thing, each worked out when it is asked for: moments and amounts cost more than looking."""

    __slots__ = ("_it", "_made", "_view")

    def __init__(self, made: Mapping[str, Callable[[Any, View], Any]], it: Any, view: View) -> None:
        self._made = made
        self._it = it
        self._view = view

    def __getitem__(self, name: str) -> Any:
        return self._made[name](self._it, self._view)

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


_STAGE: Mapping[str, Callable[[StageFacts, View], Any]] = {
    "name": lambda it, view: it.name,
    "since": lambda it, view: view.moment(it.since),
    "days": lambda it, view: view.days_since(it.since),
}


def stage_values(it: StageFacts, view: View) -> Mapping[str, Any]:
    """A stage: name, since, days."""
    return OneByOne(_STAGE, it, view)


_ORDERS: Mapping[str, Callable[[OrderFacts, View], Any]] = {
    "count": lambda it, view: it.count,
    "total": lambda it, view: view.money(it.total),
    "average": lambda it, view: view.money(it.total) / it.count if it.count else MISSING,
    "first_at": lambda it, view: view.moment(it.first_at),
    "last_at": lambda it, view: view.moment(it.last_at),
    "days_since_last": lambda it, view: view.days_since(it.last_at),
    "usual_gap_days": lambda it, view: it.usual_gap_days,
    "skus": lambda it, view: tuple(sorted(it.skus)),
    "lines": lambda it, view: tuple(sorted(it.lines)),
    "within": lambda it, view: lambda span: Group("orders.within", lambda: _orders_within(it, span, view)),
}


def orders_values(it: OrderFacts, view: View) -> Mapping[str, Any]:
    """Orders, and `within` for those of late."""
    return OneByOne(_ORDERS, it, view)


def _orders_within(it: OrderFacts, span: str, view: View) -> Mapping[str, Any]:
    since = view.now - parse_span(span)
    recent = [order for order in it.recent if since < order.at <= view.now]
    moments = [order.at for order in recent]
    shown = OrderFacts(
        count=len(recent),
        total=sum(order.amount for order in recent),
        first_at=min(moments, default=None),
        last_at=max(moments, default=None),
        usual_gap_days=it.usual_gap_days,
        skus=it.skus,
        lines=it.lines,
    )
    return orders_values(shown, view)


def line_values(it: LineFacts | None, view: View) -> Mapping[str, Any]:
    """A line; without one everything is missing."""
    if it is None:
        return dict.fromkeys(("name", "stage", "orders"), MISSING)
    return {
        "name": it.name,
        "stage": Group("line.stage", lambda: stage_values(it.stage, view), label=it.stage.name),
        "orders": Group("line.orders", lambda: orders_values(it.orders, view)),
    }


class Lines:
    """`lines["FLORAL"]`: a line on which nothing was bought is there too, with nothing in it."""

    __slots__ = ("_known", "_view")

    def __init__(self, known: Mapping[str, LineFacts], view: View) -> None:
        self._known = known
        self._view = view

    def __getitem__(self, name: str) -> Group:
        it = self._known.get(name) or LineFacts(name=name, stage=StageFacts(name="", since=self._view.now))
        return Group("line", lambda: line_values(it, self._view), label=name)


def engagement_values(it: EngagementFacts, view: View) -> Mapping[str, Any]:
    """What was received, opened and clicked, and `within`."""
    done = [at for at in (it.last_open_at, it.last_click_at) if at is not None]
    return {
        "received": it.received,
        "opens": it.opens,
        "clicks": it.clicks,
        "last_open_at": view.moment(it.last_open_at),
        "last_click_at": view.moment(it.last_click_at),
        "days_since_last": view.days_since(max(done) if done else it.first_received_at),
        "within": lambda span: Group("engagement.within", lambda: _engagement_within(it, span, view)),
    }


def _engagement_within(it: EngagementFacts, span: str, view: View) -> Mapping[str, Any]:
    since = view.now - parse_span(span)
    recent = [sign for sign in it.recent if since < sign.at <= view.now]

    def moments(kind: str) -> list[Moment]:
        return [sign.at for sign in recent if sign.kind == kind]

    received, opens, clicks = moments("received"), moments("open"), moments("click")
    shown = EngagementFacts(
        received=len(received),
        opens=len(opens),
        clicks=len(clicks),
        first_received_at=min(received, default=None),
        last_open_at=max(opens, default=None),
        last_click_at=max(clicks, default=None),
    )
    return engagement_values(shown, view)
