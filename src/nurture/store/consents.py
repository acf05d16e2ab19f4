"""What contacts agreed to and took back: every word is kept, the last one counts.

A word that changes something is an event too, `subscribed` or `unsubscribed`, with its topic.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from nurture.clock import Moment
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import among, insert_many
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.partitions import ensure
from nurture.store.statements import insert, one_of, table
from nurture.store.tables import ConsentRow, ConsentStateRow, EventRow

_consents = table(ConsentRow)
_events = table(EventRow)
_states = table(ConsentStateRow)

NAMES = {True: "subscribed", False: "unsubscribed"}
"""What the events are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One yes or no of a contact to a topic."""

    contact_id: int
    topic: str
    agreed: bool
    at: Moment
    basis: str


def record(tx: Tx, ids: Ids, words: Sequence[Word]) -> None:
    """Keep each word, and put those whose word changes something on the agenda.

    The latest moment counts for a contact and a topic; of two at once, the later word.
    """
    if not words:
        return
    _keep(tx, ids, words)
    _happened(tx, ids, words)
    latest: dict[tuple[int, str], Word] = {}
    for word in words:
        before = latest.get((word.contact_id, word.topic))
        if before is None or before.at <= word.at:
            latest[word.contact_id, word.topic] = word
    statement = insert(tx.dialect.name, _states)
    statement = statement.on_conflict_do_update(
        index_elements=["contact_id", "topic"],
        set_={"agreed": statement.excluded.agreed, "at": statement.excluded.at},
        where=statement.excluded.at >= _states.c.at,
    )
    rows = [
        {"contact_id": it.contact_id, "topic": it.topic, "agreed": it.agreed, "at": it.at}
        for it in latest.values()
    ]
    tx.execute(statement, rows)


def record_first(tx: Tx, ids: Ids, words: Sequence[Word]) -> set[int]:
    """Keep the words of those who said nothing on that topic yet; returns whose words were kept.

    For imports: a file that comes again must not undo what people have said since.
    """
    if not words:
        return set()
    condition = among(tx, _states.c.contact_id, {it.contact_id for it in words})
    rows = tx.execute(select(_states.c.contact_id, _states.c.topic).where(condition))
    said = {(contact, topic) for contact, topic in rows}
    first = {(it.contact_id, it.topic): it for it in words if (it.contact_id, it.topic) not in said}
    record(tx, ids, list(first.values()))
    return {contact for contact, _ in first}


def withdraw(
    tx: Tx, ids: Ids, contact_id: int, topics: Collection[str], *, at: Moment, basis: str
) -> frozenset[str]:
    """Take back the consent to `topics`, also where none was given; returns those that had been agreed to."""
    before = topics_of(tx, contact_id)
    words = [Word(contact_id=contact_id, topic=it, agreed=False, at=at, basis=basis) for it in topics]
    record(tx, ids, [it for it in words if before.get(it.topic) is not False])
    return frozenset(it for it in topics if before.get(it))


_AGREED = select(_states.c.contact_id).where(
    one_of(_states.c.contact_id, "contacts"),
    _states.c.topic == bindparam("topic"),
    _states.c.agreed,
)


def agreed(tx: Tx, contact_ids: Collection[int], topic: str) -> set[int]:
    """Which of them agree to the topic now."""
    return set(tx.execute(_AGREED, {"contacts": list(contact_ids), "topic": topic}).scalars())


_TOPICS = select(_states.c.contact_id, _states.c.topic).where(
    one_of(_states.c.contact_id, "contacts"), _states.c.agreed
)


def agreed_topics(tx: Tx, contact_ids: Collection[int]) -> dict[int, set[str]]:
    """The topics that each agrees to now; who agrees to none is left out."""
    found: dict[int, set[str]] = {}
    for contact, topic in tx.execute(_TOPICS, {"contacts": contact_ids}).all():
        found.setdefault(contact, set()).add(topic)
    return found


def topics_of(tx: Tx, contact_id: int) -> dict[str, bool]:
    """The last word of one contact on each topic they ever said something on."""
    rows = tx.execute(select(_states.c.topic, _states.c.agreed).where(_states.c.contact_id == contact_id))
    return {topic: bool(said) for topic, said in rows}


def _happened(tx: Tx, ids: Ids, words: Sequence[Word]) -> None:
    """An event for each word that says something else than the one before."""
    condition = among(tx, _states.c.contact_id, {it.contact_id for it in words})
    rows = tx.execute(select(_states.c.contact_id, _states.c.topic, _states.c.agreed).where(condition))
    said = {(contact, topic): bool(agreed) for contact, topic, agreed in rows}
    new: list[Word] = []
    for word in sorted(words, key=lambda it: it.at):
        place = (word.contact_id, word.topic)
        if said.get(place, False) != word.agreed:
            new.append(word)
        said[place] = word.agreed
    if not new:
        return
    ensure(tx, "events", {it.at for it in new})
    made = ids.take(len(new), new[0].at)
    insert_many(
        tx,
        _events,
        ["at", "id", "contact_id", "name", "properties"],
        [
            (it.at, id_, it.contact_id, NAMES[it.agreed], json.dumps({"topic": it.topic}, ensure_ascii=False))
            for id_, it in zip(made, new, strict=True)
        ],
    )
    put_on_agenda(tx, [(it.contact_id, 0, it.at) for it in new])


def _keep(tx: Tx, ids: Ids, words: Sequence[Word]) -> None:
    made = ids.take(len(words), words[0].at)
    columns = ["id", "contact_id", "topic", "agreed", "at", "basis"]
    rows = [(key, w.contact_id, w.topic, w.agreed, w.at, w.basis) for key, w in zip(made, words, strict=True)]
    insert_many(tx, _consents, columns, rows)
