"""The codes of one contact, and what orders came of them: for `nurture explain`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, func, literal_column, or_, select

from nurture.offers.redemption import Verdict
from nurture.reports.explain import CodeStory, UseStory
from nurture.store.bulk import among
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import CodeRow, OrderRow, RedemptionRow

_codes = table(CodeRow)
_orders = table(OrderRow)
_redemptions = table(RedemptionRow)


def codes_of(tx: Tx, contact_id: int) -> tuple[CodeStory, ...]:
    """The codes that a contact was given, oldest first, with all orders that bear them; then those of others that
    their orders bear."""
    # As the partial index by contact spells it.
    given = select(_codes).where(_codes.c.contact_id == contact_id, literal_column("codes.contact_id > 0"))
    rows = tx.execute(given.order_by(_codes.c.issued_at, _codes.c.id)).all()
    by_own = among(tx, _redemptions.c.code_id, [row.id for row in rows])
    names = among(tx, _redemptions.c.canonical, sorted({row.canonical for row in rows if row.own}))
    theirs = _redemptions.c.contact_id == contact_id
    uses: dict[int, list[UseStory]] = defaultdict(list)
    foreign: dict[str, tuple[Row[Any], list[UseStory]]] = {}
    held = {row.id for row in rows}
    for row in tx.execute(_used(or_(theirs, names & by_own))):
        use = UseStory(
            order=row.number,
            at=row.at,
            verdict=cast(Verdict, row.verdict),
            discount=row.discount if row.is_known else None,
            is_theirs=row.contact_id == contact_id,
        )
        if row.code_id in held:
            uses[row.code_id].append(use)
        else:
            foreign.setdefault(row.canonical, (row, []))[1].append(use)
    mine = tuple(
        CodeStory(
            code=row.code,
            offer=row.offer,
            own=bool(row.own),
            issued_at=row.issued_at,
            handed_at=row.handed_at,
            expires_at=row.expires_at,
            redeemed_at=row.redeemed_at,
            uses=tuple(uses[row.id]),
        )
        for row in rows
    )
    return mine + tuple(
        CodeStory(
            code=row.code,
            offer=row.offer,
            own=row.code_id > 0,
            issued_at=0,
            handed_at=0,
            expires_at=0,
            redeemed_at=0,
            uses=tuple(some),
        )
        for row, some in foreign.values()
    )


def _used(wanted: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            *(
                _redemptions.c[name]
                for name in ("code_id", "canonical", "offer", "contact_id", "at", "verdict")
            ),
            _redemptions.c.discount,
            _redemptions.c.is_known,
            _orders.c.order_id.label("number"),
            func.coalesce(_codes.c.code, _redemptions.c.canonical).label("code"),
        )
        .join(_orders, _orders.c.id == _redemptions.c.order_id)
        .outerjoin(_codes, _codes.c.id == _redemptions.c.code_id)
        .where(wanted)
        .order_by(_redemptions.c.at, _redemptions.c.order_id)
    )
