"""What is kept of a contact in each table, as one statement a section: what `export.py` reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal_column, or_, select

from nurture.store.statements import table
from nurture.store.tables import (
    AgendaRow,
    CampaignRow,
    CampaignStepRow,
    CodeRow,
    ConsentRow,
    ConsentStateRow,
    DueAgainRow,
    EnrollmentRow,
    EventRow,
    HitRow,
    InboxRow,
    LineRow,
    MessageRow,
    NoticeRow,
    OrderFactsRow,
    OrderRow,
    OutboxRow,
    ProductRow,
    QuietRow,
    RedemptionRow,
    ReplyRow,
    ShownRow,
    SignRow,
    SignUpRow,
    SoftBounceRow,
    StageRow,
    TransitionRow,
)

_again = table(DueAgainRow)
_agenda = table(AgendaRow)
_campaigns = table(CampaignRow)
_codes = table(CodeRow)
_consents = table(ConsentRow)
_enrollments = table(EnrollmentRow)
_events = table(EventRow)
_hits = table(HitRow)
_inbox = table(InboxRow)
_lines = table(LineRow)
_messages = table(MessageRow)
_notices = table(NoticeRow)
_order_facts = table(OrderFactsRow)
_orders = table(OrderRow)
_outbox = table(OutboxRow)
_products = table(ProductRow)
_quiet = table(QuietRow)
_redemptions = table(RedemptionRow)
_replies = table(ReplyRow)
_shown = table(ShownRow)
_sign_ups = table(SignUpRow)
_signs = table(SignRow)
_soft = table(SoftBounceRow)
_stages = table(StageRow)
_states = table(ConsentStateRow)
_steps = table(CampaignStepRow)
_transitions = table(TransitionRow)


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its rows for a condition on its first table."""

    name: str
    """Its key in the document."""
    of: Callable[[Sequence[int]], Select[Any]]


def _own(
    name: str, statement: Select[Any], column: ColumnElement[int], *order: ColumnElement[Any]
) -> Section:
    return Section(name, lambda contacts: statement.where(column.in_(contacts)).order_by(*order))


def columns_of(it: Any, *left_out: str) -> list[Any]:
    """All but ids, which say nothing outside."""
    return [column for column in it.c if column.name not in ("contact_id", "id", *left_out)]


line = _lines.c.name.label("line")
"""The name of a product line; None: the business."""
_campaign = _campaigns.c.key.label("campaign")
_step = _steps.c.step_id.label("step")


def _with_step(statement: Select[Any], of: Any) -> Select[Any]:
    return statement.outerjoin(_campaigns, _campaigns.c.id == of.c.campaign_id).outerjoin(
        _steps, and_(_steps.c.campaign_id == of.c.campaign_id, _steps.c.no == of.c.step_no)
    )


def _by_message(of: Any, *columns: Any) -> Select[Any]:
    """Rows that name a message, with its campaign and step in words."""
    return (
        select(*columns, of.c.enrollment_id.label("enrollment"), of.c.step_no, _campaign, _step)
        .outerjoin(_enrollments, _enrollments.c.id == of.c.enrollment_id)
        .outerjoin(_campaigns, _campaigns.c.id == _enrollments.c.campaign_id)
        .outerjoin(
            _steps, and_(_steps.c.campaign_id == _enrollments.c.campaign_id, _steps.c.no == of.c.step_no)
        )
    )


def _on_line(of: Any, *left_out: str) -> Select[Any]:
    return select(line, *columns_of(of, "line_id", *left_out)).outerjoin(_lines, _lines.c.id == of.c.line_id)


