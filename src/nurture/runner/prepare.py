"""Between the claim and the handover: the gates are read again, codes issued, messages rendered.

Works on a whole claimed group: the facts of all are loaded at once, and one transaction writes what the group needs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parseaddr
from typing import Any, assert_never

from nurture.audience.expressions import Needs
from nurture.audience.facts import Facts, OfferFacts
from nurture.clock import NEVER, SECOND, Clock, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.errors import TemplateError
from nurture.journeys import evidence
from nurture.journeys.campaign import Campaign
from nurture.journeys.caps import longest
from nurture.journeys.decisions import Drop, Go, Hold
from nurture.journeys.gates import GateQuestion, gate
from nurture.journeys.reasons import Reason
from nurture.journeys.steps.base import StepKind
from nurture.journeys.terms import Terms
from nurture.messages.compiled import Compiled
from nurture.messages.mime import MailHeaders, compose, verify
from nurture.messages.needs import facts_needed
from nurture.messages.render import Renderer
from nurture.messages.urls import MessageUrls, Urls
from nurture.messages.values import values
from nurture.offers.codes import BITS, spell
from nurture.providers.base import Letter
from nurture.runner.desk import Dropped, Held, Prepared
from nurture.runner.facts import Batch, gather
from nurture.runner.world import Edition, World
from nurture.settings import Settings
from nurture.store import (
    agenda,
    codes,
    consents,
    journeys,
    messages,
    outbox,
    recommended,
    suppressions,
    templates,
    versions,
)
from nurture.store.engine import Store, Tx
from nurture.store.journeys import Enrollment
from nurture.store.messages import Ordered
from nurture.store.outbox import Claimed, HeldBack
from nurture.store.pairs import Wish
from nurture.store.recommended import Recommended

NOT_REVIEWED = "something happened to them that is not taken in yet"
REVIEW_TIME: Span = SECOND
"""How long to wait for a review before asking again."""

UNFIT = "it cannot be rendered for them"

Chance = Callable[[int], int]
"""A random integer of so many bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One claimed message with all that its gate and its rendering want to know."""

    claimed: Claimed
    ordered: Ordered
    enrollment: Enrollment
    edition: Edition
    step: StepKind | None
    """None: it is gone from the campaign."""
    facts: Facts
    compiled: Compiled

    @property
    def campaign(self) -> Campaign:
        return self.edition.campaign

    @property
    def step_name(self) -> str:
        """The id of its step."""
        return self.edition.steps.get(self.claimed.key.step_no, "")

    @property
    def terms(self) -> Terms:
        """On what terms the message goes, as its campaign says now."""
        return self.step.terms(self.campaign.terms) if self.step else self.campaign.terms

    @property
    def wish(self) -> Wish:
        """Whom to recommend to, from which line."""
        return (self.claimed.contact_id, self.enrollment.line_id)


class Preparer:
    """Gates and renders claimed messages. One at a time: the renderer is not to be shared by threads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        world: Callable[[], World],
        urls: Urls,
        address_key: bytes,
        *,
        chance: Chance = secrets.randbits,
    ) -> None:
        self._store = store
        self._clock = clock
        self._world = world
        self._urls = urls
        self._address_key = address_key
        self._spell = lambda offer: spell(chance(BITS), offer)
        self._renderer = Renderer()

    def prepare(self, claims: Sequence[Claimed]) -> list[Prepared]:
        """One answer for each message: a letter, or why there is none (now)."""
        now = self._clock.now()
        world = self._world()
        with self._store.write() as tx:
            asked, answers = self._gated(tx, world, claims, now)
            wanted = [(it.ordered.offer, it.claimed.contact_id) for it in asked if it.ordered.offer]
            holds = codes.issue(tx, wanted, world.offers, self._spell, now)
            goods = self._goods(tx, asked, now)
            shown = [(it.claimed.key, product) for it in asked for product in goods.get(it.wish, ())]
            recommended.keep_shown(tx, shown)
        # Rendered when the transaction is over: on SQLite nobody else can write while it lasts.
        answers += [self._letter(world, it, holds, goods, now) for it in asked]
        return answers

    def recheck(self, claims: Sequence[Claimed]) -> list[Prepared]:
        """Those that must not go any more, or not yet."""
        with self._store.write() as tx:
            return self._gated(tx, self._world(), claims, self._clock.now())[1]

    def _gated(
        self, tx: Tx, world: World, claims: Sequence[Claimed], now: Moment
    ) -> tuple[list[_Asked], list[Prepared]]:
        """The messages that may go, and an answer for each that may not."""
        ordered = messages.ordered(tx, [it.key for it in claims])
        enrollments = journeys.by_ids(tx, {it.key.enrollment_id for it in claims})
        waiting = agenda.waiting(tx, {it.contact_id for it in claims}, now)
        compiled = templates.by_hash(tx, {it.template_hash for it in ordered.values()})
        batch = self._facts(tx, world, claims, ordered, list(compiled.values()), now)
        may = _Permissions(tx, world, batch, self._address_key, now)
        states = versions.states(tx)
        asked: list[_Asked] = []
        answers: list[Prepared] = []
        outranked: dict[MessageKey, Mapping[str, str]] = {}
        for claimed in claims:
            it = _asked(world, batch, claimed, ordered[claimed.key], enrollments, compiled)
            if it is None:
                answers.append(Dropped(key=claimed.key, reason=Reason.CAMPAIGN_GONE, leaves=True))
            elif claimed.contact_id in waiting:
                answers.append(Held(key=claimed.key, until=now + REVIEW_TIME, reason=NOT_REVIEWED))
            else:
                question = may.question(it, now)
                match gate(question):
                    case Go() if states[claimed.campaign_id].paused_at:
                        answers.append(Held(key=claimed.key, until=NEVER, reason=str(Reason.PAUSED)))
                    case Go():
                        asked.append(it)
                    case Drop(reason=reason, leaves=leaves):
                        saw = evidence.of_gate(question, reason)
                        answers.append(Dropped(key=claimed.key, reason=str(reason), leaves=leaves, saw=saw))
                    case Hold(until=until, reason=reason):
                        answers.append(Held(key=claimed.key, until=until, reason=reason))
                        if reason == Reason.CAP and it.terms.on_cap == "replace":
                            saw = {"replaced by": f"{it.campaign.key}/{it.step_name}"}
                            outranked |= dict.fromkeys(may.outranked_by(it), saw)
                    case other:
                        assert_never(other)
        outbox.skip_messages(tx, outranked, Reason.REPLACED, now)
        return asked, answers

    def _facts(
        self,
        tx: Tx,
        world: World,
        claims: Sequence[Claimed],
        ordered: Mapping[MessageKey, Ordered],
        compiled: Collection[Compiled],
        now: Moment,
    ) -> Batch:
        needs = Needs()
        for campaign_id in {it.campaign_id for it in claims}:
            needs |= world.live[campaign_id].needs
        for template in compiled:
            needs |= facts_needed(template)
        offers = {
            (_offer(ordered[it.key], world.live[it.campaign_id].edition), it.contact_id) for it in claims
        }
        lines = {it.line_id for it in ordered.values()}
        return gather(tx, world, {it.contact_id for it in claims}, now, needs, offers=offers, lines=lines)

    def _goods(self, tx: Tx, asked: Sequence[_Asked], now: Moment) -> dict[Wish, tuple[Recommended, ...]]:
        wishes = {it.wish for it in asked if "recommend" in it.compiled.needs}
        return recommended.recommend(tx, sorted(wishes), now)

    def _letter(
        self,
        world: World,
        it: _Asked,
        holds: Mapping[tuple[str, int], OfferFacts],
        goods: Mapping[Wish, tuple[Recommended, ...]],
        now: Moment,
    ) -> Prepared:
        facts = replace(it.facts, offer=holds.get((it.ordered.offer, it.claimed.contact_id)))
        try:
            content = self.compose(
                world, it.campaign, it.compiled, facts, it.claimed.key, goods.get(it.wish, ()), now, it.terms
            )
        except TemplateError as error:
            return Dropped(key=it.claimed.key, reason=f"{UNFIT}: {error}")
        return Letter(
            key=it.claimed.key,
            sender=parseaddr(it.terms.sender or world.settings.sender.from_)[1],
            recipient=facts.contact.email,
            content=content,
        )

    def compose(
        self,
        world: World,
        campaign: Campaign,
        compiled: Compiled,
        facts: Facts,
        key: MessageKey,
        goods: Sequence[Recommended],
        now: Moment,
        terms: Terms | None = None,
    ) -> bytes:
        """The finished bytes of one message; `terms` else the campaign's. Raises TemplateError."""
        terms = terms or campaign.terms
        settings, urls = world.settings, self._urls.of(key)
        rendered = self._renderer.render(compiled, template_values(settings, facts, urls, goods, now), urls)
        topic = settings.topics.get(campaign.topic)
        headers = MailHeaders(
            key=key,
            sender=terms.sender or settings.sender.from_,
            to=facts.contact.email,
            to_name=f"{facts.contact.first_name} {facts.contact.last_name}".strip(),
            reply_to=terms.reply_to or settings.sender.reply_to,
            now=now,
            unsubscribe="" if topic is not None and topic.always else urls.unsubscribe,
        )
        content = compose(rendered, headers)
        verify(content, headers.names)
        return content


