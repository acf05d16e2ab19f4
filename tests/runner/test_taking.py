"""Taking in what other systems say of people: never past a no."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from nurture.clock import DAY
from nurture.delivery.outcome import MessageKey
from nurture.runner.erase import erase
from nurture.runner.intake_rows import ContactRead, NoReason, SuppressionRead
from nurture.runner.taking import Taken, Terms, take_contacts, take_events, take_orders, take_suppressions
from nurture.store import consents, outbox, people, suppressions
from nurture.store.consents import Word
from nurture.store.engine import Store
from nurture.store.happenings import EventGiven
from nurture.store.orders import LineGiven
from nurture.store.outbox import Planned
from nurture.store.people import ContactGiven
from nurture.store.statements import table
from nurture.store.tables import ConsentRow, ContactRow
from support.databases import START

KEY = b"k" * 32
NOW = START + 100 * DAY
TERMS = Terms(
    now=NOW, address_key=KEY, topics=("news", "offers"), source="people.csv", wording="Yes, write to me."
)


def _read(email: str, basis: str = "form", *, external_id: str = "", created_at: int = 0) -> ContactRead:
    given = ContactGiven(email=email, external_id=external_id, created_at=created_at)
    return ContactRead(given=given, basis=basis)


def _take(store: Store, *rows: ContactRead, terms: Terms = TERMS) -> Taken:
    with store.write() as tx:
        return take_contacts(tx, store.ids, rows, terms)


def _no(
    store: Store,
    email: str,
    reason: NoReason = "unsubscribed",
    *,
    topic: str = "",
    at: int = 0,
    said: str = "",
) -> int:
    row = SuppressionRead(email=email, reason=reason, said=said, topic=topic, at=at)
    with store.write() as tx:
        return take_suppressions(tx, store.ids, [row], TERMS, {"news": [7], "offers": [8]}).rows


def _agreed(store: Store, email: str) -> set[str]:
    with store.read() as tx:
        contact = people.by_email(tx, email)
        assert contact is not None
        return {topic for topic, said in consents.topics_of(tx, contact.id).items() if said}


def _standing(store: Store, email: str) -> str:
    with store.read() as tx:
        return suppressions.suppressed(tx, KEY, [email]).get(email, "")


def _emails(store: Store) -> set[str]:
    with store.read() as tx:
        return set(tx.execute(select(table(ContactRow).c.email)).scalars())


def test_consent_is_kept_with_its_basis_wording_source_moment_and_network_address(store: Store) -> None:
    row = _read("ann@x.example", created_at=START)._replace(agreed_at=START + DAY, ip="192.0.2.7")
    own = _read("bob@x.example")._replace(wording="I want the\0 news\ud800")
    assert _take(store, row, own).rows == 2
    words = table(ConsentRow)
    with store.read() as tx:
        kept = tx.execute(
            select(words.c.topic, words.c.at, words.c.basis, words.c.wording, words.c.source, words.c.ip)
        ).all()
    assert ("news", START + DAY, "import: form", "Yes, write to me.", "people.csv", "192.0.2.7") in kept
    assert ("offers", NOW, "import: form", "I want the\ufffd news\ufffd", "people.csv", "") in kept
    assert len(kept) == 4


def test_an_erased_person_stays_out_of_every_file_but_for_what_they_did_since(store: Store) -> None:
    _take(store, _read("ann@x.example"))
    erase(store, "ann@x.example", NOW, address_key=KEY)
    again = _take(store, _read("ann@x.example"), _read("bob@x.example"))
    assert (again.rows, again.left_out) == (1, 1)
    lines = [
        LineGiven(order_id=no, email="ann@x.example", ordered_at=at, sku="S", quantity=1, amount=100)
        for no, at in (("before", NOW - DAY), ("since", NOW + DAY))
    ]
    later = Terms(now=NOW + 2 * DAY, address_key=KEY, topics=TERMS.topics)
    with store.write() as tx:
        events = [EventGiven(key="k", email="ann@x.example", name="visited", at=NOW - DAY)]
        assert take_events(tx, store.ids, events, later, source="import") == Taken(rows=0, left_out=1)
        assert take_orders(tx, store.ids, lines[:1], later) == Taken(rows=0, left_out=1)
    assert _emails(store) == {"bob@x.example"}
    with store.write() as tx:
        assert take_orders(tx, store.ids, lines, later) == Taken(rows=1, left_out=1)
    back = _take(store, _read("ann@x.example", created_at=NOW + DAY), terms=later)
    assert (back.left_out, back.refused) == (0, 1)
    assert _agreed(store, "ann@x.example") == set()
    assert _standing(store, "ann@x.example") == "erased"


def test_who_took_back_everything_gets_no_consent_from_a_file_not_even_on_a_new_topic(store: Store) -> None:
    _take(store, _read("ann@x.example"), _read("bob@x.example"))
    with store.write() as tx:
        ann, bob = (people.ids_by_email(tx, ["ann@x.example", "bob@x.example"])[it] for it in (
            "ann@x.example", "bob@x.example",
        ))  # fmt: skip
        consents.withdraw(tx, store.ids, ann, ["news", "offers"], at=NOW, basis="one-click")
        consents.withdraw(tx, store.ids, bob, ["offers"], at=NOW, basis="one-click")
    wider = Terms(now=NOW + DAY, address_key=KEY, topics=("news", "offers", "vip"))
    _take(store, _read("ann@x.example"), _read("bob@x.example"), terms=wider)
    assert _agreed(store, "ann@x.example") == set()
    assert _agreed(store, "bob@x.example") == {"news", "vip"}


def test_an_address_left_behind_after_a_no_comes_back_without_consent(store: Store) -> None:
    _take(store, _read("old@x.example", external_id="7"), _read("other@x.example", external_id="8"))
    with store.write() as tx:
        contact = people.ids_by_email(tx, ["old@x.example"])["old@x.example"]
        consents.withdraw(tx, store.ids, contact, ["offers"], at=NOW, basis="one-click")
    _take(store, _read("new@x.example", external_id="7"), _read("moved@x.example", external_id="8"))
    assert _agreed(store, "new@x.example") == {"news"}
    assert _take(store, _read("old@x.example"), _read("other@x.example")).refused == 1
    assert _agreed(store, "old@x.example") == set()
    assert _agreed(store, "other@x.example") == {"news", "offers"}


def test_a_no_to_an_address_goes_with_its_contact_to_a_new_one_and_a_bounce_does_not(store: Store) -> None:
    _take(store, _read("no@x.example", external_id="1"), _read("gone@x.example", external_id="2"))
    with store.write() as tx:
        suppressions.suppress(tx, KEY, ["no@x.example"], reason="complained: spam", at=NOW)
        suppressions.suppress(tx, KEY, ["gone@x.example"], reason="bounced: 5.1.1", at=NOW)
    _take(store, _read("no2@x.example", external_id="1"), _read("gone2@x.example", external_id="2"))
    assert _standing(store, "no2@x.example") == "complained: spam"
    assert _standing(store, "gone2@x.example") == ""


def test_an_erased_persons_external_id_means_somebody_else_afterwards(store: Store) -> None:
    _take(store, _read("ann@x.example", external_id="7"))
    erase(store, "ann@x.example", NOW, address_key=KEY)
    _take(store, _read("bob@x.example", basis="", external_id="7"))
    assert _agreed(store, "bob@x.example") == set()


def test_a_no_brought_along_holds_for_who_is_known_and_for_who_comes_later(store: Store) -> None:
    _take(store, _read("ann@x.example"))
    assert _no(store, "ann@x.example", at=START) == 1
    assert _no(store, "bob@x.example") == 1
    assert _no(store, "bob@x.example") == 0
    assert _agreed(store, "ann@x.example") == set()
    assert _take(store, _read("bob@x.example")).refused == 1
    assert _agreed(store, "bob@x.example") == set()
    assert _standing(store, "ann@x.example") == "unsubscribed elsewhere"


def test_a_no_to_one_topic_leaves_the_others_and_the_address_alone(store: Store) -> None:
    _take(store, _read("ann@x.example"))
    assert [_no(store, it, topic="offers") for it in ("ann@x.example", "bob@x.example")] == [1, 1]
    assert [_no(store, it, topic="offers") for it in ("ann@x.example", "bob@x.example")] == [0, 0]
    _take(store, _read("ann@x.example"), _read("bob@x.example"))
    for email in ("ann@x.example", "bob@x.example"):
        assert _agreed(store, email) == {"news"}
        assert _standing(store, email) == ""


def test_a_yes_of_their_own_since_then_is_stronger_than_a_no_brought_along(store: Store) -> None:
    _take(store, _read("ann@x.example"))
    with store.write() as tx:
        contact = people.ids_by_email(tx, ["ann@x.example"])["ann@x.example"]
        own = Word(contact_id=contact, topic="news", agreed=True, at=NOW - DAY, basis="sign-up form")
        consents.record(tx, store.ids, [own])
    _no(store, "ann@x.example", at=NOW - 50 * DAY)
    assert _standing(store, "ann@x.example") == ""
    assert _agreed(store, "ann@x.example") == {"news"}
    _no(store, "ann@x.example")
    assert _standing(store, "ann@x.example") == "unsubscribed elsewhere"
    assert _agreed(store, "ann@x.example") == set()


def test_a_bounce_brought_along_says_nothing_about_consent(store: Store) -> None:
    _take(store, _read("ann@x.example"))
    assert _no(store, "ann@x.example", "bounced") == 1
    assert _agreed(store, "ann@x.example") == {"news", "offers"}
    _no(store, "cat@x.example", "other", said="fax")
    assert _standing(store, "cat@x.example") == "other elsewhere: fax"


@pytest.mark.parametrize(("topic", "left"), [("", set()), ("news", {8})])
def test_what_waits_is_skipped_with_the_no_that_stops_it(store: Store, topic: str, left: set[int]) -> None:
    _take(store, _read("ann@x.example"))
    with store.write() as tx:
        contact = people.ids_by_email(tx, ["ann@x.example"])["ann@x.example"]
        ids = store.ids.take(2, NOW)
        outbox.plan(
            tx,
            [
                Planned(
                    key=MessageKey(id_, 1), contact_id=contact, campaign_id=campaign, template="one",
                    planned_at=NOW, due_at=NOW,
                )
                for id_, campaign in zip(ids, (7, 8), strict=True)
            ],
        )  # fmt: skip
    _no(store, "ann@x.example", topic=topic)
    with store.read() as tx:
        assert set(tx.exec_driver_sql("SELECT campaign_id FROM outbox").scalars()) == left
        skipped = tx.exec_driver_sql("SELECT DISTINCT reason FROM messages WHERE outcome = 'skipped'")
        assert set(skipped.scalars()) == ({"not-agreed"} if topic else {"suppressed"})
