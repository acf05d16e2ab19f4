"""What contacts agreed to and took back, how, where and under which wording: every word is kept, the last one counts.

A word that changes something is an event too, `subscribed` or `unsubscribed`, with its topic.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from nurture.clock import Moment
from nurture.store import feed
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import insert_many
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.partitions import ensure
from nurture.store.statements import one_of, table
from nurture.store.tables import ConsentRow, ConsentStateRow, EventRow

_consents = table(ConsentRow)
_events = table(EventRow)
_states = table(ConsentStateRow)

NAMES = {True: "subscribed", False: "unsubscribed"}
"""What the events are called."""

IMPORTED = "import"
"""How the basis of every word begins that came with a file, and not from the contact."""

_UNKEEPABLE = re.compile("[\\x00\ud800-\udfff]")
"""What PostgreSQL takes in no text."""


class Word(NamedTuple):
    """One yes or no of a contact to a topic. A tuple: an import makes one for each topic of each row."""

    contact_id: int
    topic: str
    agreed: bool
    at: Moment
    basis: str
    """How: what kind of form, link or file it was."""
    wording: str = ""
    """What they agreed to, as it was put to them."""
    source: str = ""
    """Where: the address of a page, the name of a form, of a file or of an API key."""
    ip: str = ""


def record(tx: Tx, ids: Ids, words: Sequence[Word]) -> None:
    """Keep each word, and put those whose word changes something on the agenda.

    The latest moment counts for a contact and a topic; of two at once, the later word.
    """
    _record(tx, ids, words, _said(tx, words))


def record_first(tx: Tx, ids: Ids, words: Sequence[Word]) -> set[int]:
    """Keep the words of those who said nothing on that topic yet; returns whose words were kept.

    For imports: a file that comes again must not undo what people have said since. Who has said no and agrees to
    nothing any more, took back everything: to them no file brings a yes, on no topic.
    """
    if not words:
        return set()
    said = _said(tx, words)
    words_of: dict[int, set[bool]] = defaultdict(set)
    for (contact, _), agreed in said.items():
        words_of[contact].add(agreed)
    gone = {contact for contact, had in words_of.items() if had == {False}}
    first = {
        (it.contact_id, it.topic): it
        for it in words
        if (it.contact_id, it.topic) not in said and not (it.agreed and it.contact_id in gone)
    }
    _record(tx, ids, list(first.values()), said)
    return {contact for contact, _ in first}


def overrule(tx: Tx, ids: Ids, noes: Sequence[Word]) -> set[int]:
    """Keep a no that another system knew of, and let it count also where a file said yes at a later moment.

    Only the contact's own later yes is stronger: there nothing is kept. Nor is it where the no is known already.
    Returns whose words were kept.
    """
    said, own = _said(tx, noes), _own_yes(tx, {it.contact_id for it in noes})
    kept = {
        (it.contact_id, it.topic): it
        for it in noes
        if said.get((it.contact_id, it.topic)) is not False and own.get((it.contact_id, it.topic), -1) < it.at
    }
    _record(tx, ids, list(kept.values()), said, over=True)
    return {contact for contact, _ in kept}


def own_yes(tx: Tx, contact_ids: Collection[int]) -> dict[int, Moment]:
    """When each last agreed to something themselves, not by a file; who never did is left out."""
    found: dict[int, Moment] = {}
    for (contact, _), at in _own_yes(tx, contact_ids).items():
        found[contact] = max(at, found.get(contact, at))
    return found


def withdraw(
    tx: Tx,
    ids: Ids,
    contact_id: int,
    topics: Collection[str],
    *,
    at: Moment,
    basis: str,
    source: str = "",
    ip: str = "",
) -> frozenset[str]:
    """Take back the consent to `topics`, also where none was given; returns those that had been agreed to."""
    before = topics_of(tx, contact_id)
    words = [
        Word(contact_id=contact_id, topic=it, agreed=False, at=at, basis=basis, source=source, ip=ip)
        for it in topics
    ]
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


def who_said_no(tx: Tx, contact_ids: Collection[int]) -> set[int]:
    """Which of them take part in fewer topics than they might: their last word on one is a no."""
    return {
        contact for contact, _, agreed in tx.execute(_LAST, {"contacts": list(contact_ids)}) if not agreed
    }


def topics_of(tx: Tx, contact_id: int) -> dict[str, bool]:
    """The last word of one contact on each topic they ever said something on."""
    rows = tx.execute(select(_states.c.topic, _states.c.agreed).where(_states.c.contact_id == contact_id))
    return {topic: bool(said) for topic, said in rows}


def _said(tx: Tx, words: Sequence[Word]) -> dict[tuple[int, str], bool]:
    """The last word on each topic of everybody of whom there is one in `words`."""
    if not words:
        return {}
    rows = tx.execute(_LAST, {"contacts": list({it.contact_id for it in words})}).all()
    return {(contact, topic): bool(agreed) for contact, topic, agreed in rows}


_LAST = select(_states.c.contact_id, _states.c.topic, _states.c.agreed).where(
    one_of(_states.c.contact_id, "contacts")
)
_OWN_YES = (
    select(_consents.c.contact_id, _consents.c.topic, func.max(_consents.c.at))
    .where(
        one_of(_consents.c.contact_id, "contacts"),
        _consents.c.agreed,
        _consents.c.basis.not_like(f"{IMPORTED}%"),
    )
    .group_by(_consents.c.contact_id, _consents.c.topic)
)


def _own_yes(tx: Tx, contact_ids: Collection[int]) -> dict[tuple[int, str], Moment]:
    rows = tx.execute(_OWN_YES, {"contacts": list(contact_ids)}).all()
    return {(contact, topic): int(at) for contact, topic, at in rows}


def _record(
    tx: Tx, ids: Ids, words: Sequence[Word], said: dict[tuple[int, str], bool], *, over: bool = False
) -> None:
    if not words:
        return
    _keep(tx, ids, words)
    _happened(tx, ids, words, said)
    latest: dict[tuple[int, str], Word] = {}
    for word in words:
        before = latest.get((word.contact_id, word.topic))
        if before is None or before.at <= word.at:
            latest[word.contact_id, word.topic] = word
    rows = [(it.contact_id, it.topic, it.agreed, it.at) for it in latest.values()]
    columns = ("contact_id", "topic", "agreed", "at")
    insert_many(tx, _states, columns, sorted(rows), conflict=_OVERRULED if over else _LATER_COUNTS)


_LATER_COUNTS = """(contact_id, topic) DO UPDATE SET agreed = excluded.agreed, at = excluded.at
WHERE excluded.at >= consent_states.at"""
# Whatever moment the word before bears, which is kept where it is later.
_OVERRULED = """(contact_id, topic) DO UPDATE SET agreed = excluded.agreed,
at = CASE WHEN excluded.at > consent_states.at THEN excluded.at ELSE consent_states.at END"""


def _happened(tx: Tx, ids: Ids, words: Sequence[Word], before: dict[tuple[int, str], bool]) -> None:
    """An event for each word that says something else than the one before."""
    said = dict(before)
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
    properties = {
        topic: json.dumps({"topic": topic}, ensure_ascii=False) for topic in {it.topic for it in new}
    }
    insert_many(
        tx,
        _events,
        ["at", "id", "contact_id", "name", "properties"],
        [
            (it.at, id_, it.contact_id, NAMES[it.agreed], properties[it.topic])
            for id_, it in zip(made, new, strict=True)
        ],
    )
    put_on_agenda(tx, [(it.contact_id, 0, it.at) for it in new])
    feed.unsubscribed(tx, [(it.contact_id, it.topic, it.at, it.basis) for it in new if not it.agreed])


def _keep(tx: Tx, ids: Ids, words: Sequence[Word]) -> None:
    made = ids.take(len(words), words[0].at)
    columns = ["id", "contact_id", "topic", "agreed", "at", "basis", "wording", "source", "ip"]
    rows = [
        (
            key,
            it.contact_id,
            it.topic,
            it.agreed,
            it.at,
            _kept(it.basis, 500),
            _kept(it.wording, 10_000),
            _kept(it.source, 1_000),
            _kept(it.ip, 100),
        )
        for key, it in zip(made, words, strict=True)
    ]
    insert_many(tx, _consents, columns, rows)


@lru_cache(maxsize=1_000)
def _kept(text: str, longest: int) -> str:
    """As both engines can keep it. In an import it is nearly always the same."""
    return _UNKEEPABLE.sub("\ufffd", text[:longest])
