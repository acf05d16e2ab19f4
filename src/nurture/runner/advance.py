"""Step 3 of a tick: enrollments that are due are decided; messages are planned and enrollments moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from nurture.audience.expressions import Needs
from nurture.audience.facts import Facts
from nurture.clock import DAY, NEVER, Moment, Span
from nurture.delivery.outcome import MessageKey
from nurture.journeys import evidence
from nurture.journeys.decide import Situation, decide
from nurture.journeys.decisions import Act, Exit, GoTo, Send, WaitUntil
from nurture.journeys.effects import Effect
from nurture.journeys.program import Node
from nurture.journeys.reasons import Reason
from nurture.messages.needs import facts_needed
from nurture.runner import effects
from nurture.runner.effects import Due
from nurture.runner.facts import Batch, gather
from nurture.runner.winners import Winning
from nurture.runner.world import Edition, World
from nurture.store import agenda, journeys, lately, outbox, versions, winners
from nurture.store.engine import Store, Tx
from nurture.store.journeys import Closing, Enrollment, Move
from nurture.store.outbox import Planned
from nurture.store.versions import State
from nurture.store.winners import Chosen, Place

BATCH = 1_000
"""Enrollments decided in one transaction."""


@dataclass(slots=True)
class Decided:
    """What deciding a batch came to, ready to be written."""

    planned: list[Planned] = field(default_factory=list)
    left_out: list[tuple[Planned, Reason, Mapping[str, str]]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    effects: list[Due] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    """Contacts who are out of a campaign now, where something may begin with that."""
    won: Mapping[Place, Chosen] = field(default_factory=dict)
    """The variants that have won just now."""


def advance(store: Store, world: World, now: Moment) -> int:
    """Decide what is due, oldest first. Returns how many enrollments were looked at."""
    total = 0
    winning = Winning(now)
    while True:
        with store.write() as tx:
            if world.is_behind(versions.newest_version(tx)):
                return total
            due = journeys.take_due(tx, now, BATCH)
            if due:
                decided = decide_all(tx, world, due, now, winning)
                _write(tx, store, world, decided, now)
        total += len(due)
        if len(due) < BATCH:
            return total


def decide_all(
    tx: Tx, world: World, due: Sequence[Enrollment], now: Moment, winning: Winning | None = None
) -> Decided:
    """What is to become of these enrollments; nothing is written. `winning` lasts for all batches of one moment."""
    editions = {it.id: world.live[it.campaign_id].edition_of(it) for it in due}
    states = versions.states(tx)
    # Whoever came behind the last step is done, whatever is true of them: nothing is loaded for that.
    done = [it for it in due if _is_done(it, editions[it.id]) and not states[it.campaign_id].paused_at]
    finished = {it.id for it in done}
    due = [it for it in due if it.id not in finished]
    needs = Needs()
    for campaign_id in {enrollment.campaign_id for enrollment in due}:
        needs |= world.live[campaign_id].needs
    offers = {
        holder
        for enrollment in due
        if needs.offer and (edition := editions[enrollment.id]) is not None
        for holder in edition.holders(enrollment.contact_id)
    }
    batch = gather(
        tx, world, {it.contact_id for it in due}, now, needs, offers=offers, lines={it.line_id for it in due}
    )
    winning = winning or Winning(now)
    won = winning.look(tx, due, editions)
    deciding = _Deciding(world, batch, states, winning, now)
    deciding.decided.won = won
    for enrollment in done:
        deciding.finish(enrollment, editions[enrollment.id])
    for enrollment in due:
        deciding.decide(enrollment, editions[enrollment.id])
    return deciding.decided


def _is_done(enrollment: Enrollment, edition: Edition | None) -> bool:
    """Whether nothing comes for them any more."""
    if edition is None or not enrollment.behind or not edition.is_own(enrollment.step_no):
        return False
    return not edition.campaign.program.nodes[edition.steps[enrollment.step_no]].next


class _Deciding:
    """One batch while it is decided."""

    def __init__(
        self,
        world: World,
        batch: Batch,
        states: Mapping[int, State],
        winning: Winning,
        now: Moment,
    ) -> None:
        self.decided = Decided()
        self._world = world
        self._batch = batch
        self._states = states
        self._winning = winning
        self._now = now

    def finish(self, enrollment: Enrollment, edition: Edition | None) -> None:
        """They came to the end."""
        self._close(enrollment, edition, enrollment.since, Reason.FINISHED)

    def decide(self, enrollment: Enrollment, edition: Edition | None) -> None:
        """Take one enrollment as far as it goes now."""
        if self._states[enrollment.campaign_id].paused_at:
            no, since = enrollment.step_no, enrollment.since
            self._wait(enrollment, no, since, NEVER, behind=enrollment.behind)
        elif enrollment.contact_id not in self._batch.contacts:
            self._close(enrollment, edition, self._now, Reason.SUPPRESSED)
        elif edition is None:
            self._close(enrollment, edition, self._now, Reason.CAMPAIGN_GONE)
        elif enrollment.step_no not in edition.steps:
            self._close(enrollment, edition, self._now, Reason.STEP_GONE)
        else:
            facts = self._batch.of_entry(enrollment, edition.campaign.key, edition.offer)
            self._go(enrollment, edition, facts)

    def _go(self, enrollment: Enrollment, edition: Edition, facts: Facts) -> None:
        campaign, nodes = edition.campaign, edition.campaign.program.nodes
        zone = self._world.zone_for(campaign, facts.contact)
        step, since = edition.steps[enrollment.step_no], enrollment.since
        # What an edit made of the step they stand at counts from that edit: who is let go by it is not late.
        changed = edition.changed.get(enrollment.step_no, 0)
        if enrollment.behind and edition.is_own(enrollment.step_no):
            step, changed = nodes[step].next, 0
        while step:
            node, no = nodes[step], edition.numbers[step]
            facts = self._batch.holding(facts, edition.offers[step])
            stands = self._winning.at(enrollment, edition, node, since)
            situation = Situation(
                campaign=campaign,
                node=node,
                facts=facts,
                now=self._now,
                since=since,
                zone=zone,
                winner=stands.winner,
                winner_at=stands.winner_at,
                ask_again=stands.ask_again,
            )
            match decide(situation):
                case GoTo() as go:
                    if node.step.templates:
                        self._pass_over(enrollment, edition, facts, node, max(since, changed))
                    step, since = go.step, max(go.at, changed)
                case WaitUntil(at=at):
                    return self._wait(enrollment, no, since, at)
                case Send() as send:
                    wanted = max(since, changed, send.wanted)
                    if not self._plan(enrollment, edition, facts, send, no, wanted):
                        step, since = node.next, wanted
                    else:
                        return self._wait(enrollment, no, since, NEVER, behind=True)
                case Act(effect=effect):
                    self._act(enrollment, edition, no, effect)
                    return self._wait(enrollment, no, max(since, changed), self._now, behind=True)
                case Exit(reason=reason):
                    return self._close(enrollment, edition, max(since, changed), reason)
                case other:
                    assert_never(other)
            changed = 0
        return self._close(enrollment, edition, since, Reason.FINISHED)

    def _wait(
        self, enrollment: Enrollment, no: int, since: Moment, due_at: Moment, *, behind: bool = False
    ) -> None:
        self.decided.moves.append(
            Move(id=enrollment.id, step_no=no, behind=behind, since=since, due_at=due_at)
        )

    def _act(self, enrollment: Enrollment, edition: Edition, no: int, effect: Effect) -> None:
        self.decided.effects.append(
            Due(enrollment=enrollment, campaign=edition.campaign, step_no=no, effect=effect)
        )

    def _plan(
        self,
        enrollment: Enrollment,
        edition: Edition,
        facts: Facts,
        send: Send,
        no: int,
        wanted: Moment,
    ) -> bool:
        """Plan the message; False where it is left out, so that the contact goes on."""
        planned = self._planned(enrollment, edition, facts, send, no, wanted)
        state = self._states[enrollment.campaign_id]
        if state.skip_from <= wanted < state.skip_to:
            self.decided.left_out.append((planned, Reason.PAUSED, {}))
        elif planned.due_at >= NEVER:
            window = send.terms.window or self._world.limits.window
            saw = {"window": window.describe()} if window else {}
            self.decided.left_out.append((planned, Reason.WINDOW, saw))
        else:
            self.decided.planned.append(planned)
            return True
        return False

    def _pass_over(
        self, enrollment: Enrollment, edition: Edition, facts: Facts, node: Node, wanted: Moment
    ) -> None:
        """Keep that a message is not sent because the `when` of its step does not hold."""
        step, no = node.step, edition.numbers[node.id]
        send = Send(template=step.templates[0], terms=step.terms(edition.campaign.terms))
        planned = self._planned(enrollment, edition, facts, send, no, wanted)
        saw = evidence.of_expression(step.when, facts, self._now) if step.when else {}
        self.decided.left_out.append((planned, Reason.STEP_WHEN, saw))

    def _planned(
        self, enrollment: Enrollment, edition: Edition, facts: Facts, send: Send, no: int, wanted: Moment
    ) -> Planned:
        campaign, terms = edition.campaign, send.terms
        compiled = edition.letters.of(send.template, facts.contact.locale, terms)
        window = terms.window or self._world.limits.window
        due_at = wanted
        if window is not None and not terms.urgent:
            zone = self._world.zone_for(campaign, facts.contact)
            due_at = window.next_opening(wanted, zone, facts.contact.country)
        return Planned(
            key=MessageKey(enrollment.id, no),
            contact_id=enrollment.contact_id,
            campaign_id=enrollment.campaign_id,
            line_id=enrollment.line_id,
            template=send.template,
            template_hash=compiled.hash,
            # A message that does not show the offer does not carry it: no code is issued, and none begins to run.
            offer=terms.offer if facts_needed(compiled).offer else "",
            stage=facts.stage.name,
            urgent=terms.urgent,
            planned_at=self._now,
            due_at=due_at,
            stale_at=min(due_at + terms.stale_after, NEVER),
            priority=campaign.priority,
            lane=self._world.lane_of(facts.contact.email),
        )

    def _close(self, enrollment: Enrollment, edition: Edition | None, at: Moment, reason: str) -> None:
        # A moment waited for may lie before the last message; nobody left before it went.
        at = max(at, enrollment.since)
        self.decided.closings.append(Closing(id=enrollment.id, at=at, reason=str(reason)))
        # Another line may begin for them, or another campaign wait for their being out of this one.
        if edition is None or edition.campaign.lines is not None or self._world.asks_who_is_in:
            self.decided.freed.append(enrollment.contact_id)


KEEN_FOR: Span = 90 * DAY
"""Who opened or clicked within this time gets the first messages from a new address."""


def _with_the_keen_first(tx: Tx, world: World, planned: Sequence[Planned], now: Moment) -> Sequence[Planned]:
    """While an address is warmed up, providers shall learn of it from people who want its mail."""
    warm_up = world.settings.warm_up
    if warm_up is None or not planned:
        return planned
    keen = lately.keen(tx, {it.contact_id for it in planned}, now - KEEN_FOR)
    return [it if it.contact_id in keen else replace(it, cold=True) for it in planned]


def _write(tx: Tx, store: Store, world: World, decided: Decided, now: Moment) -> None:
    winners.keep(tx, decided.won)
    new = outbox.plan(tx, _with_the_keen_first(tx, world, decided.planned, now))
    outbox.leave_out(tx, decided.left_out, now)
    journeys.move(tx, decided.moves)
    # Who was moved back to a message that they had already goes on behind it.
    journeys.go_on(tx, [it.key.enrollment_id for it in decided.planned if it.key not in new], now)
    journeys.close(tx, decided.closings)
    effects.carry_out(tx, store.ids, world, decided.effects, now)
    agenda.put_on_agenda(tx, [(contact, 0, now) for contact in decided.freed])
