"""How one contact, or one contact's line, moved through the stages between two moments.

Every moment is looked at at which something happened or at which a rule could flip by time, so a change is
dated by the moment its rule flipped. The cost grows with the number of such moments and not with the time
between them; each look costs some microseconds a rule.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import attrgetter, or_
from typing import NamedTuple

from nurture.audience.expressions import Expression, Needs
from nurture.audience.facts import Facts, LineFacts, OrderFacts, StageFacts
from nurture.clock import NEVER, Moment
from nurture.lifecycle.history import History, HistoryPurchase, Standing
from nurture.lifecycle.stages import Lifecycle, Stage, Transition
from nurture.lifecycle.tally import EngagementTally, OrderTally
from nurture.lifecycle.timeline import Happening, Kind, events_of, happenings, next_beyond, undone_at

__all__ = ["History", "HistoryPurchase", "Standing", "Walked", "walk"]

_at = attrgetter("at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What a walk found: the changes in order, where it ended, and when to look again."""

    transitions: tuple[Transition, ...]
    standing: Standing
    orders: OrderFacts
    """As of the end of the walk."""
    next_at: Moment
    """NEVER where neither time nor the history known so far can change anything."""
    tally: OrderTally = field(compare=False)
    """The orders as counted up to the end of the walk: a later walk may go on from it."""


def walk(
    lifecycle: Lifecycle,
    history: History,
    standing: Standing,
    start: Moment,
    until: Moment,
    counted: OrderTally | None = None,
) -> Walked:
    """The changes in (start, until] of somebody who stood at `standing` at `start`.

    `counted` is what an earlier walk by the same rules, which ended no later than `start`, counted; `history`
    then holds only the purchases that are new since. It is left as it is.

    The stage is the last whose rule holds, else the first. A change that is due sooner than `stay` after the
    last one waits until then and is worked out again, but at an order or refund it is made at once.
    What is known of the contact but did not happen at a moment (an attribute, an edited rule) counts from
    `until` on, or from their creation where that is later than `start`.
    """
    walker = _Walker(lifecycle, history, standing, start, counted)
    created_at = history.contact.created_at
    walker.begin(created_at if created_at > start else until)
    while (at := walker.next_at()) <= until:
        walker.look(at)
    return Walked(
        transitions=tuple(walker.transitions),
        standing=walker.standing,
        orders=walker.tally.facts(until),
        next_at=min(walker.next_at(), next_beyond(history, until)),
        tally=walker.tally,
    )


class _Plan(NamedTuple):
    """The rules, the last first, each with the stage it leads to, and what they need together."""

    rules: tuple[tuple[Expression, Stage], ...]
    needs: Needs


@lru_cache(maxsize=64)
def _plan(stages: tuple[Stage, ...]) -> _Plan:
    rules = tuple((it.rule, it) for it in reversed(stages[1:]) if it.rule is not None)
    return _Plan(rules, reduce(or_, (rule.needs for rule, _ in rules), Needs()))


