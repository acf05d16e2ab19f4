"""What is in force: the applied version, read once into values that the loops share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import TypeAlias
from zoneinfo import ZoneInfo

from nurture.audience.contact import Contact
from nurture.audience.expressions import Expression, Needs
from nurture.audience.zones import zone_of
from nurture.clock import Moment
from nurture.journeys.calendar import Anniversary
from nurture.journeys.calendar import expression_of as date_of
from nurture.journeys.campaign import Campaign
from nurture.journeys.direct import DIRECT, DIRECT_ID
from nurture.journeys.enter import EnterOnDate, EnterOnEvent, EnterOnStage
from nurture.journeys.holding import first_offer, offers_by_step
from nurture.journeys.limits import Limits
from nurture.journeys.questions import Question
from nurture.journeys.terms import Terms
from nurture.lifecycle.stages import Lifecycle, within
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.offers.offer import Offer
from nurture.runner.counted import Counted
from nurture.settings import Settings
from nurture.store.journeys import Enrollment
from nurture.store.versions import CampaignRecord, Numbering

Words: TypeAlias = tuple[str, str, str, str]
"""A template's name and locale, with the subject and the preview of its message."""


LaneOf: TypeAlias = Callable[[str], str]
"""Into which lane of the outbox mail to an address goes."""


def nowhere(email: str) -> str:
    """All mail goes the same way."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """The templates of one version, compiled."""

    library: Library
    compiled: Mapping[Words, Compiled] = field(default_factory=dict)
    """The locale "" is there for every name."""
    _found: dict[Words, Compiled] = field(default_factory=dict, compare=False, repr=False)

    def of(self, name: str, locale: str, terms: Terms | None = None) -> Compiled:
        """The template for somebody of this locale, with the words that its step says in place of its own."""
        asked = (name, locale, terms.subject, terms.preview) if terms else (name, locale, "", "")
        if asked not in self._found:
            self._found[asked] = self._find(*asked)
        return self._found[asked]

    def _find(self, name: str, locale: str, subject: str, preview: str) -> Compiled:
        picked = self.library.pick(name, locale)
        head = self.library.head(self.library.source(name, picked))
        return self.compiled[name, picked, subject or head.subject, preview or head.preview]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A campaign as one version has it."""

    version: int
    campaign: Campaign
    letters: Letters
    numbers: Mapping[str, int]
    """Step id to number."""
    steps: Mapping[int, str]
    """Number to id; for a step that is gone, the id of the one that stands for it; empty: the end."""
    changed: Mapping[int, Moment]
    """When what a step says last changed, by its number."""
    offer: str
    """The one that `offer` means in conditions of the whole campaign."""
    offers: Mapping[str, str]
    """The one that it means in conditions of a step, by the step's id."""
    needs: Needs
    """Of all its expressions."""
    door_needs: Needs
    """Of those that decide who enters, reaches the goal or leaves."""

    def holders(self, contact_id: int) -> set[tuple[str, int]]:
        """What to load so that its conditions can ask about the offers that this contact holds."""
        return {(offer, contact_id) for offer in (self.offer, *self.offers.values()) if offer}

    def is_own(self, step_no: int) -> bool:
        """Whether the step of this number is there, and not another one stands for it."""
        step = self.steps.get(step_no, "")
        return bool(step) and self.numbers[step] == step_no