def template_values(
    settings: Settings, facts: Facts, urls: MessageUrls | None, goods: Sequence[Recommended], now: Moment
) -> dict[str, Any]:
    """What a template sees, with the workspace's settings where the contact has none of their own."""
    return values(
        facts,
        now,
        sender=settings.sender,
        urls=urls,
        recommended=goods,
        timezone=settings.timezone,
        currency=settings.currency,
    )


def _asked(
    world: World,
    batch: Batch,
    claimed: Claimed,
    ordered: Ordered,
    enrollments: Mapping[int, Enrollment],
    compiled: Mapping[str, Compiled],
) -> _Asked | None:
    """None where the contact, the entry, the campaign or the template is gone."""
    live = world.live.get(claimed.campaign_id)
    enrollment = enrollments.get(claimed.key.enrollment_id)
    template = compiled.get(ordered.template_hash)
    contact = batch.contacts.get(claimed.contact_id)
    edition = live.edition_of(enrollment) if live and enrollment else None
    if edition is None or enrollment is None or template is None or contact is None:
        return None
    campaign, step_no = edition.campaign, claimed.key.step_no
    node = campaign.program.nodes[edition.steps[step_no]] if edition.is_own(step_no) else None
    return _Asked(
        claimed=claimed,
        ordered=ordered,
        enrollment=enrollment,
        edition=edition,
        step=node.step if node else None,
        facts=batch.in_entry(batch.of(contact.id), enrollment, campaign.key, _offer(ordered, edition)),
        compiled=template,
    )


