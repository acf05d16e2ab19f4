"""The embedded mailbox as a provider."""

from __future__ import annotations

import asyncio

import pytest

from nurture.clock import VirtualClock
from nurture.delivery.outcome import Accepted, MessageKey
from nurture.providers.inbox import InboxProvider, subject_of
from nurture.store import inbox
from nurture.store.engine import Store
from support.letters import letter
from support.list_desk import ListDesk

NOW = 1_500_000_000_000_000


def test_every_letter_is_kept_whole(store: Store) -> None:
    letters = [letter(MessageKey(number, 1)) for number in range(1, 1_203)]
    desk = ListDesk(letters)
    asyncio.run(InboxProvider(store, VirtualClock(NOW)).deliver(desk))
    assert set(desk.results.values()) == {Accepted(reply="kept in the inbox")}
    assert not desk.out
    with store.read() as tx:
        assert inbox.count(tx) == 1_202
        assert inbox.get(tx, MessageKey(7, 1)) == letters[6].content
        assert inbox.get(tx, MessageKey(7, 2)) is None


def test_a_letter_that_may_not_go_is_not_kept(store: Store) -> None:
    desk = ListDesk([letter(MessageKey(number, 1)) for number in (1, 2, 3)], may_go=lambda key: key[0] != 2)
    asyncio.run(InboxProvider(store, VirtualClock(NOW)).deliver(desk))
    with store.read() as tx:
        assert {it.key for it in inbox.search(tx)} == {MessageKey(1, 1), MessageKey(3, 1)}


def test_the_same_letter_again_is_kept_once(store: Store) -> None:
    for _ in range(2):
        asyncio.run(InboxProvider(store, VirtualClock(NOW)).deliver(ListDesk([letter(MessageKey(1, 1))])))
    with store.read() as tx:
        assert inbox.count(tx) == 1


def test_the_mailbox_is_turned_over_page_by_page_even_within_one_moment(store: Store) -> None:
    letters = [letter(MessageKey(number, 1)) for number in range(1, 26)]
    asyncio.run(InboxProvider(store, VirtualClock(NOW)).deliver(ListDesk(letters)))
    seen: list[MessageKey] = []
    last = None
    with store.read() as tx:
        while page := inbox.search(tx, limit=10, before=last):
            seen += [it.key for it in page]
            last = page[-1]
    assert seen == [MessageKey(number, 1) for number in range(25, 0, -1)]


def test_searching_looks_at_recipient_and_subject_in_any_case_and_takes_signs_as_they_are(
    store: Store,
) -> None:
    letters = [letter(MessageKey(1, 1), "Ann_B@example.test"), letter(MessageKey(2, 1), "annxb@example.test")]
    asyncio.run(InboxProvider(store, VirtualClock(NOW)).deliver(ListDesk(letters)))
    with store.read() as tx:
        assert [it.key for it in inbox.search(tx, "ann_b")] == [MessageKey(1, 1)]
        assert len(inbox.search(tx, "HELLO")) == 2
        assert inbox.search(tx, "%") == []
        found = inbox.find(tx, MessageKey(1, 1))
    assert found is not None
    assert found.subject == "Hello"


@pytest.mark.parametrize(
    ("head", "subject"),
    [
        (b"Subject: Hello", "Hello"),
        (
            b"To: a\r\nSUBJECT: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_an_alle?=\r\nX: y",
            "Gr\u00fc\u00dfe an alle",
        ),
        (b"X: y", ""),
        (b"Subject: =?nonsense?q?x?=", "=?nonsense?q?x?="),
        (b"Subject: =?utf-8?b?A?=", "=?utf-8?b?A?="),
        (b"X-Subject: no", ""),
    ],
)
def test_the_subject_is_read_for_people(head: bytes, subject: str) -> None:
    assert subject_of(head + b"\r\n\r\nSubject: in the body\r\n") == subject
