"""What steps do besides sending, carried out in the transaction that moves their enrollments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from nurture.audience.contact import Contact, Scalar
from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.journeys.campaign import Campaign
from nurture.journeys.effects import ChangeContact, Effect, Notify, Unsubscribe
from nurture.journeys.reasons import Reason
from nurture.runner.world import World
from nurture.store import consents, notices, outbox, people
from nurture.store.consents import Word
from nurture.store.engine import Tx
from nurture.store.ids import Ids
from nurture.store.journeys import Enrollment


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One effect of one step for one contact."""

    enrollment: Enrollment
    campaign: Campaign
    step_no: int
    effect: Effect


def carry_out(tx: Tx, ids: Ids, world: World, due: Sequence[Due], now: Moment) -> None:
    """Carry these out, those of a kind at once."""
    changes: list[tuple[int, ChangeContact]] = []
    words: list[Word] = []
    told: list[tuple[Due, Notify]] = []
    for it in due:
        match it.effect:
            case ChangeContact() as change:
                changes.append((it.enrollment.contact_id, change))
            case Unsubscribe(topics=topics):
                words += _words(world, it, topics, now)
            case Notify() as notify:
                told.append((it, notify))
            case other:
                assert_never(other)
    people.change(tx, changes, now)
    _unsubscribe(tx, ids, world, words, now)
    _notify(tx, told, now)


def _words(world: World, it: Due, topics: Sequence[str], now: Moment) -> list[Word]:
    basis = f"campaign {it.campaign.key}"
    contact = it.enrollment.contact_id
    return [
        Word(contact_id=contact, topic=topic, agreed=False, at=now, basis=basis)
        for topic in topics or world.settings.marketing_topics
    ]


def _unsubscribe(tx: Tx, ids: Ids, world: World, words: Sequence[Word], now: Moment) -> None:
    """Keep the words, and skip what waits on these topics for those who said them."""
    consents.record(tx, ids, words)
    campaigns = {
        topic: [live.record.id for live, campaign in world.in_force if campaign.topic == topic]
        for topic in {word.topic for word in words}
    }
    for topic, of in campaigns.items():
        contacts = [word.contact_id for word in words if word.topic == topic]
        outbox.skip_contacts(tx, contacts, Reason.NOT_AGREED, now, campaigns=of)


def _notify(tx: Tx, told: Sequence[tuple[Due, Notify]], now: Moment) -> None:
    contacts = people.by_ids(tx, {it.enrollment.contact_id for it, _ in told}) if told else {}
    rows = []
    for it, notify in told:
        contact = contacts.get(it.enrollment.contact_id)
        if contact is None:
            continue
        target = notify.to or str(_fact(contact, notify.attribute) or "")
        rows.append(
            notices.Planned(
                key=MessageKey(it.enrollment.id, it.step_no),
                contact_id=contact.id,
                campaign_id=it.enrollment.campaign_id,
                target=target,
                note=notify.note,
                planned_at=now,
                due_at=now,
            )
        )
    notices.plan(tx, rows)


def _fact(contact: Contact, name: str) -> Scalar | None:
    """What `contact.NAME` is in conditions."""
    return contact.email if name == "email" else contact.attributes.get(name)
