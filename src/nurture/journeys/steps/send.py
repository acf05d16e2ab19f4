"""`send: TEMPLATE`: plan a message."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nurture.audience.spans import say_span
from nurture.clock import Moment
from nurture.journeys.caps import OnCap
from nurture.journeys.chance import falls_within, one_of
from nurture.journeys.decisions import Decision, Send, WaitUntil
from nurture.journeys.sending_values import Mailbox, Share
from nurture.journeys.steps.base import Situation, StepKind
from nurture.journeys.terms import Terms
from nurture.journeys.time_values import WindowValue
from nurture.journeys.values import Length, Listed, OfferName, OneOrMany, TemplateName, Text, YesNo
from nurture.journeys.variants import Contest, Measure


class SendStep(StepKind):
    """What it does not say itself, the campaign says."""

    template: TemplateName = Field(alias="send", examples=["welcome"])
    subject: Text = ""
    preview: Text = ""
    sender: Mailbox = Field(default="", alias="from")
    reply_to: Mailbox = ""
    offer: OfferName = ""
    window: WindowValue | None = None
    urgent: YesNo | None = None
    on_cap: OnCap | None = None
    stale_after: Length | None = None
    variants: Annotated[tuple[TemplateName, ...], Listed, OneOrMany] = ()
    winner: Measure | None = None
    test: Share | None = None
    decide_after: Length | None = None

    @property
    def name(self) -> str:
        return self.id or self.template

    @property
    def templates(self) -> tuple[str, ...]:
        """All that it may send."""
        return tuple(dict.fromkeys((self.template, *self.variants)))

    @property
    def contest(self) -> Contest | None:
        """Which of its messages is the best, where `winner:` asks for it."""
        if self.winner is None or len(self.templates) < 2:
            return None
        decide_after = self.decide_after if self.test is not None else None
        return Contest(templates=self.templates, by=self.winner, decide_after=decide_after)

    def terms(self, campaign: Terms) -> Terms:
        """What it says itself, else its campaign."""
        return Terms(
            offer=self.offer or campaign.offer,
            window=self.window or campaign.window,
            stale_after=self.stale_after or campaign.stale_after,
            urgent=campaign.urgent if self.urgent is None else self.urgent,
            on_cap=self.on_cap or campaign.on_cap,
            sender=self.sender or campaign.sender,
            reply_to=self.reply_to or campaign.reply_to,
            subject=self.subject,
            preview=self.preview,
        )

    def decide(self, situation: Situation) -> Decision:
        wanted: Moment = 0
        contest = self.contest
        if contest is not None and contest.decide_after is not None and not self._is_test(situation):
            over = situation.since + contest.decide_after
            asked = max(over, situation.ask_again)
            if not situation.winner and situation.now < asked:
                return WaitUntil(at=asked)
            # Who has waited for the winner is not late for having waited.
            wanted = max(min(over, situation.now), situation.winner_at)
        template = situation.winner or one_of(self.templates, *situation.lot_of("variant"))
        return Send(template=template, terms=self.terms(situation.campaign.terms), wanted=wanted)

    def _is_test(self, situation: Situation) -> bool:
        """Whether this contact is among those whom the variants are tested on."""
        return self.test is None or falls_within(self.test, *situation.lot_of("test"))

    def describe(self) -> str:
        said = f"send {self.template}"
        if self.variants:
            said = f"send one of {', '.join(self.templates)}"
        if self.winner:
            said += f", the winner by {self.winner}"
        if self.test is not None and self.decide_after is not None:
            said += f" (tested on {self.test:.0%}, decided after {say_span(self.decide_after)})"
        if self.offer:
            said += f" with the offer {self.offer}"
        return said + (", urgent" if self.urgent else "")