def _offer(ordered: Ordered, edition: Edition | None) -> str:
    """Which offer `offer` means in conditions: the message's, else the campaign's."""
    return ordered.offer or (edition.offer if edition else "")


class _Permissions:
    """Who said yes, whom we never mail, and how much each had lately: read once for a group."""

    def __init__(self, tx: Tx, world: World, batch: Batch, address_key: bytes, now: Moment) -> None:
        self._world = world
        self._agreed = consents.agreed_topics(tx, batch.contacts)
        addresses = [contact.email for contact in batch.contacts.values()]
        self._suppressed = suppressions.suppressed(tx, address_key, addresses)
        self._caps = world.limits.caps
        self._sent: Mapping[int, Sequence[Moment]] = {}
        self._held: Mapping[int, Sequence[HeldBack]] = {}
        if self._caps:
            self._sent = messages.sent_since(tx, batch.contacts, now - longest(self._caps))
            self._held = outbox.held_back(tx, batch.contacts, Reason.CAP)

    def question(self, it: _Asked, now: Moment) -> GateQuestion:
        """What the gate is asked about one message."""
        topic = self._world.settings.topics.get(it.campaign.topic)
        always = topic is not None and topic.always
        terms = it.terms
        return GateQuestion(
            campaign=it.campaign,
            facts=it.facts,
            now=now,
            entered_at=it.enrollment.entered_at,
            suppressed=it.facts.contact.email in self._suppressed,
            consented=always or it.campaign.topic in self._agreed.get(it.claimed.contact_id, ()),
            goal_reached=bool(it.enrollment.goal_at),
            exit_reached=bool(it.enrollment.closed_at),
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

    def outranked_by(self, it: _Asked) -> set[MessageKey]:
        """The messages that wait for the same room and give it up to this one."""
        return {rival.key for rival in self._rivals(it) if rival.priority <= it.campaign.priority}

    def _rivals(self, it: _Asked) -> list[HeldBack]:
        waiting = self._held.get(it.claimed.contact_id, ())
        return [rival for rival in waiting if rival.key != it.claimed.key]
