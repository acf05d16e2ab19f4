"""All that is known about one contact, and the story of each message: for `nurture explain` and the pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select, tuple_

from nurture.clock import NEVER
from nurture.delivery.outcome import OPEN_STATES, MessageKey
from nurture.lifecycle.stages import Transition
from nurture.reports.explain import ConsentWord, EntryStory, Explanation, MessageStory, ShownStory
from nurture.store import people, recommended, suppressions
from nurture.store.engine import Tx
from nurture.store.recommended import Shown
from nurture.store.seen_facts import from_text
from nurture.store.stages import line_names, transitions
from nurture.store.statements import table
from nurture.store.tables import (
    CampaignRow,
    CampaignStepRow,
    ConsentRow,
    EnrollmentRow,
    LineRow,
    MessageRow,
    OutboxRow,
    SignRow,
    StageRow,
    TransitionRow,
)

_campaigns = table(CampaignRow)
_consents = table(ConsentRow)
_enrollments = table(EnrollmentRow)
_lines = table(LineRow)
_messages = table(MessageRow)
_outbox = table(OutboxRow)
_signs = table(SignRow)
_stages = table(StageRow)
_steps = table(CampaignStepRow)
_transitions = table(TransitionRow)


def explain(tx: Tx, contact_id: int, *, first: str, suppression_key: bytes) -> Explanation | None:
    """Everything about one contact; None where there is none. `first` is the lifecycle's first stage."""
    contact = people.by_ids(tx, [contact_id]).get(contact_id)
    if contact is None:
        return None
    names = line_names(tx)
    stages = {
        names[line]: stage
        for line, stage in tx.execute(
            select(_stages.c.line_id, _stages.c.stage)
            .where(_stages.c.contact_id == contact_id)
            .order_by(_stages.c.line_id)
        )
    }
    stored = transitions(tx, [(contact_id, line) for line in names])
    changes: list[Transition] = [kept.transition for line in stored.values() for kept in line]
    return Explanation(
        contact=contact,
        suppressed=suppressions.suppressed(tx, suppression_key, [contact.email]).get(contact.email, ""),
        stages={"": first, **stages},
        transitions=tuple(sorted(changes, key=lambda it: (it.at, it.line))),
        consents=_words(tx, contact_id),
        entries=_entries(tx, contact_id),
    )


def stories(tx: Tx, keys: Collection[MessageKey]) -> dict[MessageKey, MessageStory]:
    """The stories of these messages; one that is not there is left out."""
    if not keys:
        return {}
    wanted = tuple_(_messages.c.enrollment_id, _messages.c.step_no).in_(list(keys))
    return {MessageKey(it.enrollment_id, step_no): it for step_no, it in _stories(tx, wanted)}


def lately(tx: Tx, limit: int = 10) -> tuple[tuple[MessageKey, str, MessageStory], ...]:
    """The messages sent last, newest first, each with its key and the contact's address."""
    newest = tx.execute(
        select(_messages.c.enrollment_id, _messages.c.step_no, _messages.c.contact_id)
        .where(_messages.c.outcome == "sent")
        .order_by(_messages.c.done_at.desc())
        .limit(limit)
    ).all()
    contacts = people.by_ids(tx, {contact for _, _, contact in newest})
    told = stories(tx, [MessageKey(entry, step) for entry, step, _ in newest])
    return tuple(
        (key, contacts[contact].email, told[key])
        for entry, step, contact in newest
        if (key := MessageKey(entry, step)) in told and contact in contacts
    )


def _words(tx: Tx, contact_id: int) -> tuple[ConsentWord, ...]:
    rows = tx.execute(
        select(_consents.c.topic, _consents.c.agreed, _consents.c.at, _consents.c.basis)
        .where(_consents.c.contact_id == contact_id)
        .order_by(_consents.c.at, _consents.c.id)
    )
    return tuple(
        ConsentWord(topic=topic, agreed=bool(agreed), at=at, basis=basis) for topic, agreed, at, basis in rows
    )


