"""Saying no, and what it stops."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from nurture.clock import DAY, HOUR
from nurture.delivery.outcome import MessageKey
from nurture.store import consents
from nurture.store.consents import Word
from nurture.store.engine import Store
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, EventRow, SignRow
from nurture.store.unsubscribe import ARRIVED, ONE_CLICK, PAGE, SECOND_THOUGHTS, agree_again, unsubscribe
from support.letters import hold_code, outcomes, plan_messages
from support.shop import START

NOW = START + DAY


@pytest.fixture
def key(store: Store) -> MessageKey:
    """A planned message of campaign 1 (`welcome`) for contact 1, who agreed to offers and news."""
    [key] = plan_messages(store, 1, START)
    with store.write() as tx:
        tx.execute(
            table(CampaignRow).insert(),
            {"id": 1, "key": "welcome", "name": "", "first_applied_at": START, "active": True},
        )
        words = [
            Word(contact_id=1, topic=it, agreed=True, at=START, basis="form") for it in ("offers", "news")
        ]
        consents.record(tx, store.ids, words)
    return key


def say_no(store: Store, key: MessageKey, *topics: str, still: tuple[str, ...] = ()) -> frozenset[str]:
    with store.write() as tx:
        return unsubscribe(tx, key, topics, store.ids, NOW, basis=ONE_CLICK, still=still)


def agreed(store: Store) -> set[str]:
    with store.read() as tx:
        return {topic for topic, yes in consents.topics_of(tx, 1).items() if yes}


def test_a_no_to_a_topic_leaves_the_others_and_skips_what_waits(store: Store, key: MessageKey) -> None:
    assert say_no(store, key, "offers") == {"offers"}
    assert agreed(store) == {"news"}
    assert outcomes(store)[key] == ("skipped", "not-agreed")


def test_what_another_topic_sends_goes_on(store: Store, key: MessageKey) -> None:
    say_no(store, key, "news", still=("welcome",))
    assert outcomes(store)[key] == ("", "0")


def test_again_changes_nothing_more(store: Store, key: MessageKey) -> None:
    say_no(store, key, "offers")
    assert say_no(store, key, "offers") == frozenset()
    with store.read() as tx:
        events = tx.execute(select(table(EventRow).c.name)).scalars().all()
        assert events.count("unsubscribed") == 1
        assert tx.execute(select(table(SignRow).c.kind)).scalars().all() == ["unsubscribe"]


def test_a_message_that_is_gone_takes_no_word(store: Store, key: MessageKey) -> None:
    assert say_no(store, key._replace(step_no=7), "offers") == frozenset()
    assert agreed(store) == {"offers", "news"}


def test_a_mistake_can_be_taken_back_within_a_day_and_only_what_had_been_agreed_to(
    store: Store, key: MessageKey
) -> None:
    say_no(store, key, "offers", "never-asked")
    with store.write() as tx:
        assert agree_again(tx, key, store.ids, NOW + HOUR) == {"offers"}
    assert agreed(store) == {"offers", "news"}


def test_later_than_a_day_the_link_cannot_agree_for_them(store: Store, key: MessageKey) -> None:
    say_no(store, key, "offers")
    with store.write() as tx:
        assert agree_again(tx, key, store.ids, NOW + SECOND_THOUGHTS + 1) == frozenset()
    assert agreed(store) == {"news"}


def test_a_no_said_elsewhere_is_not_undone_by_the_link(store: Store, key: MessageKey) -> None:
    with store.write() as tx:
        consents.withdraw(tx, store.ids, 1, ["news"], at=NOW, basis="by telephone")
        unsubscribe(tx, key, ["offers"], store.ids, NOW, basis=PAGE)
        assert agree_again(tx, key, store.ids, NOW + HOUR) == {"offers"}


def test_a_message_of_which_nobody_knew_has_arrived(store: Store, key: MessageKey) -> None:
    with store.write() as tx:
        tx.exec_driver_sql("DELETE FROM outbox")
        tx.exec_driver_sql(f"UPDATE messages SET outcome = 'unknown', done_at = {START}, offer = 'welcome'")
        hold_code(tx, 5)
        for _ in range(2):
            unsubscribe(tx, key, ["offers"], store.ids, NOW, basis=PAGE, expires={"welcome": DAY})
    assert outcomes(store)[key] == ("sent", ARRIVED)
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT handed_at, expires_at FROM codes").one() == (START, START + DAY)
        received = tx.exec_driver_sql("SELECT at FROM signs WHERE kind = 'received'").scalars().all()
        assert received == [START]
