"""An offer that runs out, through the real runner: what waits, what is skipped, what is offered instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from sqlalchemy import text

from nurture.clock import DAY, HOUR, MINUTE
from nurture.providers.base import Letter
from nurture.runner.nightly import forget
from nurture.runner.tick import decide
from nurture.store.claims import Room, claim, waiting_groups
from nurture.store.handover import Done, commit_group
from nurture.store.outbox import PLANNED
from support.corner import START, Corner, files, letter

Open = Callable[..., Corner]
Outcome = Literal["skipped", "bounced", "refused", "expired", "unknown"]
ASKED = "topic: offers\nenter: {on: asked}\noffer: few\nsequence:\n  - send: one\n"
SHOWS = {
    name: letter(name, f"{name}: {{{{ offer.says }}}} with {{{{ offer.code }}}}.") for name in ("one", "two")
}
FEW = "few:\n  kind: loyalty\n  says: 15% off\n  discount: 15%\n  code: unique\n  expires: 14 days\n"
SPARE = "spare:\n  kind: loyalty\n  says: free delivery\n  discount: free delivery\n  code: SPARE\n  expires: 3 days\n"


def open_with(shop: Open, offers: str, more: str = "") -> Corner:
    corner = shop({})
    corner.apply({**files({"asked": ASKED + more}, SHOWS), "campaigns/offers.yaml": offers})
    assert corner.world.look()
    corner.retake()
    return corner


def ask(corner: Corner, *names: str) -> None:
    for name in names:
        corner.contact(f"{name}@example.test")
        corner.event(f"{name}@example.test", "asked", corner.now)


def bodies(corner: Corner) -> list[str]:
    return [it.decode() for it in corner.contents()]


def test_a_message_waits_for_a_code_and_takes_the_one_that_comes_back(shop: Open) -> None:
    corner = open_with(shop, FEW + "  at most: {codes: 1}\n")
    ask(corner, "ann")
    corner.until(START + MINUTE)
    ask(corner, "bob")
    corner.until(START + HOUR)
    assert [who for who, _, _ in corner.inbox()] == ["ann@example.test"]
    (waiting,) = corner.rows("SELECT state, last_reply FROM outbox")
    assert tuple(waiting) == (PLANNED, 'the offer "few" is out: its one code is given')
    with corner.store.write() as tx:
        tx.execute(text("UPDATE codes SET contact_id = 0, issued_at = 0, handed_at = 0, expires_at = 0"))
    corner.until(START + 2 * HOUR)
    assert [who for who, _, _ in corner.inbox()] == ["ann@example.test", "bob@example.test"]
    (code,) = corner.rows("SELECT code FROM codes")[0]
    assert all(code in body for body in bodies(corner))


def test_a_message_that_waited_too_long_for_a_code_says_so(shop: Open) -> None:
    corner = open_with(shop, FEW + "  at most: {codes: 1}\n", "stale after: 2 hours\n")
    ask(corner, "ann", "bob")
    corner.until(START + 3 * HOUR)
    assert len(corner.inbox()) == 1
    assert corner.skipped() == {"one": "offer-out"}
    (saw,) = corner.rows("SELECT saw FROM messages WHERE outcome = 'skipped'")[0]
    assert '"offer": "few"' in saw and "its one code is given" in saw


def test_when_out_skip_leaves_the_message_out_and_goes_on(shop: Open) -> None:
    corner = open_with(
        shop, FEW + "  at most: {codes: 1}\n  when out: skip\n", "  - wait: 1 day\n  - send: three\n"
    )
    ask(corner, "ann", "bob")
    corner.until(START + 2 * DAY)
    assert sorted(subject for _, subject, _ in corner.inbox()) == ["one", "three", "three"]
    assert corner.skipped() == {"one": "offer-out"}


def test_the_offer_made_instead_is_the_one_that_message_reminder_and_conditions_speak_of(shop: Open) -> None:
    when = '    when: offer.says == "free delivery"\n'
    reminder = "  - wait until: 1 day before offer.expires_at\n  - send: two\n" + when
    corner = open_with(shop, FEW + "  at most: {codes: 1}\n  when out: spare\n" + SPARE, reminder)
    ask(corner, "ann", "bob")
    corner.until(START + 20 * DAY)
    sent = corner.rows(
        "SELECT template, offer, done_at FROM messages WHERE outcome = 'sent' ORDER BY done_at, offer"
    )
    assert [tuple(it) for it in sent] == [
        ("one", "few", START),
        ("one", "spare", START),
        ("two", "spare", START + 2 * DAY),
    ]
    assert corner.skipped() == {"two": "step-when"}
    spare = [it for it in bodies(corner) if "SPARE" in it]
    assert len(spare) == 2 and all("free delivery with SPARE" in it for it in spare)
    ends = corner.rows("SELECT expires_at, stands_for FROM codes WHERE offer = 'spare'")
    assert [tuple(it) for it in ends] == [(START + 3 * DAY, "few")]


@pytest.mark.parametrize("outcome", ["skipped", "bounced", "refused", "expired"])
def test_a_code_that_nobody_received_is_free_for_the_next(shop: Open, outcome: Outcome) -> None:
    corner = open_with(shop, FEW + "  at most: {codes: 2}\n")
    code = issued_and_not_sent(corner, outcome)
    assert corner.rows("SELECT code, contact_id, issued_at FROM codes") == [(code, 0, 0)]
    ask(corner, "bob")
    corner.until(corner.now + HOUR)
    assert code in bodies(corner)[0]


def test_a_code_whose_message_may_have_arrived_stays_with_its_contact(shop: Open) -> None:
    corner = open_with(shop, FEW)
    code = issued_and_not_sent(corner, "unknown")
    forget(corner.store, corner.now + DAY)
    ((kept, contact),) = corner.rows("SELECT code, contact_id FROM codes")
    assert (kept, contact > 0) == (code, True)


def test_a_code_that_was_issued_while_its_message_was_skipped_goes_back_at_night(shop: Open) -> None:
    corner = open_with(shop, FEW)
    ask(corner, "ann")
    corner.until(START + HOUR)
    with corner.store.write() as tx:
        tx.execute(text("UPDATE messages SET outcome = 'skipped'"))
        tx.execute(text("UPDATE codes SET handed_at = 0, expires_at = 0"))
    forget(corner.store, START + DAY)
    assert corner.rows("SELECT contact_id, issued_at FROM codes") == [(0, 0)]


def issued_and_not_sent(corner: Corner, outcome: Outcome) -> str:
    """Ann's message is rendered, with a code, and then comes to nothing; gives the code."""
    ask(corner, "ann")
    decide(corner.store, corner.world(), corner.now)
    (sender,) = corner.rows("SELECT id FROM senders WHERE ended_at = 0")[0]
    with corner.store.write() as tx:
        claims = claim(tx, sender, corner.now, waiting_groups(tx), Room(total=9))
    (prepared,) = corner.app.handling(corner.world).prepare(claims)
    (code,) = corner.rows("SELECT code FROM codes WHERE contact_id > 0")[0]
    assert isinstance(prepared, Letter) and code.encode() in prepared.content
    with corner.store.write() as tx:
        results = [Done(key=it.key, outcome=outcome, at=corner.now, reason="a test") for it in claims]
        commit_group(tx, sender, results, [], corner.now)
    return str(code)
