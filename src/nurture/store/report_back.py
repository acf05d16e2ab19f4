"""What came back of the mail of some days: bounces, complaints and unsubscribes."""

from __future__ import annotations

from sqlalchemy import and_, func, select

from nurture.clock import Moment
from nurture.reports.back import CameBack
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import MessageRow, SignRow

_messages = table(MessageRow)
_signs = table(SignRow)


def came_back(tx: Tx, since: Moment, until: Moment) -> CameBack:
    """Counted by the messages that left from `since` to before `until`, whenever the answer to them came."""
    when = (_messages.c.done_at >= since, _messages.c.done_at < until)
    by_outcome = (
        select(_messages.c.outcome, func.count())
        .where(*when, _messages.c.outcome.in_(["sent", "bounced"]))
        .group_by(_messages.c.outcome)
    )
    by_sign = (
        select(_signs.c.kind, func.count())
        .select_from(_messages)
        .join(
            _signs,
            and_(
                _signs.c.enrollment_id == _messages.c.enrollment_id,
                _signs.c.step_no == _messages.c.step_no,
            ),
        )
        .where(*when, _signs.c.kind.in_(["complaint", "unsubscribe"]))
        .group_by(_signs.c.kind)
    )
    outcomes: dict[str, int] = dict(tx.execute(by_outcome).all())
    signs: dict[str, int] = dict(tx.execute(by_sign).all())
    bounced = outcomes.get("bounced", 0)
    return CameBack(
        left=outcomes.get("sent", 0) + bounced,
        bounced=bounced,
        complained=signs.get("complaint", 0),
        unsubscribed=signs.get("unsubscribe", 0),
    )
