"""Why a contact is not in a campaign that is in force, with the facts that its conditions see now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import assert_never

from nurture.audience.facts import Facts
from nurture.clock import NEVER, Moment
from nurture.journeys import evidence
from nurture.journeys.calendar import Absolute
from nurture.journeys.campaign import Campaign
from nurture.journeys.chance import falls_within
from nurture.journeys.enter import EnterOnDate, EnterOnEvent, EnterOnStage, EnterTogether
from nurture.journeys.fit import misfit
from nurture.journeys.reasons import Reason
from nurture.journeys.telling import told
from nurture.reports.explain import Outside
from nurture.reports.who import why
from nurture.runner.causes import TOO_LONG_AGO, date_after, date_before
from nurture.runner.facts import Batch
from nurture.runner.world import Live, World
from nurture.store.consents import agreed_topics
from nurture.store.engine import Tx
from nurture.store.journeys import left


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """Why not, in a word and in words."""

    reason: str = ""
    says: str
    saw: Mapping[str, str]
    at: Moment | None = None


class Outsider:
    """One contact, seen from the doors of the campaigns that they are not in."""

    def __init__(
        self, tx: Tx, world: World, batch: Batch, contact_id: int, now: Moment, *, suppressed: bool
    ) -> None:
        self._world = world
        self._batch = batch
        self._now = now
        self._facts = batch.of(contact_id)
        self._agreed: Collection[str] = agreed_topics(tx, [contact_id]).get(contact_id, ())
        self._left = {(campaign, line): at for (campaign, _, line), at in left(tx, [contact_id]).items()}
        self._suppressed = suppressed

    def of(self, live: Live, campaign: Campaign) -> Outside:
        """Why they are not in this campaign, or what they would come in by."""
        answer = (
            self._refused(campaign)
            or self._misfit(live, campaign)
            or self._was_in(live, campaign)
            or self._waits(live, campaign)
        )
        held_out = falls_within(campaign.holdout, campaign.key, "holdout", self._facts.contact.id)
        return Outside(
            campaign=campaign.key,
            name=campaign.name,
            reason=answer.reason,
            says=answer.says,
            saw=answer.saw,
            enters=f"{campaign.enter.describe()}; {campaign.reentry.describe()}",
            enters_at=answer.at,
            held_out=held_out,
        )

    def _refused(self, campaign: Campaign) -> _Answer | None:
        if self._suppressed:
            return _Answer(reason="suppressed", says=why(campaign, "suppressed"), saw={})
        topic = self._world.settings.topics.get(campaign.topic)
        if (topic is not None and topic.always) or campaign.topic in self._agreed:
            return None
        return _Answer(reason="not-agreed", says=why(campaign, "not-agreed"), saw={"topic": campaign.topic})

    def _misfit(self, live: Live, campaign: Campaign) -> _Answer | None:
        if campaign.lines is not None:
            return self._on_no_line(live, campaign)
        reason = misfit(campaign, self._facts, self._now)
        if reason is None:
            return None
        saw = evidence.of_misfit(campaign, self._facts, self._now, reason)
        return _Answer(reason=reason, says=told(reason, campaign), saw=saw)

    def _on_no_line(self, live: Live, campaign: Campaign) -> _Answer | None:
        """With `lines:` it is enough that one line fits; else what keeps them out of the one that comes nearest."""
        found: dict[Reason, list[tuple[str, Facts]]] = {}
        for line, name in sorted(self._lines(campaign).items(), key=lambda it: it[1]):
            seen = self._batch.on_line(self._facts, line)
            reason = misfit(campaign, seen, self._now)
            if reason is None:
                return None
            found.setdefault(reason, []).append((name, seen))
        if not found:
            return _Answer(reason="line", says=why(campaign, "line"), saw={})
        if Reason.STAGE in found:
            saw = evidence.of_misfit(campaign, self._facts, self._now, Reason.STAGE)
            return _Answer(reason=Reason.STAGE, says=told(Reason.STAGE, campaign), saw=saw)
        if Reason.WHEN in found:
            name, seen = found[Reason.WHEN][0]
            saw = {"line": name, **evidence.of_misfit(campaign, seen, self._now, Reason.WHEN)}
            return _Answer(reason=Reason.WHEN, says=told(Reason.WHEN, campaign), saw=saw)
        stages = {
            f'lines["{name}"].stage': seen.line.stage.name
            for name, seen in found.get(Reason.LINE_STAGE, ())
            if seen.line is not None
        }
        return _Answer(reason=Reason.LINE_STAGE, says=why(campaign, "line-stage"), saw=stages)

    def _lines(self, campaign: Campaign) -> dict[int, str]:
        return {
            line: name
            for line, name in self._batch.line_names.items()
            if line and (campaign.lines == "each" or (campaign.lines is not None and name in campaign.lines))
        }

    def _was_in(self, live: Live, campaign: Campaign) -> _Answer | None:
        """Whether an earlier entry keeps them out: on every line that fits, where the campaign has lines."""
        fitting = [0]
        if campaign.lines is not None:
            fitting = [
                line
                for line in self._lines(campaign)
                if misfit(campaign, self._batch.on_line(self._facts, line), self._now) is None
            ]
        before = [self._left.get((live.record.id, line)) for line in fitting]
        if any(at is None for at in before):
            return None
        last = max((at for at in before if at is not None), default=0)
        zone = self._world.zone_for(campaign, self._facts.contact)
        saw = {"left": evidence.said(last, zone)} if last else {}
        back = "they were in it before, and enter again on coming into the stage again"
        match campaign.reentry.kind, campaign.enter:
            case "never", _:
                return _Answer(reason="before", says=why(campaign, "before"), saw=saw)
            case _, EnterOnStage(existing=True):
                return _Answer(reason="before", says=back, saw=saw)
            case "after", _ if last + campaign.reentry.after > self._now:
                again = last + campaign.reentry.after
                return _Answer(reason="before", says=why(campaign, "before"), saw=saw, at=again)
            case _, EnterOnStage():
                return _Answer(says=back, saw=saw)
            case _:
                return None

    def _waits(self, live: Live, campaign: Campaign) -> _Answer:
        """Nothing speaks against it: what lets people in has not come about."""
        zone = self._world.zone_for(campaign, self._facts.contact)
        match campaign.enter:
            case EnterOnStage(existing=True):
                return _Answer(says="they fit, and enter when they are looked at next", saw={})
            case EnterOnStage():
                return self._came_too_early(live, campaign)
            case EnterOnEvent(event=event):
                return _Answer(says=f"they fit; what lets people in has not happened since: {event}", saw={})
            case EnterTogether(when=when):
                at = (
                    when.moment(zone)
                    if isinstance(when, Absolute)
                    else when.next_at_or_after(self._now, zone)
                )
                if at < self._now:
                    return _Answer(says="its moment has passed", saw={"moment": evidence.said(at, zone)})
                return _Answer(says="they fit, and enter when the time comes", saw={}, at=at)
            case EnterOnDate():
                at = date_after(campaign.enter, self._facts, self._now, zone)
                if at < NEVER:
                    return _Answer(says="they fit, and enter when the time comes", saw={}, at=at)
                past = date_before(campaign.enter, self._facts, self._now, zone)
                if past is None:
                    return _Answer(says="the date that lets them in is not known", saw={})
                return _Answer(
                    says="the date that lets them in has passed", saw={"date": evidence.said(past, zone)}
                )
            case other:
                assert_never(other)

    def _came_too_early(self, live: Live, campaign: Campaign) -> _Answer:
        """They stand in one of its stages and are not in it."""
        zone = self._world.zone_for(campaign, self._facts.contact)
        since = self._facts.stage.since or self._facts.contact.created_at
        saw = {"stage": self._facts.stage.name, "since": evidence.said(since, zone)}
        first = live.record.first_applied_at
        if since < first:
            saw["in force since"] = evidence.said(first, zone)
            says = "they fit, but came into the stage before the campaign was in force"
        elif since < self._now - TOO_LONG_AGO:
            says = "they fit, but did not when they came into the stage, or were told of too late"
        else:
            says = "they fit, but did not when they came into the stage, or are looked at next"
        return _Answer(says=says, saw=saw)
