"""Steps 1 and 2 of a tick: contacts to whom something happened, or for whom time flips a rule, are looked at.

A review works out how their stages moved since the last one, each change dated by the moment its rule flipped, and
then lets `enroll` act on what happened. The cost is that of the contacts which are due and of their own histories.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TypeAlias
from zoneinfo import ZoneInfo

from nurture.audience.contact import Contact
from nurture.audience.expressions import Needs
from nurture.audience.facts import Event, MessageFacts, Sign
from nurture.audience.zones import zone_of
from nurture.clock import Moment
from nurture.lifecycle.walk import History, Standing, Walked, walk
from nurture.runner.counted import Tally
from nurture.runner.enroll import take_in
from nurture.runner.touched import Touched
from nurture.runner.world import World
from nurture.store import agenda, facts, histories, people, stages, versions
from nurture.store.agenda import Agenda, Place
from nurture.store.engine import Store, Tx
from nurture.store.histories import Undone
from nurture.store.stages import Kept, Reviewed

BATCH = 200
"""Rows of the agenda taken in one transaction: the whole histories of their contacts are in memory."""


TURN = 10
"""Batches after which whatever else is due has its turn, where reviews give way."""

Rest: TypeAlias = Callable[[float], None]
"""Called between two batches with the seconds that one took: time for others to work."""


def review(store: Store, world: World, now: Moment, rest: Rest | None = None) -> int:
    """Review everybody who is due, with `rest` only so many at once. Returns how many contacts were looked at."""
    total = batches = 0
    while True:
        began = monotonic()
        with store.write() as tx:
            if world.is_behind(versions.newest_version(tx)):
                return total
            found = agenda.take_due(tx, now, BATCH)
            if not found.due:
                return total
            reviewed, touched = _review(tx, store, world, found, now)
            dates = take_in(tx, world, store.ids, touched, now)
            next_at = {(it.contact_id, it.line_id): it.next_at for it in reviewed}
            for contact, at in dates.items():
                next_at[contact, 0] = min(at, next_at[contact, 0])
            # Last, as `advance` does it: who takes enrollments and agenda in one order never waits in a circle.
            agenda.write(tx, next_at, now)
        total += len(found.due)
        batches += 1
        if not found.more:
            return total
        if rest is not None:
            rest(monotonic() - began)
            if batches == TURN:
                return total


def _review(
    tx: Tx, store: Store, world: World, found: Agenda, now: Moment
) -> tuple[list[Reviewed], list[Touched]]:
    contacts = people.by_ids(tx, found.due)
    last = agenda.reviewed_at(tx, contacts)
    starts = {
        (contact, line): min(last[contact], due - 1)
        for contact, lines in found.due.items()
        for line, due in lines.items()
    }
    zones = {id_: zone_of(contact, world.settings.zone) for id_, contact in contacts.items()}
    background = _Background(tx, world, contacts, zones, starts, last, now)
    reviewed, touched = [], []
    for place, start in starts.items():
        it = background.walk(place)
        reviewed.append(it)
        if place[1] == 0:
            since = min(start, last[place[0]])
            touched.append(
                Touched(
                    contact=contacts[place[0]],
                    since=since,
                    new=last[place[0]] == 0,
                    transitions=it.new,
                )
            )
    stages.write(tx, reviewed, store.ids, now)
    return reviewed, touched


class _Background:
    """What a batch of walks reads: loaded once, for all of them."""

    def __init__(
        self,
        tx: Tx,
        world: World,
        contacts: Mapping[int, Contact],
        zones: Mapping[int, ZoneInfo],
        starts: Mapping[Place, Moment],
        last: Mapping[int, Moment],
        now: Moment,
    ) -> None:
        needs: Needs = world.stage_needs
        self._lifecycle = world.lifecycle
        self._contacts = contacts
        self._now = now
        self._names = stages.line_names(tx)
        self._standings = stages.standings(tx, starts, world.lifecycle.first)
        self._starts = {place: self._start(place, start) for place, start in starts.items()}
        self._kept = self._stored_later(tx, starts)
        undone = histories.undone(tx, contacts)
        self._remembered = world.counted
        self._counted = self._recall(last, undone, needs)
        since = {place: self._counted[place][0] if place in self._counted else -1 for place in starts}
        with_goods = needs.skus or needs.order_lines
        self._purchases = histories.histories(tx, since, zones, now, undone, with_goods=with_goods)
        self._next = histories.next_orders(tx, starts, now, undone)
        self._next_events = facts.next_events(tx, contacts, now)
        self._events: Mapping[int, tuple[Event, ...]] = (
            facts.events(tx, contacts, needs.events, now) if needs.events else {}
        )
        self._signs: Mapping[int, tuple[Sign, ...]] = (
            facts.signs(tx, contacts, now) if needs.engagement else {}
        )
        self._messages: Mapping[int, tuple[MessageFacts, ...]] = (
            facts.messages(tx, contacts, now) if needs.messages else {}
        )

    def _start(self, place: Place, start: Moment) -> Moment:
        """Where nobody looked at a line before, what happened to the contact meanwhile is not in its stage yet."""
        return 0 if place[1] and not self._standings[place].since else start

    def _recall(self, last: Mapping[int, Moment], undone: Undone, needs: Needs) -> dict[Place, Tally]:
        """What was counted before, but for those whose orders were undone since, or are wanted one by one."""
        if needs.events & {"ordered", "refunded"}:
            return {}
        return {
            place: tally
            for place, tally in self._remembered.recall(self._starts, last).items()
            if all(at <= tally[0] for at in undone.get(place[0], {}).values())
        }

    def _stored_later(self, tx: Tx, starts: Mapping[Place, Moment]) -> Mapping[Place, tuple[Kept, ...]]:
        """The transitions of those places that have some later than the walk begins: seldom any."""
        late = [place for place, start in starts.items() if self._standings[place].since > start]
        return stages.transitions(tx, late) if late else {}

    def walk(self, place: Place) -> Reviewed:
        """Walk one place to now and set what is found against what is stored."""
        contact, line = place
        start = self._starts[place]
        before, after = self._split(place, start)
        _, counted = self._counted.get(place, (0, None))
        walked = walk(
            self._lifecycle,
            History(
                contact=self._contacts[contact],
                line=self._names.get(line, ""),
                purchases=self._purchases[place],
                events=self._events.get(contact, ()),
                signs=self._signs.get(contact, ()),
                messages=self._messages.get(contact, ()),
            ),
            before,
            start,
            self._now,
            counted,
        )
        self._remembered.keep(place, walked.tally, self._now)
        return self._against(place, walked, after)

    def _split(self, place: Place, start: Moment) -> tuple[Standing, tuple[Kept, ...]]:
        """Where the place stood at `start`, and what is stored later: something that came in late is worked in."""
        kept = self._kept.get(place, ())
        after = tuple(one for one in kept if one.transition.at > start)
        if not after:
            return self._standings[place], ()
        earlier = kept[: len(kept) - len(after)]
        if not earlier:
            return Standing(stage=self._lifecycle.first, since=0), after
        last = earlier[-1].transition
        return Standing(stage=last.to_stage, since=last.at), after

    def _against(self, place: Place, walked: Walked, stored: tuple[Kept, ...]) -> Reviewed:
        found = {(it.from_stage, it.to_stage, it.at): it for it in walked.transitions}
        confirmed = {
            (one.transition.from_stage, one.transition.to_stage, one.transition.at): one.id
            for one in stored
            if (one.transition.from_stage, one.transition.to_stage, one.transition.at) in found
        }
        later = [walked.next_at, *([self._next[place]] if place in self._next else [])]
        if place[1] == 0 and place[0] in self._next_events:
            later.append(self._next_events[place[0]])
        return Reviewed(
            contact_id=place[0],
            line_id=place[1],
            standing=walked.standing,
            orders=walked.orders,
            next_at=min(later),
            new=tuple(it for key, it in found.items() if key not in confirmed),
            superseded=tuple(one.id for one in stored if one.id not in confirmed.values()),
        )
