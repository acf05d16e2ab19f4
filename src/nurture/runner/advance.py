"""Step 3 of a tick: enrollments that are due are decided; messages are planned and enrollments moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from nurture.audience.expressions import Needs
from nurture.audience.facts import Facts
from nurture.clock import NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.journeys.campaign import Campaign
from nurture.journeys.decide import Situation, decide
from nurture.journeys.decisions import Exit, GoTo, Send, WaitUntil
from nurture.journeys.reasons import Reason
from nurture.messages.needs import facts_needed
from nurture.runner.facts import gather
from nurture.runner.world import Live, World
from nurture.store import agenda, journeys, outbox
from nurture.store.engine import Store, Tx
from nurture.store.journeys import END, Closing, Enrollment, Move
from nurture.store.outbox import Planned

BATCH = 1_000
"""Enrollments decided in one transaction."""


@dataclass(slots=True)
class Decided:
    """What deciding a batch came to, ready to be written."""

    planned: list[Planned] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    """Contacts whose campaign with `lines:` is over for one line, so that the next can begin."""


def advance(store: Store, world: World, now: Moment) -> int:
    """Decide what is due, oldest first. Returns how many enrollments were looked at."""
    total = 0
    while True:
        with store.write() as tx:
            due = journeys.take_due(tx, now, BATCH)
            if due:
                _write(tx, _decide_all(tx, world, due, now), now)
        total += len(due)
        if len(due) < BATCH:
            return total


def _decide_all(tx: Tx, world: World, due: Sequence[Enrollment], now: Moment) -> Decided:
    needs = Needs()
    for campaign_id in {enrollment.campaign_id for enrollment in due}:
        needs |= world.live[campaign_id].needs
    offers = {
        (live.campaign.offer, enrollment.contact_id)
        for enrollment in due
        if (live := world.live[enrollment.campaign_id]).campaign is not None
    }
    batch = gather(
        tx, world, {it.contact_id for it in due}, now, needs, offers=offers, lines={it.line_id for it in due}
    )
    decided = Decided()
    for enrollment in due:
        live = world.live[enrollment.campaign_id]
        if enrollment.contact_id not in batch.contacts:
            _close(decided, live, enrollment, now, Reason.SUPPRESSED)
            continue
        offer = live.campaign.offer if live.campaign else ""
        facts = batch.in_entry(batch.of(enrollment.contact_id), enrollment, live.record.key, offer)
        _decide(decided, world, live, enrollment, facts, now)
    return decided


def _decide(
    decided: Decided, world: World, live: Live, enrollment: Enrollment, facts: Facts, now: Moment
) -> None:
    """Take one enrollment as far as it goes now."""
    campaign = live.campaign
    if campaign is None:
        return _close(decided, live, enrollment, now, Reason.CAMPAIGN_GONE)
    if enrollment.step_no == END:
        return _close(decided, live, enrollment, enrollment.since, Reason.FINISHED)
    step, since = live.steps[enrollment.step_no], enrollment.since
    if step not in campaign.program.nodes:
        return _close(decided, live, enrollment, now, Reason.STEP_GONE)
    while step:
        node = campaign.program.nodes[step]
        situation = Situation(campaign=campaign, node=node, facts=facts, now=now, since=since)
        match decide(situation):
            case GoTo() as go:
                step, since = go.step, go.at
            case WaitUntil(at=at):
                decided.moves.append(
                    Move(id=enrollment.id, step_no=live.number(step), since=since, due_at=at)
                )
                return None
            case Send() as send:
                key = MessageKey(enrollment.id, live.number(step))
                decided.planned.append(_planned(world, campaign, enrollment, facts, send, key, since, now))
                behind = live.number(node.next) if node.next else END
                decided.moves.append(Move(id=enrollment.id, step_no=behind, since=since, due_at=NEVER))
                return None
            case Exit(reason=reason):
                return _close(decided, live, enrollment, since, reason)
            case other:
                assert_never(other)
    return _close(decided, live, enrollment, since, Reason.FINISHED)


def _planned(
    world: World,
    campaign: Campaign,
    enrollment: Enrollment,
    facts: Facts,
    send: Send,
    key: MessageKey,
    since: Moment,
    now: Moment,
) -> Planned:
    compiled = world.template(send.template, facts.contact.locale)
    return Planned(
        key=key,
        contact_id=enrollment.contact_id,
        campaign_id=enrollment.campaign_id,
        line_id=enrollment.line_id,
        template=send.template,
        template_hash=compiled.hash,
        # A message that does not show the offer does not carry it: no code is issued, and none begins to run.
        offer=send.offer if facts_needed(compiled).offer else "",
        stage=facts.stage.name,
        planned_at=now,
        due_at=since,
        stale_at=since + send.stale_after,
        priority=campaign.priority,
    )


def _close(decided: Decided, live: Live, enrollment: Enrollment, at: Moment, reason: str) -> None:
    decided.closings.append(Closing(id=enrollment.id, at=at, reason=str(reason)))
    if live.campaign is not None and live.campaign.lines is not None:
        decided.freed.append(enrollment.contact_id)


def _write(tx: Tx, decided: Decided, now: Moment) -> None:
    outbox.plan(tx, decided.planned)
    journeys.move(tx, decided.moves)
    journeys.close(tx, decided.closings)
    agenda.put_on_agenda(tx, [(contact, 0, now) for contact in decided.freed])
