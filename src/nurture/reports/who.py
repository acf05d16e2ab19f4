"""Who would enter a campaign, and what keeps the others out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from nurture.clock import Moment
from nurture.journeys.campaign import Campaign
from nurture.journeys.enter import EnterOnDate, EnterOnEvent, EnterOnStage, EnterTogether
from nurture.journeys.telling import either, told

FITS = "fits"
HELD_OUT = "holdout"

Out: TypeAlias = Literal[
    "suppressed", "not-agreed", "stage", "line", "line-stage", "when", "inside", "before"
]
"""What keeps somebody out, in the order in which it is asked."""

OUTS: tuple[Out, ...] = (
    "suppressed",
    "not-agreed",
    "stage",
    "line",
    "line-stage",
    "when",
    "inside",
    "before",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One contact who was asked for by name."""

    email: str
    first_name: str
    last_name: str
    enters_at: Moment | None = None
    """When they enter, where that hangs on a date and it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """How many would enter a campaign, and how many would not, by reason."""

    campaign: Campaign
    version: int | None
    """None: the files."""
    paused_at: Moment
    """0: it is not paused."""
    fits: int
    """For whom nothing speaks against it: those who are held out are among them."""
    held_out: int
    """Of those who fit: how many would enter and get nothing."""
    next_at: Moment | None
    """When the campaign lets people in together next; None: never, or they enter each by themselves."""
    out: Mapping[Out, int]
    """Those whom something keeps out, by the first reason, in the order in which it is asked; none is 0."""
    asked: str = ""
    """Whose names are given: a reason, `fits` or `holdout`; empty: nobody's."""
    names: tuple[Name, ...] = ()

    @property
    def people(self) -> int:
        """Everybody."""
        return self.fits + sum(self.out.values())


def why(campaign: Campaign, out: Out) -> str:
    """What keeps them out, in the campaign's own words."""
    match out:
        case "suppressed" | "not-agreed" | "stage" | "when":
            return told(out, campaign)
        case "line":
            lines = campaign.lines or "each"
            return (
                "there are no product lines yet" if lines == "each" else f"nothing is sold on {either(lines)}"
            )
        case "line-stage":
            return _nowhere(campaign)
        case "inside":
            return "they are in it now"
        case "before":
            return f"they were in it before, and it is entered {campaign.reentry.describe()}"
        case other:
            assert_never(other)


def how(campaign: Campaign, *, in_files: bool) -> str:
    """When those who fit come in."""
    match campaign.enter:
        case EnterOnStage(existing=True):
            return "they enter when it is applied" if in_files else "they enter when they are looked at next"
        case EnterOnStage():
            return (
                "they are there already, and only coming there lets people in"
                " (enter: {existing: yes} lets these in, too)"
            )
        case EnterOnEvent(event=event):
            return f"each of them enters when {event} happens"
        case EnterTogether():
            return "they enter together when the time comes"
        case EnterOnDate():
            return "each of them enters when that date comes; who has none does not"
        case other:
            assert_never(other)


def _nowhere(campaign: Campaign) -> str:
    """That they stand on no line where the campaign wants them."""
    wanted = either(campaign.line_stages)
    if campaign.lines is None or campaign.lines == "each":
        return f"on no product line are they in {wanted}"
    if len(campaign.lines) == 1:
        return f"they are not in {wanted} on {campaign.lines[0]}"
    return f"on none of these are they in {wanted}: {', '.join(campaign.lines)}"
