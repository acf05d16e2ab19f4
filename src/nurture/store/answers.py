"""Answers to the questions that messages ask: kept as events, each once, and the last one counts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import and_, literal_column, select

from nurture.audience.contact import Scalar
from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.journeys.effects import ChangeContact
from nurture.journeys.questions import ANSWERED, whole
from nurture.store import feed, people
from nurture.store.agenda import put_on_agenda
from nurture.store.bulk import alone, insert_many
from nurture.store.engine import Tx
from nurture.store.feed import News
from nurture.store.ids import Ids
from nurture.store.partitions import ensure
from nurture.store.statements import table
from nurture.store.tables import CampaignRow, CampaignStepRow, ContactRow, EventRow, MessageRow

_campaigns = table(CampaignRow)
_contacts = table(ContactRow)
_events = table(EventRow)
_messages = table(MessageRow)
_steps = table(CampaignStepRow)

MOST = 30
"""Answers to one question of one message that are kept: nobody changes their mind more often."""

_LOOKED_AT = 300
"""A contact's answers, the newest, among which those to a question are looked for."""

Taken: TypeAlias = Literal["new", "again", "enough"]
"""What became of an answer: kept; given before, so that nothing changed; or one too many, and not kept."""

_ASKED = (
    select(
        _messages.c.contact_id,
        _messages.c.template,
        _messages.c.template_hash,
        _campaigns.c.key.label("campaign"),
        _steps.c.step_id,
        _contacts.c.locale,
    )
    .join(_contacts, _contacts.c.id == _messages.c.contact_id)
    .outerjoin(_campaigns, _campaigns.c.id == _messages.c.campaign_id)
    .outerjoin(
        _steps, and_(_steps.c.campaign_id == _messages.c.campaign_id, _steps.c.no == _messages.c.step_no)
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The message that a question stood in."""

    key: MessageKey
    contact_id: int
    locale: str
    """The contact's."""
    message: str
    """As conditions name it: `campaign/step`; the template's name for a message outside of campaigns."""
    template_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that somebody gave."""

    question: str
    answer: str
    score: float | None
    comment: str
    """Their own words, clean of what no database keeps; empty: none."""
    sets: Mapping[str, Scalar]
    """The contact's attributes that it sets."""


def asked(tx: Tx, key: MessageKey) -> Asked | None:
    """The message; None where it or its contact is gone."""
    row = tx.execute(
        _ASKED.where(_messages.c.enrollment_id == key.enrollment_id, _messages.c.step_no == key.step_no)
    ).first()
    if row is None:
        return None
    in_campaign = row.campaign and row.step_id
    return Asked(
        key=key,
        contact_id=row.contact_id,
        locale=row.locale,
        message=f"{row.campaign}/{row.step_id}" if in_campaign else row.template,
        template_hash=row.template_hash,
    )


def take(tx: Tx, ids: Ids, asked: Asked, given: Given, now: Moment) -> Taken:
    """Keep an answer: the event, the attribute, the feed, and the contact on the agenda.

    The same as the last one of this message changes nothing.
    """
    # A button that is pressed twice: the second must see what the first has done.
    alone(tx)
    before = list(_before(tx, asked, given.question))
    told = _told(asked, given)
    if before and before[0] == told:
        return "again"
    if len(before) >= MOST:
        return "enough"
    contact = asked.contact_id
    ensure(tx, "events", [now])
    row = (now, ids.take(1, now)[0], contact, ANSWERED, json.dumps(told, ensure_ascii=False))
    insert_many(tx, _events, ["at", "id", "contact_id", "name", "properties"], [row])
    if given.sets:
        people.change(tx, [(contact, ChangeContact(fields=dict(given.sets)))], now)
    put_on_agenda(tx, [(contact, 0, now)])
    feed.tell(tx, "answered", [News(contact, now, _news(asked, given))])
    return "new"


def _before(tx: Tx, asked: Asked, question: str) -> Iterator[dict[str, Any]]:
    """What was answered to the question in this message, the newest first."""
    rows = tx.execute(
        select(_events.c.properties)
        # Written out, so that both engines read the contact's answers alone.
        .where(_events.c.contact_id == asked.contact_id, _events.c.name == literal_column(f"'{ANSWERED}'"))
        .order_by(_events.c.at.desc(), _events.c.id.desc())
        .limit(_LOOKED_AT)
    ).scalars()
    wanted = {**_place(asked), "question": question}
    for row in rows:
        told = json.loads(row)
        if wanted.items() <= told.items():
            yield told


def _told(asked: Asked, given: Given) -> dict[str, Scalar]:
    score = {} if given.score is None else {"score": whole(given.score)}
    comment = {"comment": given.comment} if given.comment else {}
    return {
        "question": given.question,
        "answer": given.answer,
        **score,
        **comment,
        "message": asked.message,
        **_place(asked),
    }


def _place(asked: Asked) -> dict[str, Scalar]:
    """Which message it was, exactly: as text, since a JSON number does not hold an id."""
    return {"entry": f"{asked.key.enrollment_id}.{asked.key.step_no}"}


def _news(asked: Asked, given: Given) -> dict[str, Any]:
    return {
        "entry": asked.key.enrollment_id,
        "step": asked.key.step_no,
        "question": given.question,
        "answer": given.answer,
        "score": given.score,
        "comment": given.comment,
    }
