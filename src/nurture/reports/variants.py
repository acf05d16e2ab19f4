"""What the variants of a message did, side by side, and which of them won."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.clock import Moment
from nurture.reports.rates import Rate, rate


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantReport:
    """One of the messages that a step may send."""

    template: str
    sent: int = 0
    clicked: int = 0
    """Messages that a person clicked in."""
    goal: int = 0
    """Messages whose people reached the goal afterwards."""

    @property
    def click_rate(self) -> Rate:
        """Clicked of sent."""
        return rate(self.clicked, self.sent)

    @property
    def goal_rate(self) -> Rate:
        """Goals of sent."""
        return rate(self.goal, self.sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerReport:
    """One that has won."""

    template: str
    occasion: str
    """For which occasion of a campaign that many enter together; empty: for all who come."""
    at: Moment
    final: bool
    """False: for those only who could not wait longer."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestReport:
    """The variants of one step."""

    step: str
    variants: tuple[VariantReport, ...]
    """In the order of the file."""
    winners: tuple[WinnerReport, ...] = ()
    """The newest first."""
