"""nurture replies: who waits for an answer, as whoever answers asks it."""

from __future__ import annotations

import json

import pytest

from nurture.app import open_app
from nurture.clock import DAY
from nurture.incoming.heard import Heard
from nurture.runner.hearing import Office, hear
from nurture.store import people
from support.cli import Nurture


@pytest.fixture
def waiting(nurture: Nurture) -> list[int]:
    """A mail that came twelve days ago, and one of just now."""
    with open_app(nurture.workspace) as app:
        office = Office(settings=app.settings, address_key=app.address_key)
        with app.store.read() as tx:
            assert people.by_email(tx, "lotte@example.test") is None
        for days, who in ((12, "lotte@example.test"), (0, "karl@example.test")):
            heard = Heard(
                kind="replied", recipient=who, reason="Re: [/b]\x1b[31mYour \x9border", said="Where is it?"
            )
            with app.store.write() as tx:
                hear(tx, app.store.ids, "smtp", [(heard, b"raw")], office, app.clock.now() - days * DAY)
        with app.store.read() as tx:
            return [int(it) for it in tx.exec_driver_sql("SELECT id FROM replies ORDER BY at").scalars()]


def test_it_lists_who_waits_oldest_first_and_who_is_late(nurture: Nurture, waiting: list[int]) -> None:
    lines = nurture.ok("replies").out.splitlines()
    assert lines[0] == f"{waiting[0]}  lotte@example.test"
    assert lines[3] == f"{waiting[1]}  karl@example.test"
    assert "order" in lines[1]
    assert "(late)" in lines[2]
    assert "(late)" not in lines[5]
    assert "\x1b" not in "".join(lines)
    assert "karl" not in nurture.ok("replies", "--open").out


def test_what_was_answered_elsewhere_is_noted(nurture: Nurture, waiting: list[int]) -> None:
    first, second = waiting
    said = nurture.ok("replies", "--done", str(first), "--done", "7").out
    assert said.splitlines() == [
        f"{first}: answered. Marketing to them goes on, where nothing else of theirs is open.",
        "7: nothing of that id waits for an answer.",
    ]
    assert nurture.ok("replies", "--open").out == "Everybody was answered in time.\n"
    assert nurture.ok("replies", "--done", str(second), "--json").document == {
        "noted": [second],
        "not_open": [],
    }
    assert nurture.ok("replies").out == "Everybody who wrote was answered.\n"


def test_as_a_document(nurture: Nurture, waiting: list[int]) -> None:
    ran = nurture.ok("replies", "--json")
    [first, second] = ran.document["replies"]
    assert "\x9b" in first["subject"]
    assert not {"\x1b", "\x9b"} & set(ran.out)
    assert (first["id"], first["late"], first["text"]) == (waiting[0], True, "Where is it?")
    assert (second["late"], second["from"]) == (False, "karl@example.test")
    assert json.dumps(first)


def test_done_goes_alone(nurture: Nurture) -> None:
    ran = nurture("replies", "--open", "--done", "1")
    assert (ran.status, ran.err) == (2, "error: --done: this goes without --open\n")