_MESSAGE = ("enrollment_id", "step_no", "campaign_id", "line_id")
SECTIONS: tuple[Section, ...] = (
    _own("topics", select(*columns_of(_states)), _states.c.contact_id, _states.c.topic),
    _own("consents", select(*columns_of(_consents)), _consents.c.contact_id, _consents.c.at, _consents.c.id),
    Section(
        "sign_ups",
        lambda contacts: select(*columns_of(_sign_ups, "moves_id")).where(
            or_(_sign_ups.c.contact_id.in_(contacts), _sign_ups.c.moves_id.in_(contacts))
        ),
    ),
    _own("quiet", select(*columns_of(_quiet)), _quiet.c.contact_id),
    _own("stages", _on_line(_stages), _stages.c.contact_id, _stages.c.line_id),
    _own("transitions", _on_line(_transitions), _transitions.c.contact_id, _transitions.c.at),
    _own("looked_at_next", _on_line(_agenda), _agenda.c.contact_id, _agenda.c.line_id),
    _own("bought", _on_line(_order_facts), _order_facts.c.contact_id, _order_facts.c.line_id),
    _own("events", select(*columns_of(_events)), _events.c.contact_id, _events.c.at, _events.c.id),
    _own(
        "enrollments",
        _with_step(
            select(
                _enrollments.c.id.label("enrollment"),
                _campaign,
                _step,
                line,
                *columns_of(_enrollments, "campaign_id", "line_id"),
            )
            .select_from(_enrollments)
            .outerjoin(_lines, _lines.c.id == _enrollments.c.line_id),
            _enrollments,
        ),
        _enrollments.c.contact_id,
        _enrollments.c.entered_at,
    ),
    _own(
        "messages",
        _with_step(
            select(
                _messages.c.enrollment_id.label("enrollment"),
                _messages.c.step_no,
                _campaign,
                _step,
                line,
                *columns_of(_messages, *_MESSAGE, "template_hash"),
                _outbox.c.state,
                _outbox.c.due_at,
                _outbox.c.attempts,
                _outbox.c.last_reply,
                _inbox.c.recipient,
                _inbox.c.subject,
            )
            .select_from(_messages)
            .outerjoin(_lines, _lines.c.id == _messages.c.line_id)
            .outerjoin(
                _outbox,
                and_(
                    _outbox.c.enrollment_id == _messages.c.enrollment_id,
                    _outbox.c.step_no == _messages.c.step_no,
                ),
            )
            .outerjoin(
                _inbox,
                and_(
                    _inbox.c.enrollment_id == _messages.c.enrollment_id,
                    _inbox.c.step_no == _messages.c.step_no,
                ),
            ),
            _messages,
        ),
        _messages.c.contact_id,
        _messages.c.planned_at,
    ),
    _own(
        "recommended",
        select(
            _shown.c.enrollment_id.label("enrollment"),
            _shown.c.step_no,
            _products.c.sku,
            _products.c.name,
            _shown.c.why,
        )
        .select_from(_shown)
        .join(_enrollments, _enrollments.c.id == _shown.c.enrollment_id)
        .outerjoin(_products, _products.c.id == _shown.c.product_id),
        _enrollments.c.contact_id,
        _shown.c.enrollment_id,
        _shown.c.step_no,
        _shown.c.kind,
        _shown.c.place,
    ),
    _own(
        "due_again",
        select(
            _products.c.sku,
            _products.c.name,
            _again.c.last_at,
            _again.c.due_at,
            _again.c.gap_days,
            _again.c.own,
        )
        .select_from(_again)
        .outerjoin(_products, _products.c.id == _again.c.product_id),
        _again.c.contact_id,
        _again.c.due_at,
    ),
    _own(
        "codes",
        select(*columns_of(_codes)).where(_codes.c.contact_id > literal_column("0")),
        _codes.c.contact_id,
        _codes.c.issued_at,
    ),
    _own(
        "redemptions",
        select(_orders.c.order_id.label("order"), *columns_of(_redemptions, "order_id", "code_id"))
        .select_from(_redemptions)
        .outerjoin(_orders, _orders.c.id == _redemptions.c.order_id),
        _redemptions.c.contact_id,
        _redemptions.c.at,
    ),
    _own(
        "notices",
        _with_step(
            select(
                _notices.c.enrollment_id.label("enrollment"),
                _campaign,
                _step,
                *columns_of(_notices, "enrollment_id", "campaign_id", "state"),
            ).select_from(_notices),
            _notices,
        ),
        _notices.c.contact_id,
        _notices.c.planned_at,
    ),
    # By the enrollment: by contact there is no index.
    _own(
        "hits",
        _by_message(_hits, *columns_of(_hits, "enrollment_id", "step_no")),
        _enrollments.c.contact_id,
        _hits.c.at,
    ),
    _own("signs", _by_message(_signs, _signs.c.kind, _signs.c.at), _signs.c.contact_id, _signs.c.at),
    _own("soft_bounces", select(*columns_of(_soft)), _soft.c.contact_id),
    _own("replies", select(*columns_of(_replies)), _replies.c.contact_id, _replies.c.at),
)
