"""What campaigns did: counts per campaign and per step, as read from the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nurture.reports.rates import Rate, rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the messages of one step, or of several added up."""

    open: int = 0
    """Planned and not done yet."""
    sent: int = 0
    unknown: int = 0
    """Handed over, and the reply never came."""
    bounced: int = 0
    refused: int = 0
    expired: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    """By reason."""
    opened: int = 0
    """Messages that a person opened, by the verdicts on their hits."""
    clicked: int = 0
    unsubscribed: int = 0
    revenue: int = 0
    """Of the orders credited to them that stand, in minor units."""
    refunded: int = 0
    """Of those that were refunded or cancelled; not in `revenue`."""

    @property
    def planned(self) -> int:
        """All messages there ever were."""
        return self.open + self.sent + self.unknown + self.bounced + self.refused + self.expired + self.skips

    @property
    def skips(self) -> int:
        """Messages that were not sent, for whatever reason."""
        return sum(self.skipped.values())

    @property
    def open_rate(self) -> Rate:
        """Opened of sent."""
        return rate(self.opened, self.sent)

    @property
    def click_rate(self) -> Rate:
        """Clicked of sent."""
        return rate(self.clicked, self.sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One step of a campaign that planned messages."""

    step: str
    """The step's id; its number where it has none any more."""
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """One campaign: who came in and how it ended for them, and its messages step by step."""

    key: str
    name: str
    active: bool
    entered: int = 0
    inside: int = 0
    """Entries that are under way now."""
    goal: int = 0
    """Entries that reached the goal."""
    left: Mapping[str, int] = field(default_factory=dict)
    """Entries that ended, by reason."""
    held_out: int = 0
    """Entries that get nothing, to show what would have happened anyway; in none of the other numbers."""
    steps: tuple[StepReport, ...] = ()

    @property
    def counts(self) -> Counts:
        """All steps added up."""
        return add_up(step.counts for step in self.steps)

    @property
    def goal_rate(self) -> Rate:
        """Goals of entries."""
        return rate(self.goal, self.entered)


def add_up(parts: Iterable[Counts]) -> Counts:
    """The sum of all parts."""
    numbers: dict[str, int] = {}
    skipped: dict[str, int] = {}
    for part in parts:
        for name in _NUMBERS:
            numbers[name] = numbers.get(name, 0) + getattr(part, name)
        for reason, count in part.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + count
    return Counts(**numbers, skipped=skipped)


_NUMBERS = (
    *("open", "sent", "unknown", "bounced", "refused", "expired", "opened", "clicked", "unsubscribed"),
    *("revenue", "refunded"),
)
