"""The feed: what happened, for the subscribers that want to hear of it.

An entry is written in the very transaction in which the thing happens, together with a delivery for each subscriber
that is to be told. Where nobody subscribes to a kind, nothing is asked and nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from nurture.clock import DAY, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.journeys.direct import DIRECT_ID
from nurture.settings.webhooks import OF_CAMPAIGNS, Kind, Subscriber
from nurture.store.bulk import insert_many
from nurture.store.engine import Tx
from nurture.store.feeding import Feeding, feeding_of
from nurture.store.ids import first_id_at
from nurture.store.statements import one_of, table
from nurture.store.tables import CampaignRow, EnrollmentRow, FeedDeliveryRow, FeedRow

KEPT: Span = 30 * DAY
"""How long an entry is kept. What is older when it becomes known, such as an imported history, is no news."""

_campaigns = table(CampaignRow)
_deliveries = table(FeedDeliveryRow)
_enrollments = table(EnrollmentRow)
_feed = table(FeedRow)

OUTCOMES: tuple[Kind, ...] = ("sent", "bounced")
"""Of messages, those that are told."""

_FEED = ("id", "at", "kind", "contact_id", "told")
_DELIVERIES = ("feed_id", "subscriber", "due_at", "state", "attempts", "first_tried_at", "done_at")

_KEYS = (
    select(_enrollments.c.id, _campaigns.c.key)
    .join(_campaigns, _campaigns.c.id == _enrollments.c.campaign_id)
    .where(one_of(_enrollments.c.id, "entries"), _campaigns.c.id != DIRECT_ID)
)


class News(NamedTuple):
    """One thing that happened. A tuple: there may be one for each message."""

    contact_id: int
    at: Moment
    told: Mapping[str, Any]
    """What of it, as it is kept; see `Entry` in feed_deliveries.py."""


def wanted(tx: Tx, kind: Kind) -> bool:
    """Whether anybody is told of that kind: what is dear to find out need not be else."""
    feeding = feeding_of(tx)
    return feeding is not None and kind in feeding.by_kind


def tell(tx: Tx, kind: Kind, news: Iterable[News]) -> None:
    """Put what happened into the feed of those who subscribe to `kind`: two statements for all of it."""
    feeding = feeding_of(tx)
    subscribers = feeding.by_kind.get(kind) if feeding is not None else None
    if feeding is None or not subscribers:
        return
    fresh = [it for it in news if it.at > feeding.now - KEPT]
    whom = _audience(tx, kind, subscribers, fresh)
    told = [(it, names) for it, names in zip(fresh, whom, strict=True) if names]
    if told:
        _write(tx, feeding, kind, told)


def _audience(
    tx: Tx, kind: Kind, subscribers: Sequence[Subscriber], news: Sequence[News]
) -> Iterable[Sequence[str]]:
    """The names of those who are told of each."""
    if kind not in OF_CAMPAIGNS or not any(it.campaigns for it in subscribers):
        names = [it.name for it in subscribers]
        return [names] * len(news)
    entries = {it.told["entry"] for it in news}
    keys = {it.id: str(it.key) for it in tx.execute(_KEYS, {"entries": entries})}
    by_campaign = {key: [it.name for it in subscribers if it.wants(key)] for key in {"", *keys.values()}}
    return [by_campaign[keys.get(it.told["entry"], "")] for it in news]


def _write(tx: Tx, feeding: Feeding, kind: Kind, told: Sequence[tuple[News, Sequence[str]]]) -> None:
    now = feeding.now
    made = feeding.ids.take(len(told), now)
    rows = [
        (id_, it.at, kind, it.contact_id, json.dumps(it.told))
        for id_, (it, _) in zip(made, told, strict=True)
    ]
    insert_many(tx, _feed, _FEED, rows)
    due = [(id_, name, now, 0, 0, 0, 0) for id_, (_, names) in zip(made, told, strict=True) for name in names]
    insert_many(tx, _deliveries, _DELIVERIES, due)


def messages(tx: Tx, kind: Kind, found: Iterable[tuple[MessageKey, int, Moment, str]]) -> None:
    """Tell what became of messages: key, contact, when, and what was said of it."""
    if wanted(tx, kind):
        rows = (
            News(contact, at, {"entry": key[0], "step": key[1], **({"said": said} if said else {})})
            for key, contact, at, said in found
        )
        tell(tx, kind, rows)


def unsubscribed(tx: Tx, said: Iterable[tuple[int, str, Moment, str]]) -> None:
    """Tell who took consent back: contact, topic, when, and on what basis."""
    tell(
        tx,
        "unsubscribed",
        (News(contact, at, {"topic": topic, "basis": basis}) for contact, topic, at, basis in said),
    )


def forget_contacts(tx: Tx, contact_ids: Collection[int]) -> int:
    """Drop everything of these contacts, told or not. Returns how many entries that were."""
    theirs = select(_feed.c.id).where(one_of(_feed.c.contact_id, "contacts"))
    given = {"contacts": list(contact_ids)}
    tx.execute(delete(_deliveries).where(_deliveries.c.feed_id.in_(theirs)), given)
    return tx.execute(delete(_feed).where(one_of(_feed.c.contact_id, "contacts")), given).rowcount


def forget_old(tx: Tx, now: Moment, limit: int) -> int:
    """Drop at most `limit` of the entries that were kept long enough, told or not. Returns how many those were."""
    old = _feed.c.id < first_id_at(now - KEPT)
    ids = list(tx.execute(select(_feed.c.id).where(old).order_by(_feed.c.id).limit(limit)).scalars())
    if ids:
        given = {"ids": ids}
        tx.execute(delete(_deliveries).where(one_of(_deliveries.c.feed_id, "ids")), given)
        tx.execute(delete(_feed).where(one_of(_feed.c.id, "ids")), given)
    return len(ids)
