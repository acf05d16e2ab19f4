"""How messages reach people, as the files say: in which campaign, on what terms, for which line, with which offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nurture.campaigns.book import Book
from nurture.journeys.campaign import Campaign
from nurture.journeys.enter import EnterOnEvent
from nurture.journeys.steps.base import StepKind
from nurture.journeys.terms import Terms

NO_LINES: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one message reaches people: by the first campaign that sends it, or by none."""

    campaign: Campaign | None = None
    terms: Terms = Terms()
    offer: str = ""
    line: int = 0
    """The first of the campaign's lines that there is; 0: none."""
    line_name: str = ""

    @property
    def event(self) -> str:
        """What people come into the campaign by; empty: no event."""
        enter = self.campaign.enter if self.campaign else None
        return enter.event if isinstance(enter, EnterOnEvent) else ""


def ways_of(book: Book, lines: Mapping[int, str] = NO_LINES) -> dict[str, Way]:
    """The way of each message that a campaign sends, by its name; `lines` are those there are, by id."""
    found: dict[str, tuple[Campaign, list[StepKind]]] = {}
    for campaign in book.campaigns.values():
        for node in campaign.program.nodes.values():
            for template in node.step.templates:
                first, steps = found.setdefault(template, (campaign, []))
                if first is campaign:
                    steps.append(node.step)
    return {template: _way(book, campaign, steps, lines) for template, (campaign, steps) in found.items()}


def way_of(book: Book, template: str, lines: Mapping[int, str] = NO_LINES) -> Way:
    """The way of one message."""
    return ways_of(book, lines).get(template, Way())


def _way(book: Book, campaign: Campaign, steps: Sequence[StepKind], lines: Mapping[int, str]) -> Way:
    offers = (step.terms(campaign.terms).offer for step in steps)
    offer = next((it for it in offers if it), campaign.offer)
    line, name = _line(campaign, lines)
    return Way(
        campaign=campaign,
        terms=steps[0].terms(campaign.terms),
        offer=offer if offer in book.offers else "",
        line=line,
        line_name=name,
    )


def _line(campaign: Campaign, lines: Mapping[int, str]) -> tuple[int, str]:
    if campaign.lines is None:
        return 0, ""
    known = {name: line for line, name in lines.items() if line}
    wanted = list(known) if campaign.lines == "each" else campaign.lines
    return next(((known[name], name) for name in wanted if name in known), (0, ""))
