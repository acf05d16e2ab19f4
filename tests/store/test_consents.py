"""What contacts agreed to and took back."""

from __future__ import annotations

from sqlalchemy import func, select

from nurture.clock import DAY, Moment
from nurture.store import consents
from nurture.store.consents import Word
from nurture.store.engine import Store
from nurture.store.statements import table
from nurture.store.tables import ConsentRow
from support.databases import START


def _word(contact: int, agreed: bool, at: Moment, topic: str = "offers") -> Word:
    return Word(contact_id=contact, topic=topic, agreed=agreed, at=at, basis="import: form")


def test_who_said_nothing_did_not_agree(store: Store) -> None:
    with store.write() as tx:
        consents.record(tx, store.ids, [_word(1, True, START), _word(2, False, START)])
        assert consents.agreed(tx, [1, 2, 3], "offers") == {1}
        assert consents.agreed(tx, [1, 2, 3], "news") == set()
        assert consents.agreed(tx, [], "offers") == set()


def test_the_last_word_counts_whatever_order_words_come_in(store: Store) -> None:
    with store.write() as tx:
        consents.record(tx, store.ids, [_word(1, False, START + DAY)])
        consents.record(tx, store.ids, [_word(1, True, START)])
        consents.record(tx, store.ids, [_word(2, False, START + DAY), _word(2, True, START)])
        assert consents.agreed(tx, [1, 2], "offers") == set()
        assert tx.execute(select(func.count()).select_from(table(ConsentRow))).scalar() == 4


def test_an_import_never_undoes_an_unsubscribe(store: Store) -> None:
    with store.write() as tx:
        assert consents.record_first(tx, store.ids, [_word(1, True, START), _word(2, True, START)]) == {1, 2}
        assert consents.withdraw(tx, store.ids, 1, ["offers"], at=START + DAY, basis="one-click") == {
            "offers"
        }
        again = [_word(1, True, START + 2 * DAY), _word(2, True, START + 2 * DAY), _word(3, True, START)]
        assert consents.record_first(tx, store.ids, again) == {3}
        assert consents.agreed(tx, [1, 2, 3], "offers") == {2, 3}


def test_taking_back_all_topics_also_closes_those_never_agreed_to(store: Store) -> None:
    with store.write() as tx:
        consents.record(tx, store.ids, [_word(1, True, START)])
        taken = consents.withdraw(
            tx, store.ids, 1, ["offers", "news"], at=START + DAY, basis="unsubscribe page"
        )
        assert taken == {"offers"}
        assert consents.topics_of(tx, 1) == {"offers": False, "news": False}
        assert consents.withdraw(tx, store.ids, 1, ["offers"], at=START + 2 * DAY, basis="one-click") == set()
        assert tx.execute(select(func.count()).select_from(table(ConsentRow))).scalar() == 3
