"""Whole ticks: nothing where nothing is due, nothing twice where two tick at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from nurture.clock import DAY, HOUR, MINUTE, NEVER
from nurture.runner.in_force import InForce
from nurture.runner.tick import decide
from nurture.store import agenda
from nurture.store.engine import Store, open_store
from support.corner import START, Corner, files, opened

Open = Callable[..., Corner]
HELLO = "topic: offers\nstage: prospect\nsequence:\n  - send: one\n  - wait: 2 days\n  - send: two\n"
MORE = (
    "topic: offers\nlines: each\nstage: [customer, regular]\ngoal: {on: ordered, within: 30 days}\n"
    "sequence:\n  - wait: 1 day\n  - send: one\n  - wait: 1 day\n  - send: two\n"
)
PEOPLE = 60
LINES = ("FLORAL", "BAKERY", "SEAFOOD", "PRODUCE", "DELI")


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What is sent to any database meanwhile."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement.split(None, 1)[0].upper())

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


def test_with_nothing_due_a_tick_is_one_look_and_no_write(shop: Open, statements: list[str]) -> None:
    corner = shop({"hello": HELLO})
    for number in range(30):
        corner.contact(f"c{number}@example.test")
    corner.until(START + HOUR)
    statements.clear()

    assert decide(corner.store, corner.world(), corner.now + MINUTE) == 0

    assert [it for it in statements if it not in ("PRAGMA", "BEGIN")] == ["SELECT"]


def test_in_an_empty_shop_nothing_is_ever_due(shop: Open) -> None:
    corner = shop({"hello": HELLO})
    assert corner.tick.next_due() == NEVER
    corner.tick.run(START + DAY)
    assert corner.tick.next_due() == NEVER


def test_the_next_thing_due_is_known_to_the_moment(shop: Open) -> None:
    corner = shop({"hello": HELLO})
    corner.contact("ann@example.test", at=START + HOUR)
    assert corner.tick.next_due() == START + HOUR
    corner.until(START + HOUR)
    assert corner.tick.next_due() == START + HOUR + 2 * DAY


def fill(corner: Corner) -> None:
    """Contacts with orders on many lines, half of them at the same moment."""
    corner.products({f"sku {line}": line for line in LINES})
    for number in range(PEOPLE):
        who = f"c{number}@example.test"
        corner.contact(who)
        for place, line in enumerate(LINES[: number % 5 + 1]):
            corner.order(who, START + (number % 2) * HOUR + place * MINUTE, f"{number} {line}", f"sku {line}")


def state(corner: Corner) -> list[list[tuple[object, ...]]]:
    """All that a tick decides, without ids."""
    queries = (
        "SELECT c.email, t.line_id, t.from_stage, t.to_stage, t.at, t.rule, t.superseded_at FROM transitions t"
        " JOIN contacts c ON c.id = t.contact_id",
        "SELECT c.email, k.key, e.line_id, e.entry_key, e.entered_at, e.reason, e.step_no FROM enrollments e"
        " JOIN contacts c ON c.id = e.contact_id JOIN campaigns k ON k.id = e.campaign_id",
        "SELECT c.email, s.line_id, s.stage, s.since FROM stages s JOIN contacts c ON c.id = s.contact_id",
        "SELECT c.email, m.template, m.line_id FROM messages m JOIN contacts c ON c.id = m.contact_id",
    )
    return [sorted(tuple(row) for row in corner.rows(query)) for query in queries]


def test_two_that_tick_at_once_on_postgresql_do_nothing_twice(
    postgres_url: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several times over, and each time it comes out as where one does it alone."""
    monkeypatch.setattr("nurture.runner.review.BATCH", 7)
    monkeypatch.setattr("nurture.runner.advance.BATCH", 7)
    alone, together = (open_store(url, now=START, durable=False) for url in (sqlite_url, postgres_url))
    given = files({"hello": HELLO, "more": MORE})
    with opened(alone, tmp_path, given) as one, opened(together, tmp_path, given) as many:
        for corner in (one, many):
            fill(corner)
        for hours in (0, 2, 30, 55, 200):
            now = START + hours * HOUR
            for corner in (one, many):
                corner.clock.move_to(now)
            one.tick.run(now)
            _race(many.store, many.world, now)
            many.tick.run(now)
        assert state(many) == state(one)
        assert sorted(many.inbox()) == sorted(one.inbox())
        assert len(one.inbox()) > PEOPLE
    alone.close()
    together.close()


def test_a_contact_whom_one_has_taken_is_passed_over_by_the_other(postgres_url: str, tmp_path: Path) -> None:
    """All of their lines: else each would wait for what the other holds, and one would be thrown out."""
    store = open_store(postgres_url, now=START, durable=False)
    with opened(store, tmp_path, files({})) as corner:
        corner.products({"rose": "FLORAL"})
        for who in ("ann@example.test", "bob@example.test"):
            corner.contact(who)
            corner.order(who, START + HOUR, who, "rose")
        now = START + 2 * HOUR
        with store.write() as one, store.write() as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
            first, second = agenda.take_due(one, now, 1).due, agenda.take_due(other, now, 9).due
            assert len(first) == len(second) == 1
            assert first.keys() != second.keys()
            assert [len(lines) for due in (first, second) for lines in due.values()] == [2, 2]
        corner.until(now)
        assert corner.stages() == corner.stages("FLORAL") == [("prospect/awareness", "customer", 1)] * 2
    store.close()


def _race(store: Store, world: InForce, now: int) -> None:
    """Four threads that decide the same moment."""
    errors: list[BaseException] = []
    gate = threading.Barrier(4)

    def work() -> None:
        gate.wait()
        try:
            decide(store, world(), now)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
