"""What the database is asked for many contacts at once: by whose names, and in which stages."""

from __future__ import annotations

from nurture.clock import Moment
from nurture.journeys.campaign import Campaign
from nurture.lifecycle.stages import Lifecycle, within
from nurture.settings import Settings
from nurture.store import audience
from nurture.store.audience import Condition
from nurture.store.engine import Store, Tx
from nurture.store.expressions import Asking, narrowed
from nurture.store.stages import line_names


def asking(tx: Tx, store: Store, settings: Settings, lifecycle: Lifecycle, now: Moment) -> Asking:
    """How expressions of this workspace are read in SQL."""
    return Asking(
        dialect=store.dialect,
        now=now,
        first_stage=lifecycle.first,
        usual_gap_days=lifecycle.usual_gap_days,
        zone=settings.timezone,
        lines={name: line for line, name in line_names(tx).items() if line},
    )


def fits(
    campaign: Campaign, lifecycle: Lifecycle, settings: Settings, asked: Asking, *, when: bool
) -> Condition:
    """Who may fit the campaign, as far as the database can tell: a condition on a row of `contacts`.

    With lines `when` is asked on each of them, and not here; without `when` it is left out.
    """
    asks = when and campaign.lines is None
    return audience.fitting(
        stages=stages_of(lifecycle, campaign.stages) if campaign.stages else None,
        first_stage=lifecycle.first,
        topic=topic_asked(settings, campaign),
        condition=narrowed(campaign.when if asks else None, asked).possible,
    )


def stages_of(lifecycle: Lifecycle, patterns: tuple[str, ...]) -> list[str]:
    """The stages that lie in one of these patterns."""
    return [name for name in lifecycle.names if within(name, patterns)]


def topic_asked(settings: Settings, campaign: Campaign) -> str:
    """The topic that whoever enters has to agree to; empty where it is one that is always on."""
    topic = settings.topics.get(campaign.topic)
    return "" if topic is not None and topic.always else campaign.topic