def _entries(tx: Tx, contact_id: int) -> tuple[EntryStory, ...]:
    messages: dict[int, list[MessageStory]] = defaultdict(list)
    for _, story in _stories(tx, _messages.c.contact_id == contact_id):
        messages[story.enrollment_id].append(story)
    rows = tx.execute(
        select(_enrollments, _campaigns.c.key, _campaigns.c.name, _lines.c.name, _steps.c.step_id)
        .join(_campaigns, _campaigns.c.id == _enrollments.c.campaign_id)
        .outerjoin(_lines, _lines.c.id == _enrollments.c.line_id)
        .outerjoin(
            _steps,
            and_(_steps.c.campaign_id == _enrollments.c.campaign_id, _steps.c.no == _enrollments.c.step_no),
        )
        .where(_enrollments.c.contact_id == contact_id)
        .order_by(_enrollments.c.entered_at, _enrollments.c.id)
    )
    return tuple(
        EntryStory(
            id=row.id,
            campaign=row.key,
            name=row[-3] or row.key,
            line=row[-2] or "",
            entered_at=row.entered_at,
            step="" if row.closed_at else row.step_id or "",
            due_at=None if row.closed_at or row.due_at >= NEVER else row.due_at,
            goal_at=row.goal_at or None,
            closed_at=row.closed_at or None,
            reason=row.reason,
            messages=tuple(messages[row.id]),
            saw=from_text(row.saw),
            version=row.version,
            held_out=bool(row.held_out),
        )
        for row in rows
    )


def _stories(tx: Tx, wanted: ColumnElement[bool]) -> list[tuple[int, MessageStory]]:
    """Step number and story of each message, in the order in which they were planned."""
    rows = tx.execute(
        select(
            _messages,
            _campaigns.c.key.label("campaign"),
            _steps.c.step_id,
            _lines.c.name.label("line"),
            _outbox.c.state,
        )
        .outerjoin(_campaigns, _campaigns.c.id == _messages.c.campaign_id)
        .outerjoin(
            _steps, and_(_steps.c.campaign_id == _messages.c.campaign_id, _steps.c.no == _messages.c.step_no)
        )
        .outerjoin(_lines, _lines.c.id == _messages.c.line_id)
        .outerjoin(
            _outbox,
            and_(
                _outbox.c.enrollment_id == _messages.c.enrollment_id,
                _outbox.c.step_no == _messages.c.step_no,
            ),
        )
        .where(wanted)
        .order_by(_messages.c.planned_at, _messages.c.enrollment_id, _messages.c.step_no)
    ).all()
    signs = _signs_of(tx, rows)
    goods = recommended.shown(tx, {MessageKey(row.enrollment_id, row.step_no) for row in rows})
    return [
        (row.step_no, _story(row, signs.get(key, {}), goods.get(key, ())))
        for row in rows
        if (key := MessageKey(row.enrollment_id, row.step_no))
    ]


def _signs_of(tx: Tx, rows: Sequence[Row[Any]]) -> dict[tuple[int, int], dict[str, int]]:
    entries = {row.enrollment_id for row in rows}
    found: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    for row in tx.execute(select(_signs).where(_signs.c.enrollment_id.in_(entries))):
        found[row.enrollment_id, row.step_no][row.kind] = row.at
    return found


def _story(row: Row[Any], signs: dict[str, int], goods: Sequence[Shown]) -> MessageStory:
    state = row.outcome or ("planned" if row.state is None else OPEN_STATES[row.state])
    return MessageStory(
        enrollment_id=row.enrollment_id,
        campaign=row.campaign or "",
        step=row.step_id or str(row.step_no),
        template=row.template,
        offer=row.offer,
        line=row.line or "",
        stage=row.stage,
        planned_at=row.planned_at,
        done_at=row.done_at or None,
        state=state,
        reason=row.reason,
        saw=from_text(row.saw),
        opened_at=signs.get("open"),
        clicked_at=signs.get("click"),
        unsubscribed_at=signs.get("unsubscribe"),
        recommended=tuple(
            ShownStory(sku=it.product.sku, name=it.product.name, why=it.product.why)
            for it in goods
            if it.seen
        ),
    )
