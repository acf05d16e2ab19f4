"""Sending a second time what nobody knows to have arrived: because a person says so, never by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nurture.clock import NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.journeys.campaign import Campaign
from nurture.journeys.terms import Terms
from nurture.runner.world import Edition, World
from nurture.store import journeys
from nurture.store.engine import Store, Tx
from nurture.store.resend import Again, Lost, plan_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """What became of the wish."""

    planned: frozenset[MessageKey]
    left: int
    """Of campaigns that are not in force any more: these stay unknown."""

    def meanwhile(self, wanted: int) -> int:
        """How many of those that were wanted are known by now, or planned by somebody else."""
        return wanted - len(self.planned) - self.left


def resend(store: Store, world: World, lost: Sequence[Lost], now: Moment) -> Resent:
    """Plan these a second time, to go at once, each as late as its step allows from `now` on.

    Only what is unknown still: two who ask at once do it once. Whether each may go is asked again when it is claimed.
    """
    with store.write() as tx:
        rows = _rows(tx, world, lost, now)
        planned = plan_again(tx, rows, now)
    return Resent(planned=frozenset(planned), left=len(lost) - len(rows))


def _rows(tx: Tx, world: World, lost: Sequence[Lost], now: Moment) -> list[Again]:
    entries = journeys.by_ids(tx, {it.key.enrollment_id for it in lost})
    rows = []
    for it in lost:
        live, entry = world.live.get(it.campaign_id), entries.get(it.key.enrollment_id)
        edition = live.edition_of(entry) if live and entry else None
        if edition is not None:
            terms = _terms(edition, edition.campaign, it.key.step_no)
            rows.append(
                Again(
                    key=it.key,
                    lane=world.lane_of(it.email),
                    priority=edition.campaign.priority,
                    stale_at=min(now + terms.stale_after, NEVER),
                )
            )
    return rows


def _terms(edition: Edition, campaign: Campaign, step_no: int) -> Terms:
    """Of the step; of the campaign where the step is gone."""
    if not edition.is_own(step_no):
        return campaign.terms
    return campaign.program.nodes[edition.steps[step_no]].step.terms(campaign.terms)
