"""Which variant of a step has won, where its campaign asks for a winner."""

from __future__ import annotations

from sqlalchemy import select

from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import WinnerRow

_winners = table(WinnerRow)


def chosen(tx: Tx) -> dict[tuple[int, int], str]:
    """The template that won, by campaign and number of the step."""
    rows = tx.execute(select(_winners.c.campaign_id, _winners.c.step_no, _winners.c.template))
    return {(campaign, step_no): template for campaign, step_no, template in rows}
