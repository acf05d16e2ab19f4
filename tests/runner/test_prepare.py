"""What is planned is looked at again at the handover: who it is for may have changed since."""

from __future__ import annotations

import email
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from nurture.clock import DAY, HOUR, NEVER, SECOND
from nurture.delivery.outcome import MessageKey
from nurture.runner.tick import decide
from nurture.store import suppressions, unsubscribe
from support.corner import START, Corner, files, letter

Open = Callable[..., Corner]
ASKED = "topic: offers\nenter: {on: asked}\nsequence:\n"
INTRO = "topic: offers\nstage: prospect\noffer: first-order\nsequence:\n"
COUPON = letter("one", "Your code is {{ offer.code }}, until {{ offer.expires_at }}.")


def plan(corner: Corner, *who: str) -> None:
    """Have a message for each planned, and not sent."""
    for one in who:
        corner.contact(one)
        corner.event(one, "asked", corner.now)
    decide(corner.store, corner.world(), corner.now)
    assert corner.rows("SELECT count(*) FROM outbox")[0][0] == len(who)


def test_who_says_no_between_plan_and_handover_gets_nothing(shop: Open) -> None:
    corner = shop({"asked": ASKED + "  - send: one\n  - wait: 1 day\n  - send: two\n"})
    plan(corner, "ann@example.test", "bob@example.test")
    (key,) = corner.rows(
        "SELECT enrollment_id, step_no FROM outbox o JOIN contacts c ON c.id = o.contact_id"
        " WHERE c.email = 'ann@example.test'"
    )
    with corner.store.write() as tx:
        unsubscribe.unsubscribe(
            tx, MessageKey(*key), ["offers"], corner.store.ids, corner.now, basis=unsubscribe.ONE_CLICK
        )
    corner.until(START + 3 * DAY)
    assert {who for who, _, _ in corner.inbox()} == {"bob@example.test"}
    assert corner.skipped() == {"one": "not-agreed"}, "and the entry ends with it"
    assert sorted(corner.entries()) == [("asked", "finished"), ("asked", "not-agreed")]
    assert corner.rows("SELECT count(*) FROM outbox")[0][0] == 0


def test_a_word_taken_back_elsewhere_is_seen_at_the_handover(shop: Open) -> None:
    """Straight in the table, past the code that skips what waits: the gate alone has to see it."""
    corner = shop({"asked": ASKED + "  - send: one\n"})
    plan(corner, "ann@example.test")
    with corner.store.write() as tx:
        tx.exec_driver_sql("UPDATE consent_states SET agreed = false WHERE topic = 'offers'")
    corner.send()
    assert corner.inbox() == []
    assert corner.skipped() == {"one": "not-agreed"}
    assert corner.entries() == [("asked", "not-agreed")]


def test_a_suppressed_address_gets_nothing_at_all(shop: Open) -> None:
    corner = shop({"asked": ASKED.replace("offers", "service") + "  - send: one\n"})
    plan(corner, "ann@example.test")
    with corner.store.write() as tx:
        key = corner.app.address_key
        suppressions.suppress(tx, key, ["Ann@Example.test"], reason="complained", at=corner.now)
    corner.send()
    assert corner.inbox() == []
    assert corner.skipped() == {"one": "suppressed"}


def test_an_order_between_plan_and_handover_stops_the_introductory_offer(shop: Open) -> None:
    corner = shop({"intro": INTRO + "  - send: one\n"}, {"one": COUPON})
    corner.contact("ann@example.test")
    decide(corner.store, corner.world(), corner.now)
    corner.order("ann@example.test", START + SECOND, "1")
    corner.clock.move_to(START + HOUR)

    corner.send()
    assert corner.inbox() == [], "held: the order is not taken in yet"
    (waiting,) = corner.rows("SELECT state, due_at, last_reply FROM outbox")
    assert tuple(waiting) == (0, START + HOUR + SECOND, "something happened to them that is not taken in yet")

    corner.until(START + DAY)
    assert corner.inbox() == []
    assert corner.skipped() == {"one": "stage"}
    assert corner.rows("SELECT * FROM codes") == []


def test_a_customer_is_not_given_an_introductory_offer_even_where_the_campaign_goes_on(shop: Open) -> None:
    steps = "  - wait: 1 day\n  - send: one\n  - send: two\n    offer: second\n"
    given = files({"intro": INTRO + steps + "on leaving: finish\n"}, {"one": COUPON, "two": letter("two")})
    second = "second: {kind: appreciation, says: thanks, discount: 5%, expires: 9 days}\n"
    corner = shop({})
    corner.apply({**given, "campaigns/offers.yaml": given["campaigns/offers.yaml"] + second})
    assert corner.world.look()
    corner.retake()
    corner.contact("ann@example.test")
    corner.order("ann@example.test", START + HOUR, "1")
    corner.until(START + 3 * DAY)
    assert [subject for _, subject, _ in corner.inbox()] == ["two"]
    assert corner.skipped() == {"one": "has-bought"}


