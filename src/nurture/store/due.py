"""What is due, in one look: the cost of a tick in which nothing is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from nurture.clock import NEVER, Moment
from nurture.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDue:
    """When each part of a tick has something to do next; NEVER where nothing waits."""

    occasion: Moment
    review: Moment
    advance: Moment

    @property
    def first(self) -> Moment:
        """The earliest."""
        return min(self.occasion, self.review, self.advance)


# One look at the beginning of an index each; written out, since only so do the partial indexes apply.
_NEXT = text(
    "SELECT (SELECT due_at FROM occasions ORDER BY due_at LIMIT 1),"
    " (SELECT due_at FROM agenda ORDER BY due_at LIMIT 1),"
    " (SELECT due_at FROM enrollments WHERE closed_at = 0 ORDER BY due_at, id LIMIT 1)"
)


def next_due(tx: Tx) -> NextDue:
    """When people are to be let in together, contacts to be reviewed, and enrollments decided, next."""
    occasion, review, advance = (NEVER if it is None else int(it) for it in tx.execute(_NEXT).one())
    return NextDue(occasion=occasion, review=review, advance=advance)
