"""How each subscriber takes what it is told, as it is stored."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import bindparam, delete, select

from nurture.delivery.subscriber_health import WELL, SubscriberHealth
from nurture.store.engine import Tx
from nurture.store.statements import table, upsert
from nurture.store.tables import SubscriberRow

_subscribers = table(SubscriberRow)

_HEALTH = select(
    _subscribers.c.failures,
    _subscribers.c.failing_since,
    _subscribers.c.paused_until,
    _subscribers.c.told_at,
    _subscribers.c.gone_at,
    _subscribers.c.last_reply,
).where(_subscribers.c.name == bindparam("of"))
_FORGETTING = delete(_subscribers).where(_subscribers.c.name == bindparam("of"))


def health(tx: Tx, name: str) -> SubscriberHealth:
    """How it does; well, where it never failed."""
    row = tx.execute(_HEALTH, {"of": name}).first()
    return WELL if row is None else SubscriberHealth(**row._mapping)


def keep(tx: Tx, name: str, it: SubscriberHealth) -> None:
    """Store how it does."""
    if it == WELL:
        tx.execute(_FORGETTING, {"of": name})
        return
    values = asdict(it)
    upsert(tx, _subscribers, [{"name": name, **values}], key=["name"], update=list(values))