@dataclass(frozen=True, kw_only=True)
class Live:
    """One campaign that was ever applied."""

    record: CampaignRecord
    edition: Edition | None
    """None: it is not in force any more."""
    earlier: Mapping[int, Edition] = field(default_factory=dict)
    """Versions that people finish who entered with them, by number: `on edit: pin`."""

    @property
    def campaign(self) -> Campaign | None:
        """As it is in force."""
        return self.edition.campaign if self.edition else None

    def edition_of(self, enrollment: Enrollment) -> Edition | None:
        """The version that this entry goes by."""
        if self.edition is None or self.edition.campaign.on_edit == "follow":
            return self.edition
        return self.earlier.get(enrollment.version, self.edition)

    @cached_property
    def needs(self) -> Needs:
        """Of all expressions of all versions that somebody goes by."""
        return reduce(or_, (it.needs for it in self._editions), Needs())

    @cached_property
    def door_needs(self) -> Needs:
        """Of those that decide who enters, reaches the goal or leaves."""
        return reduce(or_, (it.door_needs for it in self._editions), Needs())

    def gate_needs(self, step_no: int) -> Needs:
        """What the gate of a message of this step asks."""
        steps = (it.campaign.program.nodes.get(it.steps.get(step_no, "")) for it in self._editions)
        asked = (node.step.when for node in steps if node is not None and node.step.when is not None)
        return self.door_needs | union(asked)

    def holders(self, contact_id: int) -> set[tuple[str, int]]:
        """What to load so that conditions can ask about the offers that this contact holds."""
        return {holder for it in self._editions for holder in it.holders(contact_id)}

    @property
    def _editions(self) -> list[Edition]:
        return [*([self.edition] if self.edition else []), *self.earlier.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrances:
    """The campaigns in force by what may let a contact in, so that a review asks only those."""

    always: tuple[Live, ...] = ()
    """Those that may let in somebody to whom nothing happened."""
    by_stage: Mapping[str, tuple[Live, ...]] = field(default_factory=dict)
    """Those that only coming into a stage lets into, by its name."""
    by_event: Mapping[str, tuple[Live, ...]] = field(default_factory=dict)
    """Those that only an event lets into, by its name."""
    by_date: tuple[tuple[Campaign, EnterOnDate], ...] = ()
    """Those with a date of the contact's own."""
    by_time: tuple[tuple[Live, Campaign], ...] = ()
    """Those that let in whoever is in the stage already, and whose `when` time alone may make true."""


@dataclass(frozen=True, kw_only=True)
class World:
    """The applied version with everything that it names."""

    settings: Settings
    version: int
    lifecycle: Lifecycle
    offers: Mapping[str, Offer]
    live: Mapping[int, Live]
    """By campaign id."""
    questions: Mapping[str, Question] = field(default_factory=dict)
    """By name."""
    letters: Letters
    limits: Limits = field(default_factory=Limits)
    lane_of: LaneOf = field(default=nowhere, compare=False)
    counted: Counted = field(default_factory=Counted, compare=False)
    """Orders as the last reviews by these rules counted them."""
    passed_over: set[int] = field(default_factory=set, compare=False)
    """Later versions that cannot be read, in whose place this one stays."""

    def is_behind(self, newest: int) -> bool:
        """Whether another version was applied since. Then nothing may be decided by this one: what the apply has put
        up to be decided anew would be done with by the old rules."""
        return newest > self.version and newest not in self.passed_over

    @property
    def in_force(self) -> list[tuple[Live, Campaign]]:
        """The campaigns of the applied version."""
        return [
            (live, live.campaign)
            for live in self.live.values()
            if live.campaign is not None and not live.campaign.is_direct
        ]

    @cached_property
    def entrances(self) -> Entrances:
        """How people come into the campaigns of the applied version, but for those that many enter together."""
        always: list[Live] = []
        by_stage: list[Live] = []
        by_date: list[tuple[Campaign, EnterOnDate]] = []
        by_event: dict[str, list[Live]] = defaultdict(list)
        for live, campaign in self.in_force:
            match campaign.enter:
                case EnterOnDate() as enter:
                    always.append(live)
                    by_date.append((campaign, enter))
                # When one line is over the next begins, though nothing happens.
                case _ if campaign.lines is not None:
                    always.append(live)
                case EnterOnEvent(event=name):
                    by_event[name].append(live)
                case EnterOnStage(existing=existing):
                    (always if existing else by_stage).append(live)
        return Entrances(
            always=tuple(always),
            by_stage={name: _for_stage(by_stage, name) for name in self.lifecycle.names},
            by_event={name: tuple(found) for name, found in by_event.items()},
            by_date=tuple(by_date),
            by_time=tuple(
                (live, campaign)
                for live, campaign in self.in_force
                if isinstance(campaign.enter, EnterOnStage)
                and campaign.enter.existing
                and campaign.when is not None
                and campaign.when.needs.clock
            ),
        )

    @cached_property
    def door_needs(self) -> Needs:
        """What is asked about whoever may enter a campaign, or is in one."""
        return reduce(or_, (live.door_needs for live in self.live.values()), Needs())

    @cached_property
    def asks_who_is_in(self) -> bool:
        """Whether a condition asks about being in a campaign."""
        return any(live.needs.in_campaigns for live in self.live.values())

    @cached_property
    def stage_needs(self) -> Needs:
        """What the rules of the stages ask for."""
        return union(stage.rule for stage in self.lifecycle.stages if stage.rule)

    def zone_for(self, campaign: Campaign, contact: Contact) -> ZoneInfo:
        """The zone in which the campaign's times are read for this contact."""
        return self.settings.zone if campaign.in_workspace_time else zone_of(contact, self.settings.zone)


def _for_stage(campaigns: Iterable[Live], stage: str) -> tuple[Live, ...]:
    return tuple(it for it in campaigns if it.campaign and within(stage, it.campaign.stages or (stage,)))


def letters_of(library: Library, compiled: Iterable[Compiled]) -> Letters:
    """Compiled templates, found by their words."""
    by_words = {(it.name, it.locale, *_as_written(it)): it for it in compiled}
    return Letters(library=library, compiled=by_words)


def _as_written(compiled: Compiled) -> tuple[str, str]:
    """Subject and preview as the files have them; what was compiled before that was kept says the same in both."""
    return compiled.written if any(compiled.written) else (compiled.subject, compiled.preview)


def edition(version: int, campaign: Campaign, numbering: Numbering, letters: Letters) -> Edition:
    """A campaign with the numbers that its steps bear in a version."""
    steps = {no: step for step, no in numbering.numbers.items()}
    return Edition(
        version=version,
        campaign=campaign,
        letters=letters,
        numbers=numbering.numbers,
        steps={**numbering.aliases, **steps},
        changed=numbering.changed,
        offer=first_offer(campaign),
        offers=offers_by_step(campaign),
        needs=union(expressions(campaign)),
        door_needs=union(door_expressions(campaign)),
    )


def direct_live(version: int, letters: Letters) -> Live:
    """What stands for messages outside of campaigns."""
    record = CampaignRecord(id=DIRECT_ID, key=DIRECT.key, name=DIRECT.name, first_applied_at=0, active=True)
    return Live(record=record, edition=edition(version, DIRECT, Numbering(numbers={}), letters))


def door_expressions(campaign: Campaign) -> list[Expression]:
    """What the campaign asks about who may enter, reaches the goal or leaves."""
    triggers = [*campaign.exits, *([campaign.goal] if campaign.goal else [])]
    found = [trigger.expression for trigger in triggers if trigger.expression is not None]
    if campaign.when is not None:
        found.append(campaign.when)
    if isinstance(campaign.enter, EnterOnDate) and not isinstance(campaign.enter.when, Anniversary):
        asked = date_of(campaign.enter.when)
        found += [] if asked is None else [asked]
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
