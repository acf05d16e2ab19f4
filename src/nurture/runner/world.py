"""What is in force: the applied version, read once into values that the loops share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from nurture.audience.expressions import Expression, Needs
from nurture.campaigns.book import Book
from nurture.journeys.campaign import Campaign
from nurture.lifecycle.stages import Lifecycle
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.offers.offer import Offer
from nurture.runner.counted import Counted
from nurture.settings import Settings
from nurture.store.journeys import CampaignRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One campaign that was ever applied. `campaign` is None where it is not in force any more."""

    record: CampaignRecord
    campaign: Campaign | None
    steps: Mapping[int, str]
    """Number to id."""
    needs: Needs
    """Of all its expressions."""
    door_needs: Needs
    """Of those that decide who enters, reaches the goal or leaves."""

    def number(self, step: str) -> int:
        """The number of a step of the campaign in force."""
        return self.record.numbers[step]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The applied version with everything that it names."""

    settings: Settings
    version: int
    lifecycle: Lifecycle
    offers: Mapping[str, Offer]
    live: Mapping[int, Live]
    """By campaign id."""
    library: Library
    templates: Mapping[tuple[str, str], Compiled] = field(default_factory=dict)
    """By name and locale; the locale "" is there for every name."""
    counted: Counted = field(default_factory=Counted, compare=False)
    """Orders as the last reviews by these rules counted them."""

    @property
    def in_force(self) -> list[tuple[Live, Campaign]]:
        """The campaigns of the applied version."""
        return [(live, live.campaign) for live in self.live.values() if live.campaign is not None]

    @property
    def door_needs(self) -> Needs:
        """What is asked about whoever may enter a campaign, or is in one."""
        return reduce(or_, (live.door_needs for live in self.live.values()), Needs())

    @property
    def stage_needs(self) -> Needs:
        """What the rules of the stages ask for."""
        return union(stage.rule for stage in self.lifecycle.stages if stage.rule)

    def template(self, name: str, locale: str) -> Compiled:
        """The template for somebody of this locale."""
        return self.templates[name, self.library.pick(name, locale)]


def build(
    settings: Settings,
    version: int,
    book: Book,
    records: Mapping[str, CampaignRecord],
    library: Library,
    templates: Mapping[tuple[str, str], Compiled],
) -> World:
    """Put together what an applied version says and the numbers that the database gave its steps."""
    live = {}
    for record in records.values():
        campaign = book.campaigns.get(record.key) if record.active else None
        steps = {no: step for step, no in record.numbers.items()}
        live[record.id] = Live(
            record=record,
            campaign=campaign,
            steps=steps,
            needs=union(expressions(campaign)) if campaign else Needs(),
            door_needs=union(door_expressions(campaign)) if campaign else Needs(),
        )
    return World(
        settings=settings,
        version=version,
        lifecycle=book.lifecycle,
        offers=book.offers,
        live=live,
        library=library,
        templates=templates,
    )


def door_expressions(campaign: Campaign) -> list[Expression]:
    """What the campaign asks about who may enter, reaches the goal or leaves."""
    triggers = [*campaign.exits, *([campaign.goal] if campaign.goal else [])]
    found = [trigger.expression for trigger in triggers if trigger.expression is not None]
    if campaign.when is not None:
        found.append(campaign.when)
    return found


def expressions(campaign: Campaign) -> list[Expression]:
    """Every expression that the campaign asks."""
    found = door_expressions(campaign)
    for node in campaign.program.nodes.values():
        found.extend(node.step.expressions().values())
    return found


def union(asked: Iterable[Expression]) -> Needs:
    """What any of them needs."""
    return reduce(or_, (expression.needs for expression in asked), Needs())
