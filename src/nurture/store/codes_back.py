"""Codes that were never handed over go back: free for the next, in the transaction that ends their message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from sqlalchemy import ColumnElement, Executable, Subquery, delete, literal_column, select, tuple_, update

from nurture.clock import Moment
from nurture.store.codes import ERASED, FREE, SOMEBODYS, Holder, codes
from nurture.store.engine import Tx
from nurture.store.keys import as_json, listed
from nurture.store.statements import chunks, one_of, table
from nurture.store.tables import MessageRow

_messages = table(MessageRow)

ENDED = ("skipped", "bounced", "refused", "expired")
"""Outcomes of messages that did not reach anybody. One that is unknown may have."""

_OPEN: tuple[ColumnElement[str], ...] = (literal_column("''"), literal_column("'unknown'"))


def give_back(tx: Tx, holders: Collection[Holder]) -> int:
    """Free the codes of these offers that their contacts were never sent; those for all are as if never given.

    A code stays with its contact while another message that may carry it is under way, or may have arrived. Returns
    how many went back.
    """
    done = 0
    for some in chunks(sorted(set(holders))):
        given = {"holders": as_json(some)}
        dialect = tx.dialect.name
        done += tx.execute(_freeing(dialect), given).rowcount + tx.execute(_dropping(dialect), given).rowcount
    return done


def sweep(tx: Tx, since: Moment, until: Moment) -> int:
    """Give back what was issued for messages that were ended by somebody else at that very moment.

    Looks at the messages that were done in that time, found by an index. Returns how many codes went back.
    """
    its = (
        select(_messages.c.offer, _messages.c.contact_id)
        .where(
            _messages.c.done_at >= since,
            _messages.c.done_at < until,
            _messages.c.outcome.in_(ENDED),
            _messages.c.offer != "",
        )
        .distinct()
    )
    return give_back(tx, [(offer, contact) for offer, contact in tx.execute(its)])


def erase(tx: Tx, contacts: Sequence[int]) -> int:
    """Take the contacts from their codes. An own code is nobody's then, and nobody gets it again."""
    theirs = one_of(codes.c.contact_id, "contacts") & SOMEBODYS
    own = update(codes).where(theirs, codes.c.own).values(contact_id=ERASED, stands_for="")
    given = {"contacts": list(contacts)}
    return tx.execute(own, given).rowcount + tx.execute(delete(codes).where(theirs), given).rowcount


@cache
def _freeing(dialect: str) -> Executable:
    rows = _wanted(dialect)
    return (
        update(codes)
        .where(*_unsent(rows), codes.c.own)
        .values(contact_id=FREE, issued_at=0, expires_at=0, stands_for="")
    )


@cache
def _dropping(dialect: str) -> Executable:
    return delete(codes).where(*_unsent(_wanted(dialect)), ~codes.c.own)


def _wanted(dialect: str) -> Subquery:
    return listed(dialect, "holders", (("offer", "text"), ("contact", "int")))


def _unsent(rows: Subquery) -> tuple[ColumnElement[bool], ...]:
    its = _messages.c.contact_id == codes.c.contact_id
    offered = (_messages.c.offer == codes.c.offer) | (
        (_messages.c.offer == codes.c.stands_for) & (codes.c.stands_for != "")
    )
    carries = select(_messages.c.step_no).where(its, offered, _messages.c.outcome.in_(_OPEN))
    return (
        tuple_(codes.c.contact_id, codes.c.offer).in_(select(rows.c.contact, rows.c.offer)),
        SOMEBODYS,
        codes.c.handed_at == 0,
        codes.c.redeemed_at == 0,
        ~carries.correlate(codes).exists(),
    )
