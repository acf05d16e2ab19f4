"""Which variant of a step has won, where its campaign asks for a winner."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from sqlalchemy import Executable, or_, select

from nurture.clock import Moment
from nurture.store.engine import Tx
from nurture.store.statements import insert, one_of, table
from nurture.store.tables import WinnerRow

_winners = table(WinnerRow)


class Place(NamedTuple):
    """Where a winner is asked for."""

    campaign_id: int
    step_no: int
    round: str
    """The entry key of the occasion, in a campaign that many enter together; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The variant that has won."""

    template: str
    variants: tuple[str, ...]
    """What it was chosen from."""
    at: Moment
    """When its test was over."""
    final: bool
    """False: for those who could not wait longer; later ones are tested again."""
    why: str


_COLUMNS = (
    _winners.c.campaign_id,
    _winners.c.step_no,
    _winners.c.round,
    _winners.c.template,
    _winners.c.variants,
    _winners.c.at,
    _winners.c.final,
    _winners.c.why,
)
_CHOSEN = select(*_COLUMNS).where(
    one_of(_winners.c.campaign_id, "campaigns"), one_of(_winners.c.round, "rounds")
)
_OF_CAMPAIGNS = (
    select(*_COLUMNS)
    .where(one_of(_winners.c.campaign_id, "campaigns"))
    .order_by(_winners.c.at.desc(), _winners.c.round)
)


def chosen(tx: Tx, campaigns: Collection[int], rounds: Collection[str]) -> dict[Place, Chosen]:
    """What has won in these campaigns on these occasions."""
    rows = tx.execute(_CHOSEN, {"campaigns": campaigns, "rounds": rounds})
    return {Place(*row[:3]): _read(*row[3:]) for row in rows}


def of_campaigns(tx: Tx, campaigns: Collection[int]) -> dict[Place, Chosen]:
    """All that ever won in these campaigns, the newest first. For reports."""
    return {Place(*row[:3]): _read(*row[3:]) for row in tx.execute(_OF_CAMPAIGNS, {"campaigns": campaigns})}


def keep(tx: Tx, winners: Mapping[Place, Chosen]) -> None:
    """Write down what has won. What was final for the same variants before stays."""
    rows = [
        {
            "campaign_id": place.campaign_id,
            "step_no": place.step_no,
            "round": place.round,
            "template": it.template,
            "variants": json.dumps(it.variants),
            "at": it.at,
            "final": it.final,
            "why": it.why,
        }
        for place, it in winners.items()
    ]
    if rows:
        tx.execute(_keeping(tx.dialect.name), rows)


@cache
def _keeping(dialect: str) -> Executable:
    made = insert(dialect, _winners)
    new = made.excluded
    kept: Executable = made.on_conflict_do_update(
        index_elements=["campaign_id", "step_no", "round"],
        set_={name: new[name] for name in ("template", "variants", "at", "final", "why")},
        where=or_(_winners.c.final.is_(False), _winners.c.variants != new.variants),
    )
    return kept


def _read(template: str, variants: str, at: int, final: bool, why: str) -> Chosen:
    return Chosen(template=template, variants=tuple(json.loads(variants)), at=at, final=bool(final), why=why)
