"""Whatever campaigns say, whatever happens, is edited, paused or slept through: what must never be, is not.

Hypothesis makes up campaigns, people, what they do, edits and pauses, and lets up to 400 days pass at a time. After
every step the rules below are read off the inbox and the tables, by sums that share no code with what they check.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nurture.clock import DAY, HOUR, NEVER, SECOND, Moment
from nurture.delivery.outcome import MessageKey
from nurture.runner.explaining import waiting_for
from nurture.store import consents, journeys
from nurture.store.consents import Word
from nurture.store.engine import open_store
from support.corner import START
from support.made_campaigns import LEFT, URGENT, Made, Step, campaigns, edits, walk
from support.made_shop import Desk, MadeShop, desk

TOPICS = {"one": "offers", "two": "news"}
ZONES = {"ann@x.example": "Europe/Berlin", "bob@x.example": "America/New_York", "eve@x.example": ""}
PEOPLE = st.sampled_from(sorted(ZONES))
KEYS = st.sampled_from(sorted(TOPICS))
LIMITS = st.sampled_from(
    [
        {},
        {"per_contact": ["1 per 2 days"]},
        {"per_contact": ["2 per 1 day", "3 per 7 days"], "window": "mon-sun 08:00-20:00"},
        {"window": "mon-sat 08:00-20:00"},
    ]
)
CAPS = {"1 per 2 days": (1, 2 * DAY), "2 per 1 day": (2, DAY), "3 per 7 days": (3, 7 * DAY)}
LONGEST_WAIT = 45 * DAY
TICKS = 8


def local(at: Moment, zone: str) -> datetime:
    """What a clock shows there, read by the standard library alone."""
    return (datetime.fromisoformat("1970-01-01T00:00+00:00") + timedelta(microseconds=at)).astimezone(
        ZoneInfo(zone or "Europe/Berlin")
    )


def is_open(window: str, shown: datetime) -> bool:
    """Whether mail may arrive."""
    days, _, hours = window.partition(" ")
    if not hours or window == "any time":
        return True
    last = {"fri": 4, "sat": 5, "sun": 6}[days.split("-")[1]]
    opens, closes = hours.split("-")
    return shown.weekday() <= last and opens <= shown.strftime("%H:%M") < closes


class Journeys(RuleBasedStateMachine):
    """One shop with up to two campaigns and three people."""

    desk: Desk

    @initialize(
        first=campaigns("offers"), second=st.none() | campaigns("news"), limits=LIMITS, hello=st.sets(PEOPLE)
    )
    def open(self, first: Made, second: Made | None, limits: dict[str, Any], hello: set[str]) -> None:
        self.limits = limits
        self.shop = MadeShop(self.desk, limits)
        self.made: dict[str, Made] = {"one": first} | ({"two": second} if second else {})
        self.gone: dict[str, Made] = {}
        self.ever: dict[str, dict[str, Step]] = {}
        self.heads: dict[str, dict[str, str]] = {}
        self.paused: set[str] = set()
        self.silent: dict[tuple[str, str], list[tuple[Moment, Moment]]] = {}
        self.suppressed: dict[str, Moment] = {}
        self.happened: list[tuple[str, str, Moment]] = []
        self.orders = 0
        assert self.put(dict(self.made))
        for email, zone in ZONES.items():
            self.shop.sign_up(email, zone)
        self.settle()
        for who in sorted(hello):
            self.do(who, "hello", "1", 0)

    # What happens.

    @rule(
        who=PEOPLE,
        name=st.sampled_from(["hello", "hello", "visited", LEFT, LEFT]),
        room=st.sampled_from("12"),
        late=st.sampled_from([0, 0, 5, 50]),
    )
    def do(self, who: str, name: str, room: str, late: int) -> None:
        self.begin()
        at = self.shop.now + late * HOUR
        self.shop.event(who, name, at, properties={"room": room})
        self.happened.append((who, name, at))
        self.settle()

    @rule(who=PEOPLE, undo=st.booleans())
    def order(self, who: str, undo: bool) -> None:
        self.begin()
        self.orders += 1
        self.shop.order(who, self.shop.now, f"no-{self.orders}")
        self.happened.append((who, "ordered", self.shop.now))
        self.settle()
        if undo:
            self.shop.order(
                who, self.shop.now, f"no-{self.orders}", status="refunded", undone_at=self.shop.now + 5 * HOUR
            )
            self.settle()

    @precondition(lambda self: self.shop.inbox())
    @rule(which=st.integers(0, 50))
    def click(self, which: int) -> None:
        self.begin()
        found = self.shop.rows("SELECT enrollment_id, step_no FROM inbox WHERE enrollment_id > 0 ORDER BY at")
        if found:
            self.shop.click(MessageKey(*found[which % len(found)]))
        self.settle()

    @rule(who=PEOPLE, topic=st.sampled_from(sorted(TOPICS.values())), agreed=st.booleans())
    def say(self, who: str, topic: str, agreed: bool) -> None:
        self.begin()
        now = self.shop.now
        with self.shop.store.write() as tx:
            contact = tx.exec_driver_sql("SELECT id FROM contacts WHERE email = ?", (who,)).scalar_one()
            consents.record(
                tx,
                self.shop.store.ids,
                [Word(contact_id=contact, topic=topic, agreed=agreed, at=now, basis="a test")],
            )
        spans = self.silent.setdefault((who, topic), [])
        if agreed and spans and spans[-1][1] == NEVER:
            spans[-1] = (spans[-1][0], now)
        elif not agreed and not (spans and spans[-1][1] == NEVER):
            spans.append((now, NEVER))
        self.settle()

    @rule(who=st.just("eve@x.example"))
    def suppress(self, who: str) -> None:
        self.begin()
        self.shop.suppress(who)
        self.suppressed.setdefault(who, self.shop.now)
        self.settle()

    # What the marketer does.

    @rule(key=KEYS, data=st.data())
    def edit(self, key: str, data: st.DataObject) -> None:
        if key not in self.made:
            return
        self.begin()
        edited = data.draw(edits(self.made[key], self.ever[key]))
        self.put({**self.made, key: edited}, data)
        self.settle()

    @rule(data=st.data())
    def edit_the_first(self, data: st.DataObject) -> None:
        self.edit("one", data)

    @rule(key=KEYS)
    def take_out_or_bring_back(self, key: str) -> None:
        self.begin()
        if key in self.gone:
            self.put({**self.made, key: self.gone[key]})
        elif key in self.made and len(self.made) > 1:
            self.put({it: made for it, made in self.made.items() if it != key})
        self.settle()

    @rule(key=KEYS)
    def pause(self, key: str) -> None:
        if key in self.made:
            self.begin()
            self.shop.pause(key)
            self.paused.add(key)
            self.settle()

    @precondition(lambda self: self.paused)
    @rule(key=KEYS, how=st.sampled_from(["catch-up", "shift", "skip"]))
    def resume(self, key: str, how: Any) -> None:
        if key in self.made and key in self.paused:
            self.begin()
            self.shop.resume(key, how)
            self.paused.remove(key)
            self.settle()

    # Time.

    @rule(hours=st.sampled_from([2, 11, 24, 30, 72, 100, 240]))
    def wait(self, hours: int) -> None:
        self.shop.pass_time(self.shop.now + hours * HOUR, TICKS)

    @rule(hours=st.sampled_from([1, 26, 50]))
    def wait_a_little(self, hours: int) -> None:
        self.wait(hours)

    @rule(days=st.sampled_from([1, 2, 3, 4, 8, 20, 60, 400]))
    def be_off(self, days: int) -> None:
        self.shop.pass_time(self.shop.now + days * DAY, 0)

    def begin(self) -> None:
        """What happens now happens after all that was done before, and before all that is done now."""
        self.shop.clock.move_to(self.shop.now + SECOND)

    def settle(self) -> None:
        """A second later all of it is taken in."""
        self.shop.tick.run(self.shop.now)

    def put(self, wanted: dict[str, Made], data: st.DataObject | None = None) -> bool:
        """Put these into force; who would be left standing is moved, by a hint or anywhere."""
        for key, made in wanted.items():
            if key in self.made and made is not self.made[key]:
                names = {step.letter: step.name for step in walk(self.made[key].steps) if step.letter}
                now = {step.letter: step.name for step in walk(made.steps) if step.letter}
                moved = {
                    name: now[it]
                    for it, name in names.items()
                    if it in now and now[it] != name and name not in now.values()
                }
                wanted = {**wanted, key: Made(head=made.head, edit=made.edit, steps=made.steps, moved=moved)}
        for _ in range(3):
            texts = {key: made.text() for key, made in wanted.items()}
            checked, proposal = self.shop.propose(texts)
            if proposal is None:
                return False
            if not proposal.stranded:
                break
            for it in proposal.stranded:
                made, ways = wanted[it.campaign], [*self.shop.steps_of(checked, it.campaign), "end"]
                goal = it.suggestion or "end"
                if data is not None and data.draw(st.integers(0, 3)) == 0:
                    goal = data.draw(st.sampled_from(ways))
                moved = {**made.moved, it.step: goal}
                wanted = {
                    **wanted,
                    it.campaign: Made(head=made.head, edit=made.edit, steps=made.steps, moved=moved),
                }
        self.shop.put(texts, checked, proposal)
        self.gone |= {key: made for key, made in self.made.items() if key not in wanted}
        self.gone = {key: made for key, made in self.gone.items() if key not in wanted}
        self.made = wanted
        for key, made in wanted.items():
            self.heads[key] = dict(made.head)
            self.ever.setdefault(key, {}).update(
                {step.letter: step for step in walk(made.steps) if step.letter}
            )
        return True

    # What must hold.

    @invariant()
    def nothing_is_sent_that_must_not_be(self) -> None:
        if not hasattr(self, "shop"):
            return
        mail = self.shop.rows(
            "SELECT i.enrollment_id, i.subject, i.recipient, i.at, k.key, e.entered_at, e.closed_at,"
            " e.goal_at, e.held_out"
            " FROM inbox i JOIN enrollments e ON e.id = i.enrollment_id JOIN campaigns k ON k.id = e.campaign_id"
            " WHERE i.recipient != 'desk@shop.example' ORDER BY i.at"
        )
        told: set[tuple[int, str]] = set()
        counted: dict[str, list[Moment]] = {}
        for entry, subject, who, at, key, entered, closed, goal, held_out in mail:
            head, letter = self.heads[key], subject[0]
            shown = local(at, "" if "timezone" in head else ZONES[who])
            about = f"{who} {key} {subject} {shown}"
            assert (entry, letter) not in told, f"twice: {about}"
            told.add((entry, letter))
            assert not held_out, f"to the holdout: {about}"
            assert not closed or at <= closed, f"after the end: {about}"
            assert at < self.suppressed.get(who, NEVER), f"suppressed: {about}"
            assert not any(start <= at < end for start, end in self.silent.get((who, head["topic"]), ())), (
                f"no consent: {about}"
            )
            assert not any(at >= end for end in self.ends(head, who, entered)), f"after goal or exit: {about}"
            assert at >= entered, f"before entering: {about}"
            if goal and head.get("goal") and "on goal" not in head:
                assert at <= goal, f"after the goal: {about}"
            if letter not in URGENT:
                counted.setdefault(who, []).append(at)
                window = head.get("window") or self.limits.get("window", "")
                assert is_open(window, shown), f"outside of {window}: {about}"
        for who, times in counted.items():
            for written in self.limits.get("per_contact", ()):
                most, span = CAPS[written]
                pairs = zip(times, times[most:], strict=False)
                assert all(late - early >= span for early, late in pairs), f"{written}: {who}"

    def ends(self, head: dict[str, str], who: str, entered: Moment) -> Iterator[Moment]:
        """When an entry was over because of what they did."""
        for name, event, at in self.happened:
            if name != who or at <= entered or at > self.shop.now:
                continue
            if event == LEFT and "exit" in head:
                yield at
            goal = "" if "on goal" in head else head.get("goal", "")
            if event == "ordered" and "on: ordered" in goal:
                if "within" in goal and at > entered + 3 * DAY:
                    continue
                yield at

    @invariant()
    def nobody_is_in_twice(self) -> None:
        if hasattr(self, "shop"):
            twice = (
                "SELECT 1 FROM enrollments WHERE closed_at = 0"
                " GROUP BY campaign_id, contact_id, slot HAVING count(*) > 1"
            )
            assert not self.shop.rows(twice)
            assert not self.shop.rows(
                "SELECT 1 FROM messages m JOIN enrollments e ON e.id = m.enrollment_id WHERE e.held_out"
            )

    @invariant()
    def everybody_moves_or_waits_for_something(self) -> None:
        if not hasattr(self, "shop"):
            return
        now = self.shop.now
        with self.shop.store.read() as tx:
            ids = tx.exec_driver_sql("SELECT id FROM enrollments WHERE closed_at = 0").scalars().all()
            found = journeys.by_ids(tx, ids)
            waiting = waiting_for(tx, self.shop.world(), found.values(), now)
            keys = dict(tx.exec_driver_sql("SELECT id, key FROM campaigns").all())
        for id_, enrollment in found.items():
            it = waiting[id_]
            about = f"{keys[enrollment.campaign_id]} {enrollment} {it}"
            assert it.kind not in ("stuck", "due"), about
            assert (it.kind == "paused") == (keys[enrollment.campaign_id] in self.paused), about
            if it.kind != "paused":
                assert it.until is not None and now < it.until <= now + LONGEST_WAIT, about
        orphans = "SELECT * FROM outbox o JOIN enrollments e ON e.id = o.enrollment_id WHERE e.closed_at > 0"
        assert not self.shop.rows(orphans)


def run(tmp_path: Path, made_file: Path, examples: int, *, fixed: bool) -> None:
    store = open_store(f"sqlite:///{made_file}", now=START, durable=False)
    try:
        with desk(store, tmp_path) as it:
            machine = type("Journeys", (Journeys,), {"desk": it})
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=12,
                    derandomize=fixed,
                    print_blob=True,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
    finally:
        store.close()


@pytest.fixture
def own_file(made_file: Path, tmp_path: Path) -> Path:
    """A database of this test's own."""
    path = tmp_path / "nurture.db"
    path.write_bytes(made_file.read_bytes())
    return path


def test_what_must_never_be_is_not(own_file: Path, tmp_path: Path) -> None:
    run(tmp_path, own_file, 200, fixed=True)


@pytest.mark.nightly
def test_what_must_never_be_is_not_in_the_long_run(own_file: Path, tmp_path: Path) -> None:
    """Ten times as many, other ones each night."""
    run(tmp_path, own_file, 2_000, fixed=False)
