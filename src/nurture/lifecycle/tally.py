"""Orders and engagement, counted up one happening at a time, so that a long history is never summed again."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from nurture.audience.expressions import Needs
from nurture.audience.facts import EngagementFacts, OrderFacts, Sign
from nurture.clock import DAY, Moment
from nurture.lifecycle.history import HistoryPurchase

_at = attrgetter("at")


class OrderTally:
    """The orders that stand. One more or one less costs about the same however many there are."""

    def __init__(self, needs: Needs, usual_gap_days: float) -> None:
        self._needs = needs
        self._usual_gap_days = usual_gap_days
        self._standing: list[HistoryPurchase] = []
        self._total = 0
        self._orders_on: dict[int, int] = {}
        self._days: list[int] = []
        self._gaps: list[int] = []
        self._skus: Counter[str] = Counter()
        self._lines: Counter[str] = Counter()

    def copy(self) -> OrderTally:
        """The same again, that can go on by itself."""
        other = OrderTally(self._needs, self._usual_gap_days)
        other._total = self._total
        other._standing, other._days, other._gaps = self._standing[:], self._days[:], self._gaps[:]
        other._orders_on = self._orders_on.copy()
        other._skus, other._lines = self._skus.copy(), self._lines.copy()
        return other

    def add(self, purchase: HistoryPurchase) -> None:
        """An order came in, not earlier than those before it."""
        self._standing.append(purchase)
        self._total += purchase.amount
        if self._needs.skus:
            self._skus.update(set(purchase.skus))
        if self._needs.order_lines:
            self._lines.update(set(purchase.lines))
        day = purchase.day or purchase.at // DAY
        self._orders_on[day] = self._orders_on.get(day, 0) + 1
        if self._orders_on[day] == 1:
            self._add_day(day)

    def undo(self, purchase: HistoryPurchase) -> None:
        """An order that was added is refunded or cancelled."""
        place = bisect_left(self._standing, purchase.at, key=_at)
        while self._standing[place] is not purchase:
            place += 1
        del self._standing[place]
        self._total -= purchase.amount
        if self._needs.skus:
            self._skus = +(self._skus - Counter(set(purchase.skus)))
        if self._needs.order_lines:
            self._lines = +(self._lines - Counter(set(purchase.lines)))
        day = purchase.day or purchase.at // DAY
        self._orders_on[day] -= 1
        if self._orders_on[day] == 0:
            self._take_day(day)

    def _add_day(self, day: int) -> None:
        if self._days and day > self._days[-1]:
            insort(self._gaps, day - self._days[-1])
            self._days.append(day)
            return
        place = bisect_left(self._days, day)
        before, after = self._days[place - 1 : place] if place else [], self._days[place : place + 1]
        if before and after:
            self._drop_gap(after[0] - before[0])
        for earlier, later in ((before, [day]), ([day], after)):
            if earlier and later:
                insort(self._gaps, later[0] - earlier[0])
        self._days.insert(place, day)

    def _take_day(self, day: int) -> None:
        place = bisect_left(self._days, day)
        del self._days[place]
        before, after = self._days[place - 1 : place] if place else [], self._days[place : place + 1]
        for earlier, later in ((before, [day]), ([day], after)):
            if earlier and later:
                self._drop_gap(later[0] - earlier[0])
        if before and after:
            insort(self._gaps, after[0] - before[0])

    def _drop_gap(self, gap: int) -> None:
        del self._gaps[bisect_left(self._gaps, gap)]

    def _usual_gap(self) -> float:
        count = len(self._gaps)
        if count < 2:
            return self._usual_gap_days
        return (self._gaps[(count - 1) // 2] + self._gaps[count // 2]) / 2

    def facts(self, now: Moment) -> OrderFacts:
        """The orders as they stand at `now`, the latest one by one as far back as the rules look."""
        standing, window = self._standing, self._needs.order_window
        recent = standing[bisect_right(standing, now - window, key=_at) :] if window else []
        return OrderFacts(
            count=len(standing),
            total=self._total,
            first_at=standing[0].at if standing else None,
            last_at=standing[-1].at if standing else None,
            usual_gap_days=self._usual_gap(),
            skus=frozenset(self._skus),
            lines=frozenset(self._lines),
            recent=tuple(recent),
        )


class EngagementTally:
    """What the contact did with their messages."""

    def __init__(self, needs: Needs) -> None:
        self._window = needs.engagement_window
        self._signs: list[Sign] = []
        self._count: Counter[str] = Counter()
        self._last: dict[str, Moment] = {}
        self._first_received_at: Moment | None = None

    def begin(self, signs: Sequence[Sign]) -> None:
        """The first signs, oldest first: the same as to add each, at a fraction of the cost."""
        self._signs = list(signs)
        self._count = Counter(sign.kind for sign in signs)
        self._last = {sign.kind: sign.at for sign in signs}
        self._first_received_at = next((sign.at for sign in signs if sign.kind == "received"), None)

    def add(self, sign: Sign) -> None:
        """A sign, not earlier than those before it."""
        self._signs.append(sign)
        self._count[sign.kind] += 1
        self._last[sign.kind] = sign.at
        if sign.kind == "received" and self._first_received_at is None:
            self._first_received_at = sign.at

    def facts(self, now: Moment) -> EngagementFacts:
        """The engagement up to `now`, the latest signs one by one as far back as the rules look."""
        signs, window = self._signs, self._window
        recent = signs[bisect_right(signs, now - window, key=_at) :] if window else []
        return EngagementFacts(
            received=self._count["received"],
            opens=self._count["open"],
            clicks=self._count["click"],
            first_received_at=self._first_received_at,
            last_open_at=self._last.get("open"),
            last_click_at=self._last.get("click"),
            recent=tuple(recent),
        )
