"""A contact says no to a topic, or to all, from a message they hold; or takes it back: it was a mistake.

What waits for them is skipped in the transaction that keeps their word, so that nothing planned before goes
out after.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select

from nurture.clock import DAY, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.journeys.direct import DIRECT
from nurture.journeys.reasons import Reason
from nurture.store import consents, outbox
from nurture.store.consents import Word
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.settle import settle_arrived
from nurture.store.statements import table, upsert
from nurture.store.tables import CampaignRow, ConsentRow, SignRow
from nurture.store.targets import origin

_campaigns = table(CampaignRow)
_consents = table(ConsentRow)
_signs = table(SignRow)

PAGE = "unsubscribe page"
ONE_CLICK = "one-click"
MISTAKE = "unsubscribe page: clicked by mistake"
"""Bases of the words that are kept."""

ARRIVED = "no reply came, but they unsubscribed by it: it arrived"

SECOND_THOUGHTS = DAY
"""How long a no by this way can be taken back by the same link."""


def unsubscribe(
    tx: Tx,
    key: MessageKey,
    topics: Collection[str],
    ids: Ids,
    now: Moment,
    *,
    basis: str,
    still: Collection[str] = (),
    expires: Mapping[str, Span | None] | None = None,
    source: str = "",
    ip: str = "",
) -> frozenset[str]:
    """Take back the consent of the message's contact to `topics`, and skip what waits for them.

    `still` are the keys of campaigns that may go on writing. Again is harmless. A message of which nobody knew
    whether it arrived has arrived: it is settled as sent (`expires` as `settle` wants it). `source` and `ip` are kept
    with their word. Returns the topics that had been agreed to; none as well where the message is gone (the contact
    was erased).
    """
    found = origin(tx, key)
    if found is None:
        return frozenset()
    contact = found.contact_id
    withdrawn = take_back(tx, contact, topics, ids, now, basis=basis, still=still, source=source, ip=ip)
    sign = {
        "enrollment_id": key.enrollment_id,
        "step_no": key.step_no,
        "kind": "unsubscribe",
        "contact_id": contact,
        "at": now,
    }
    upsert(tx, _signs, [sign], key=("enrollment_id", "step_no", "kind"), update=())
    settle_arrived(tx, key, ARRIVED, expires)
    return withdrawn


def take_back(
    tx: Tx,
    contact_id: int,
    topics: Collection[str],
    ids: Ids,
    now: Moment,
    *,
    basis: str,
    still: Collection[str] = (),
    source: str = "",
    ip: str = "",
) -> frozenset[str]:
    """As `unsubscribe`, of a contact who said so elsewhere than in a message."""
    withdrawn = consents.withdraw(tx, ids, contact_id, topics, at=now, basis=basis, source=source, ip=ip)
    silenced = list(
        tx.execute(select(_campaigns.c.id).where(_campaigns.c.key.not_in([*still, DIRECT.key]))).scalars()
    )
    outbox.skip_contact(tx, contact_id, Reason.NOT_AGREED, now, campaigns=silenced)
    return withdrawn


def agree_again(tx: Tx, key: MessageKey, ids: Ids, now: Moment) -> frozenset[str]:
    """Undo what this contact took back within the last day by an unsubscribe link; returns the topics.

    Only what had been agreed to before: nobody comes to agree to something new this way.
    """
    found = origin(tx, key)
    if found is None:
        return frozenset()
    contact = found.contact_id
    topics = _taken_back(tx, contact, now - SECOND_THOUGHTS)
    words = [Word(contact_id=contact, topic=it, agreed=True, at=now, basis=MISTAKE) for it in topics]
    consents.record(tx, ids, words)
    return frozenset(topics)


def _taken_back(tx: Tx, contact_id: int, since: Moment) -> list[str]:
    rows = tx.execute(
        select(_consents.c.topic, _consents.c.agreed, _consents.c.at, _consents.c.basis)
        .where(_consents.c.contact_id == contact_id)
        .order_by(_consents.c.at, _consents.c.id)
    )
    before: dict[str, bool] = {}
    taken_back: dict[str, bool] = {}
    for topic, agreed, at, basis in rows:
        by_link = not agreed and at >= since and basis in (PAGE, ONE_CLICK)
        taken_back[topic] = by_link and before.get(topic, False)
        before[topic] = agreed
    return sorted(topic for topic, it in taken_back.items() if it)
