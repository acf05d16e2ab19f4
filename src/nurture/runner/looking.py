"""Whom newly applied files may move: they are put on the agenda, and their next review sees to all else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from nurture.clock import Moment
from nurture.journeys.campaign import Campaign
from nurture.journeys.enter import EnterOnDate, EnterOnStage
from nurture.lifecycle.stages import Lifecycle
from nurture.runner.asking import asking, fits
from nurture.settings import Settings
from nurture.store import audience
from nurture.store.engine import Store, Tx

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, and with how many people of how many so far."""

LOOKING = "looking whom the campaigns let in"


def look_at(
    tx: Tx,
    store: Store,
    settings: Settings,
    lifecycle: Lifecycle,
    campaigns: Iterable[Campaign],
    now: Moment,
    progress: Progress,
) -> None:
    """Have those looked at `now` whom these campaigns, new or changed, may let in though nothing happens to them."""
    questions = asking(tx, store, settings, lifecycle, now)
    # Those that ask nothing first: they spare the others their questions.
    asked = sorted((it for it in campaigns if _looks(it)), key=lambda it: it.when is not None)
    who = [fits(it, lifecycle, settings, questions, when=not _moves(it)) for it in asked]
    audience.look_at(tx, who, now, lambda done, total: progress(LOOKING, done, total))


def look_at_everybody(tx: Tx, now: Moment, progress: Progress) -> None:
    """Have everybody looked at `now`: the rules of the stages have changed."""
    audience.look_at_everybody(
        tx, now, lambda done, total: progress("looking at everybody again", done, total)
    )


def _moves(campaign: Campaign) -> bool:
    """Whether `when` may hold later though it does not today."""
    on_a_date = isinstance(campaign.enter, EnterOnDate)
    return on_a_date or (campaign.when is not None and campaign.when.needs.clock)


def _looks(campaign: Campaign) -> bool:
    """Whether it lets in people to whom nothing happens."""
    match campaign.enter:
        case EnterOnStage(existing=existing):
            return existing
        case EnterOnDate():
            return True
        case _:
            return False
