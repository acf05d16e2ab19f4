"""What a contact chooses in the preference centre: their topics, kept word for word, and what waits is skipped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from nurture.clock import Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.store import consents, people, suppressions
from nurture.store.consents import Word
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.unsubscribe import unsubscribe

BASIS = "preference centre"
"""Of the words that are kept."""


def choose(
    tx: Tx,
    ids: Ids,
    key: MessageKey,
    contact_id: int,
    wanted: Collection[str],
    says: Mapping[str, str],
    now: Moment,
    *,
    address_key: bytes,
    may_return: Callable[[str], bool],
    topics: Mapping[str, str],
    expires: Mapping[str, Span | None],
    source: str = "",
    ip: str = "",
) -> bool:
    """Keep a yes for each topic that is new in `wanted`, and a no for each that is not there any more.

    `says` are all topics that can be chosen, with the words beside their boxes; `topics` a campaign's key to its
    topic; a suppression that is one of `may_return` ends with a new yes. `key` is the message whose link led here.
    Returns whether anything changed.
    """
    before = consents.topics_of(tx, contact_id)
    given = [topic for topic in says if topic in wanted and not before.get(topic)]
    taken = [topic for topic in says if topic not in wanted and before.get(topic)]
    words = [
        Word(
            contact_id=contact_id,
            topic=topic,
            agreed=True,
            at=now,
            basis=BASIS,
            wording=says[topic],
            source=source,
            ip=ip,
        )
        for topic in given
    ]
    consents.record(tx, ids, words)
    if given:
        _let_back_in(tx, contact_id, address_key, may_return)
    if taken:
        still = [campaign for campaign, topic in topics.items() if topic not in taken]
        unsubscribe(tx, key, taken, ids, now, basis=BASIS, still=still, expires=expires, source=source, ip=ip)
    return bool(given or taken)


def _let_back_in(tx: Tx, contact_id: int, address_key: bytes, may_return: Callable[[str], bool]) -> None:
    emails = [it.email for it in people.by_ids(tx, [contact_id]).values()]
    why = suppressions.suppressed(tx, address_key, emails)
    suppressions.release(tx, address_key, [email for email, reason in why.items() if may_return(reason)])
