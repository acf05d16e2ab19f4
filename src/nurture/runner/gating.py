"""The last look at claimed messages before they are rendered: the gate of `journeys`, asked for a whole group."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from nurture.audience.expressions import Needs
from nurture.audience.facts import Facts
from nurture.clock import NEVER, SECOND, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.journeys import evidence
from nurture.journeys.campaign import Campaign
from nurture.journeys.caps import longest
from nurture.journeys.decisions import Drop, Go, Hold
from nurture.journeys.gates import GateQuestion, Quiet, gate
from nurture.journeys.reasons import Reason
from nurture.journeys.steps.base import StepKind
from nurture.journeys.terms import Terms
from nurture.messages.compiled import Compiled
from nurture.messages.needs import facts_needed
from nurture.runner.facts import Batch, gather
from nurture.runner.prepared import Dropped, Held
from nurture.runner.world import Edition, World
from nurture.store import (
    agenda,
    consents,
    journeys,
    messages,
    outbox,
    quiet,
    sign_ups,
    suppressions,
    templates,
    versions,
)
from nurture.store.candidates import Wish
from nurture.store.claims import Claimed
from nurture.store.engine import Tx
from nurture.store.journeys import Enrollment
from nurture.store.messages import Ordered
from nurture.store.outbox import HeldBack

NOT_REVIEWED = "something happened to them that is not taken in yet"
NOT_TAKEN_UP = "another version was applied, which is not taken up yet"
RUNNING = versions.State()
"""Of what is no campaign, and so is never paused."""
_EARLY = frozenset(map(str, Reason)) - {str(Reason.FINISHED)}
"""Reasons for leaving a campaign before its end; `end: REASON` is an end of its own."""
REVIEW_TIME: Span = SECOND
"""How long to wait for a review, or for a new version to be taken up, before asking again."""


class Asked(NamedTuple):
    """One claimed message with all that its gate and its rendering want to know. A tuple: there is one for each."""

    claimed: Claimed
    ordered: Ordered
    enrollment: Enrollment
    edition: Edition
    step: StepKind | None
    """None: it is gone from the campaign."""
    terms: Terms
    """On what terms the message goes, as its campaign says now."""
    facts: Facts
    compiled: Compiled

    @property
    def campaign(self) -> Campaign:
        """The campaign it belongs to, as its entry goes by it."""
        return self.edition.campaign

    @property
    def step_name(self) -> str:
        """The id of its step."""
        return self.edition.steps.get(self.claimed.key.step_no, "")

    @property
    def wish(self) -> Wish:
        """Whom to recommend to, from which line."""
        return (self.claimed.contact_id, self.enrollment.line_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What the gate said of a group."""

    going: tuple[Asked, ...]
    """The messages that may go."""
    stopped: tuple[Dropped | Held, ...]
    """An answer for each that may not."""
    outranked: Mapping[MessageKey, Mapping[str, str]] = field(default_factory=dict)
    """Other messages that give up their room under the cap, with the facts behind that: to be skipped."""


def gated(tx: Tx, world: World, claims: Sequence[Claimed], address_key: bytes, now: Moment) -> Gated:
    """Ask the gate about every message, with the facts of all loaded at once. Nothing is written."""
    if world.is_behind(versions.newest_version(tx)):
        until = now + REVIEW_TIME
        return Gated(
            going=(), stopped=tuple(Held(key=it.key, until=until, reason=NOT_TAKEN_UP) for it in claims)
        )
    ordered = messages.ordered(tx, [it.key for it in claims])
    enrollments = journeys.by_ids(tx, {it.key.enrollment_id for it in claims})
    waiting = agenda.waiting(tx, {it.contact_id for it in claims}, now)
    compiled = templates.by_hash(tx, {it.template_hash for it in ordered.values()})
    batch = _facts(tx, world, claims, ordered, list(compiled.values()), now)
    may = _Permissions(tx, world, batch, address_key, now)
    states = versions.states(tx)
    going: list[Asked] = []
    stopped: list[Dropped | Held] = []
    outranked: dict[MessageKey, Mapping[str, str]] = {}
    terms: dict[tuple[int, int, str], Terms] = {}
    for claimed in claims:
        it = _asked(world, batch, claimed, ordered[claimed.key], enrollments, compiled, terms)
        if it is None:
            stopped.append(Dropped(key=claimed.key, reason=Reason.CAMPAIGN_GONE, leaves=True))
            continue
        if claimed.contact_id in waiting:
            stopped.append(Held(key=claimed.key, until=now + REVIEW_TIME, reason=NOT_REVIEWED))
            continue
        question = may.question(it, now)
        match gate(question):
            case Go() if states.get(claimed.campaign_id, RUNNING).paused_at:
                stopped.append(Held(key=claimed.key, until=NEVER, reason=str(Reason.PAUSED)))
            case Go():
                going.append(it)
            case Drop(reason=reason, leaves=leaves):
                saw = evidence.of_gate(question, reason)
                stopped.append(Dropped(key=claimed.key, reason=str(reason), leaves=leaves, saw=saw))
            case Hold(until=until, reason=reason):
                stopped.append(Held(key=claimed.key, until=until, reason=reason))
                if reason == Reason.CAP and it.terms.on_cap == "replace":
                    saw = {"replaced by": f"{it.campaign.key}/{it.step_name}"}
                    outranked |= dict.fromkeys(may.outranked_by(it), saw)
            case other:
                assert_never(other)
    return Gated(going=tuple(going), stopped=tuple(stopped), outranked=outranked)


