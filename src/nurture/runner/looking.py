"""Whom newly applied files may move: they are put on the agenda, and their next review sees to all else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from nurture.clock import Moment
from nurture.journeys.campaign import Campaign
from nurture.journeys.enter import EnterOnDate, EnterOnStage
from nurture.lifecycle.stages import Lifecycle, within
from nurture.settings import Settings
from nurture.store import audience
from nurture.store.engine import Store, Tx
from nurture.store.expressions import Asking, narrowed
from nurture.store.stages import line_names

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
    asking = Asking(
        dialect=store.dialect,
        now=now,
        first_stage=lifecycle.first,
        usual_gap_days=lifecycle.usual_gap_days,
        zone=settings.timezone,
        lines={name: line for line, name in line_names(tx).items() if line},
    )
    # Those that ask nothing first: they spare the others their questions.
    asked = sorted((it for it in campaigns if _looks(it)), key=lambda it: it.when is not None)
    fits = [_fits(it, lifecycle, settings, asking) for it in asked]
    audience.look_at(tx, fits, now, lambda done, total: progress(LOOKING, done, total))


def look_at_everybody(tx: Tx, now: Moment, progress: Progress) -> None:
    """Have everybody looked at `now`: the rules of the stages have changed."""
    audience.look_at_everybody(
        tx, now, lambda done, total: progress("looking at everybody again", done, total)
    )


def _fits(campaign: Campaign, lifecycle: Lifecycle, settings: Settings, asking: Asking) -> audience.Condition:
    topic = settings.topics.get(campaign.topic)
    # Later, `when` may hold though it does not today; with lines, it is asked on each of them.
    moves = isinstance(campaign.enter, EnterOnDate) or (
        campaign.when is not None and campaign.when.needs.clock
    )
    asks = campaign.lines is None and not moves
    return audience.fitting(
        stages=_stages(campaign, lifecycle),
        first_stage=lifecycle.first,
        topic="" if topic is not None and topic.always else campaign.topic,
        condition=narrowed(campaign.when if asks else None, asking).possible,
    )


def _looks(campaign: Campaign) -> bool:
    """Whether it lets in people to whom nothing happens."""
    match campaign.enter:
        case EnterOnStage(existing=existing):
            return existing
        case EnterOnDate():
            return True
        case _:
            return False


def _stages(campaign: Campaign, lifecycle: Lifecycle) -> list[str] | None:
    if not campaign.stages:
        return None
    return [name for name in lifecycle.names if within(name, campaign.stages)]