class _Walker:
    def __init__(
        self,
        lifecycle: Lifecycle,
        history: History,
        standing: Standing,
        start: Moment,
        counted: OrderTally | None,
    ) -> None:
        self._lifecycle = lifecycle
        self._history = history
        self._rules, needs = _plan(lifecycle.stages)
        self.standing = standing
        self.transitions: list[Transition] = []
        self.tally = counted.copy() if counted else OrderTally(needs, lifecycle.usual_gap_days)
        self._engagement = EngagementTally(needs)
        self._events = events_of(history, needs.events)
        self._happenings = happenings(history, self._events, needs, start)
        self._place = 0
        self._due = NEVER
        self._begin(start, needs)
        self._gather(start)
        self._now = start
        self._wish = self._wished(start)

    def begin(self, stale_at: Moment) -> None:
        """Plan the change of somebody who stands elsewhere than the rules say already at the start."""
        if self._stage_of(self._wish) != self.standing.stage:
            held = self._held_until()
            self._due = held if held > self._now else max(stale_at, self._now + 1)

    def next_at(self) -> Moment:
        """The next moment to look at."""
        happens = self._happenings[self._place].at if self._place < len(self._happenings) else NEVER
        return min(happens, self._due, self._next_flip())

    def look(self, now: Moment) -> None:
        """Work the stage out at `now`, and change it unless `stay` forbids."""
        happened = self._take(now)
        self._now = now
        if happened:
            self._gather(now)
        self._wish = self._wished(now)
        self._due = NEVER
        stage = self._stage_of(self._wish)
        if stage == self.standing.stage:
            return
        at_once = any(it.kind in (Kind.ORDER, Kind.REFUND) for it in happened)
        if at_once or self._held_until() <= now:
            self._change(stage, now, happened)
        else:
            self._due = self._held_until()

    def _held_until(self) -> Moment:
        since = self.standing.since
        return since + self._lifecycle.stay if since else 0

    def _begin(self, start: Moment, needs: Needs) -> None:
        """Count what lies before the walk, without laying it out in time."""
        for purchase in self._history.purchases:
            if purchase.at > start:
                break
            if not purchase.undone_at or undone_at(purchase) > start:
                self.tally.add(purchase)
        if needs.engagement:
            signs = self._history.signs
            self._engagement.begin(signs[: bisect_right(signs, start, key=_at)])

    def _take(self, now: Moment) -> list[Happening]:
        """Count in what happened up to `now`."""
        rows, first = self._happenings, self._place
        while self._place < len(rows) and rows[self._place].at <= now:
            it = rows[self._place]
            if it.kind is Kind.ORDER:
                self.tally.add(self._history.purchases[it.place])
            elif it.kind is Kind.REFUND:
                self.tally.undo(self._history.purchases[it.place])
            elif it.kind is not Kind.EVENT and it.place >= 0:
                self._engagement.add(self._history.signs[it.place])
            self._place += 1
        return rows[first : self._place]

    def _gather(self, now: Moment) -> None:
        """The facts as of `now`; until something happens again they stay right."""
        orders = self.tally.facts(now)
        stage = StageFacts(name=self.standing.stage, since=self.standing.since)
        line = self._history.line
        self._facts = Facts(
            contact=self._history.contact,
            stage=stage,
            orders=orders,
            line=LineFacts(name=line, stage=stage, orders=orders) if line else None,
            engagement=self._engagement.facts(now),
            events=self._events,
            messages=self._history.messages,
        )
        self._flips: list[Moment] = [0] * len(self._rules)

    def _wished(self, now: Moment) -> int:
        """The number of the rule that decides; that of the first stage is behind them all."""
        for number, (rule, _) in enumerate(self._rules):
            if rule.holds(self._facts, now):
                return number
        return len(self._rules)

    def _stage_of(self, number: int) -> str:
        return self._rules[number][1].name if number < len(self._rules) else self._lifecycle.first

    def _next_flip(self) -> Moment:
        """When the rule that decides, or one that would overrule it, could next flip."""
        found = NEVER
        for number, (rule, _) in enumerate(self._rules[: self._wish + 1]):
            if self._flips[number] <= self._now:
                self._flips[number] = rule.next_flip(self._facts, self._now)
            found = min(found, self._flips[number])
        return found

    def _change(self, stage: str, now: Moment, happened: list[Happening]) -> None:
        decides = self._rules[self._wish][0] if self._wish < len(self._rules) else None
        names = [rule for rule, it in self._rules if it.name == self.standing.stage]
        shown = decides or (names[0] if names else None)
        cause = {"by": _by(happened), **(shown.seen(self._facts, now) if shown else {})}
        self.transitions.append(
            Transition(
                line=self._history.line,
                from_stage=self.standing.stage,
                to_stage=stage,
                at=now,
                rule=decides.text if decides else "",
                cause=cause,
            )
        )
        self.standing = Standing(stage=stage, since=now)
        self._gather(now)


def _by(happened: list[Happening]) -> str:
    if not happened:
        return "time"
    first = min(happened, key=lambda it: it.kind)
    return f"event {first.name}" if first.kind is Kind.EVENT else first.kind.name.lower()