def _facts(
    tx: Tx,
    world: World,
    claims: Sequence[Claimed],
    ordered: Mapping[MessageKey, Ordered],
    compiled: Collection[Compiled],
    now: Moment,
) -> Batch:
    needs = Needs()
    for campaign_id, step_no in {(it.campaign_id, it.key.step_no) for it in claims}:
        needs |= world.live[campaign_id].gate_needs(step_no)
    for template in compiled:
        needs |= facts_needed(template)
    holders = {(ordered[it.key].offer, it.contact_id) for it in claims}
    if needs.offer:
        for it in claims:
            holders |= world.live[it.campaign_id].holders(it.contact_id)
    lines = {it.line_id for it in ordered.values()}
    return gather(tx, world, {it.contact_id for it in claims}, now, needs, offers=holders, lines=lines)


def _asked(
    world: World,
    batch: Batch,
    claimed: Claimed,
    ordered: Ordered,
    enrollments: Mapping[int, Enrollment],
    compiled: Mapping[str, Compiled],
    terms: dict[tuple[int, int, str], Terms],
) -> Asked | None:
    """None where the contact, the entry, the campaign or the template is gone. `terms` keeps those of each step."""
    live = world.live.get(claimed.campaign_id)
    enrollment = enrollments.get(claimed.key.enrollment_id)
    template = compiled.get(ordered.template_hash)
    contact = batch.contacts.get(claimed.contact_id)
    edition = live.edition_of(enrollment) if live and enrollment else None
    if edition is None or enrollment is None or template is None or contact is None:
        return None
    campaign, step = edition.campaign, edition.steps.get(claimed.key.step_no, "")
    node = campaign.program.nodes[step] if edition.is_own(claimed.key.step_no) else None
    place = (claimed.campaign_id, edition.version, step if node else "")
    if place not in terms:
        terms[place] = node.step.terms(campaign.terms) if node else campaign.terms
    offer = ordered.offer or edition.offers.get(step, edition.offer)
    return Asked(
        claimed=claimed,
        ordered=ordered,
        enrollment=enrollment,
        edition=edition,
        step=node.step if node else None,
        terms=terms[place],
        facts=batch.of_entry(enrollment, campaign.key, offer),
        compiled=template,
    )


class _Permissions:
    """Who said yes, whom we never mail, and how much each had lately: read once for a group."""

    def __init__(self, tx: Tx, world: World, batch: Batch, address_key: bytes, now: Moment) -> None:
        self._world = world
        self._agreed = consents.agreed_topics(tx, batch.contacts)
        addresses = [contact.email for contact in batch.contacts.values()]
        self._suppressed = suppressions.suppressed(tx, address_key, addresses)
        self._pending = sign_ups.pending(tx, batch.contacts)
        self._released = sign_ups.released(tx, self._pending)
        self._quiet = quiet.until(tx, batch.contacts, now)
        self._caps = world.limits.caps
        self._sent: Mapping[int, Sequence[Moment]] = {}
        self._held: Mapping[int, Sequence[HeldBack]] = {}
        if self._caps:
            self._sent = messages.sent_since(tx, batch.contacts, now - longest(self._caps))
            self._held = outbox.held_back(tx, batch.contacts, Reason.CAP)

    def question(self, it: Asked, now: Moment) -> GateQuestion:
        """What the gate is asked about one message."""
        topic = self._world.settings.topics.get(it.campaign.topic)
        always = it.campaign.is_direct or (topic is not None and topic.always)
        terms = it.terms
        return GateQuestion(
            campaign=it.campaign,
            facts=it.facts,
            now=now,
            entered_at=it.enrollment.entered_at,
            suppressed=it.facts.contact.email in self._suppressed,
            consented=always or it.campaign.topic in self._agreed.get(it.claimed.contact_id, ()),
            pending=self._is_pending(it),
            quiet=None if always else self._held_back(it.claimed.contact_id),
            goal_reached=bool(it.enrollment.goal_at),
            exit_reached=_has_left(it.enrollment),
            step_when=it.step.when if it.step else None,
            offer=self._world.offers.get(it.ordered.offer),
            wanted_at=it.claimed.wanted_at,
            stale_after=it.claimed.stale_at - it.claimed.wanted_at,
            zone=self._world.zone_for(it.campaign, it.facts.contact),
            window=terms.window or self._world.limits.window,
            urgent=terms.urgent,
            caps=self._caps,
            sent=self._sent.get(it.claimed.contact_id, ()),
            on_cap=terms.on_cap,
            rivals=any(rival.priority > it.campaign.priority for rival in self._rivals(it)),
        )

    def _is_pending(self, it: Asked) -> bool:
        if not it.campaign.is_direct:
            return it.claimed.contact_id in self._pending
        asks = it.enrollment.entry_key.partition(" ")[0] in sign_ups.KINDS
        return not asks and it.claimed.contact_id in self._released

    def _held_back(self, contact_id: int) -> Quiet | None:
        """What holds marketing to the contact back for the longest time."""
        held = [Quiet(at, quiet.REASONS[why]) for why, at in self._quiet.get(contact_id, {}).items()]
        return max(held, default=None)

    def outranked_by(self, it: Asked) -> set[MessageKey]:
        """The messages that wait for the same room and give it up to this one."""
        return {rival.key for rival in self._rivals(it) if rival.priority <= it.campaign.priority}

    def _rivals(self, it: Asked) -> list[HeldBack]:
        waiting = self._held.get(it.claimed.contact_id, ())
        return [rival for rival in waiting if rival.key != it.claimed.key]


def _has_left(entry: Enrollment) -> bool:
    """Whether they left early. Who came to the end may still get a message of the way there that is sent again."""
    return bool(entry.closed_at) and entry.reason in _EARLY
