"""Putting checked files into force."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.clock import NEVER, Moment, Span
from nurture.journeys.reasons import Reason
from nurture.runner import looking
from nurture.runner import occasions as together
from nurture.runner.checking import Checked
from nurture.runner.looking import Progress
from nurture.runner.proposing import Proposal, must_be_possible, propose
from nurture.settings import Settings
from nurture.store import draws, journeys, occasions, outbox, templates, versions
from nurture.store.engine import Store, Tx
from nurture.store.versions import CampaignRecord


def apply(
    store: Store,
    settings: Settings,
    checked: Checked,
    files: Mapping[str, str],
    now: Moment,
    *,
    proposal: Proposal | None = None,
    spread: Span = 0,
    progress: Progress = lambda what, done, total: None,
) -> int:
    """Put checked files into force; returns the version's number.

    Raises FilesError, with nothing changed, where they hold errors or would leave people standing at steps
    that are gone. People whom an edit lets go on do so over the time of `spread`.
    """
    proposal = proposal or propose(store, settings, checked, files, now, progress=progress)
    must_be_possible(proposal)
    book = checked.book
    compiled = [*checked.templates.values(), *checked.reworded]
    with store.write() as tx:
        known = versions.records(tx)
        before = versions.applied(tx)
        templates.keep(tx, compiled)
        number = versions.put_into_force(
            tx,
            files,
            sorted({it.hash for it in compiled}),
            {key: campaign.name or key for key, campaign in book.campaigns.items()},
            proposal.steps,
            store.ids,
            now,
        )
        records = versions.records(tx)
        draws.forget_draws(tx)
        _let_go_of(tx, known, records, now)
        for campaign_id, version in proposal.bound.items():
            journeys.bind(tx, campaign_id, version)
        for campaign_id, numbers in proposal.touched.items():
            journeys.decide_again(tx, campaign_id, numbers, now, spread)
        for key in proposal.retimed:
            at = together.first_occasion(book.campaigns[key], settings.zone, now)
            occasions.put(tx, records[key].id, at)
        if before is not None and any(it.endswith("lifecycle.yaml") for it in proposal.difference.other):
            looking.look_at_everybody(tx, now, progress)
        else:
            edited = [book.campaigns[key] for key in (*proposal.difference.new, *proposal.difference.changed)]
            looking.look_at(tx, store, settings, book.lifecycle, edited, now, progress)
    return number


def _let_go_of(
    tx: Tx, before: Mapping[str, CampaignRecord], after: Mapping[str, CampaignRecord], now: Moment
) -> None:
    """Whoever is in a campaign that is not in force any more leaves it."""
    for key, record in before.items():
        if record.active and not after[key].active:
            closed = journeys.close_all(tx, record.id, Reason.CAMPAIGN_GONE, now)
            outbox.skip_enrollments(tx, closed, Reason.CAMPAIGN_GONE, now)
            occasions.put(tx, record.id, NEVER)
