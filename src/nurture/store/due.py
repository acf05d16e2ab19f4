"""What is due, in one look: the cost of a tick in which nothing is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from nurture.clock import NEVER, Moment
from nurture.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDue:
    """When each part of a tick has something to do next; NEVER where nothing waits."""

    review: Moment
    advance: Moment


# One look at the beginning of an index each; written out, since only so do the partial indexes apply.
_NEXT = text(
    "SELECT (SELECT due_at FROM agenda ORDER BY due_at LIMIT 1),"
    " (SELECT due_at FROM enrollments WHERE closed_at = 0 ORDER BY due_at, id LIMIT 1)"
)


def next_due(tx: Tx) -> NextDue:
    """When contacts are to be reviewed, and enrollments decided, next."""
    review, advance = tx.execute(_NEXT).one()
    return NextDue(
        review=NEVER if review is None else int(review), advance=NEVER if advance is None else int(advance)
    )