def test_one_contact_for_whom_a_template_fails_does_not_keep_the_others_waiting(shop: Open) -> None:
    body = "You are {{ 100 / contact.age }}, {{ contact.first_name }}."
    corner = shop(
        {"asked": ASKED + "  - send: one\n  - wait: 1 day\n  - send: two\n"}, {"one": letter("one", body)}
    )
    for number in range(10):
        corner.contact(f"c{number}@example.test", attributes={"age": "old" if number == 4 else number + 1})
    for number in range(10):
        corner.event(f"c{number}@example.test", "asked", corner.now)
    corner.until(START + 3 * DAY)

    got = [who for who, subject, _ in corner.inbox() if subject == "one"]
    assert got == [f"c{number}@example.test" for number in range(10) if number != 4]
    assert [who for who, subject, _ in corner.inbox() if subject == "two"] == sorted(
        [*got, "c4@example.test"]
    )
    assert corner.skipped()["one"].startswith("it cannot be rendered for them: ")


@pytest.mark.parametrize(
    "name",
    [
        "Ann\r\nBcc: all@example.test",
        "<script>alert(1)</script>",
        '"><a href="https://evil.test">',
        "{{ 7*7 }}",
        "\x00",
        "é😀" * 60,
    ],
)
def test_a_hostile_name_stays_a_name(shop: Open, name: str) -> None:
    corner = shop({"asked": ASKED + "  - send: one\n"})
    corner.contact("ann@example.test", first_name=name.replace("\x00", "\x01"))
    corner.event("ann@example.test", "asked", START)
    corner.until(START + HOUR)
    for content in corner.contents():
        message = email.message_from_bytes(content, policy=SMTP)
        assert isinstance(message, EmailMessage)
        assert message["Bcc"] is None
        assert [it.addr_spec for it in message["To"].addresses] == ["ann@example.test"]
        html = message.get_body(("html",))
        assert html is not None
        assert "<script" not in html.get_content() and 'href="https://evil.test"' not in html.get_content()
        assert "49" not in html.get_content().partition("Corner Shop")[2].partition("http")[0]
    assert len(corner.contents()) + len(corner.skipped()) == 1


def test_the_reminder_carries_the_code_of_the_first_letter(shop: Open) -> None:
    coupon = letter("two", "Still {{ offer.code }}.")
    corner = shop(
        {"intro": INTRO + "  - send: one\n  - wait: 9 days\n  - send: two\n"}, {"one": COUPON, "two": coupon}
    )
    corner.contact("ann@example.test")
    corner.contact("bob@example.test")
    corner.until(START + 10 * DAY)
    codes = dict(corner.rows("SELECT c.email, k.code FROM codes k JOIN contacts c ON c.id = k.contact_id"))
    assert len(set(codes.values())) == 2
    for who, content in zip([who for who, _, _ in corner.inbox()], corner.contents(), strict=True):
        assert codes[who].encode() in content
    ends = corner.rows("SELECT handed_at, expires_at FROM codes")
    assert {tuple(row) for row in ends} == {(START, START + 14 * DAY)}


def test_a_code_that_has_run_out_is_not_sent_again_but_a_new_one(shop: Open) -> None:
    steps = "  - send: one\n  - wait: 15 days\n  - send: two\n"
    corner = shop({"intro": INTRO + steps}, {"one": COUPON, "two": letter("two", "Now {{ offer.code }}.")})
    corner.contact("ann@example.test")
    corner.until(START + DAY)
    (old,) = corner.rows("SELECT code FROM codes")[0]
    corner.until(START + 16 * DAY)
    before, (code, handed_at, expires_at) = corner.rows(
        "SELECT code, handed_at, expires_at FROM codes ORDER BY issued_at"
    )
    assert before[0] == old, "who brings the old one along is still known"
    first, second = corner.contents()
    assert old.encode() in first and old.encode() not in second
    assert code != old and code.encode() in second
    assert (handed_at, expires_at) == (START + 15 * DAY, START + 29 * DAY)


def test_a_message_planned_before_an_apply_goes_out_as_it_was_then(shop: Open) -> None:
    corner = shop({"asked": ASKED + "  - send: one\n"})
    plan(corner, "ann@example.test")
    corner.apply(files({"asked": ASKED + "  - send: one\n"}, {"one": letter("changed")}))
    assert corner.world.look()
    corner.send()
    assert corner.inbox() == [("ann@example.test", "one", 0)]


def test_what_was_planned_for_a_campaign_that_is_gone_is_skipped(shop: Open) -> None:
    corner = shop({"asked": ASKED + "  - send: one\n"})
    plan(corner, "ann@example.test")
    corner.apply(files({}))
    assert corner.world.look()
    corner.send()
    assert corner.skipped() == {"one": "campaign-gone"}
    assert corner.entries() == [("asked", "campaign-gone")]


def test_a_contact_who_is_gone_from_the_table_is_no_trouble(shop: Open) -> None:
    corner = shop({"asked": ASKED + "  - send: one\n  - wait: 1 day\n  - send: two\n"})
    plan(corner, "ann@example.test", "bob@example.test")
    with corner.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM contacts WHERE email = 'ann@example.test'")
    corner.until(START + 3 * DAY)
    assert [who for who, _, _ in corner.inbox()] == ["bob@example.test"] * 2
    assert corner.tick.next_due() == NEVER
