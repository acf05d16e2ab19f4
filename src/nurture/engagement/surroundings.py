"""What the hits of one message say about one another."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nurture.clock import Moment, Span
from nurture.engagement.agents import is_persons_proxy
from nurture.engagement.hit import Hit
from nurture.engagement.signs import (
    BESIDE,
    BURST_LINKS,
    BURST_SPAN,
    NAMES_SPAN,
    NEAR_HIDDEN,
    OPENED,
    ORDERED_GAP,
    ORDERED_LINKS,
    PAIR_SPAN,
    SAME_MACHINE,
    SIGNS,
)

Spans: TypeAlias = tuple[tuple[Moment, Moment], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Seen over all hits of one message, whatever their order."""

    bursts: Spans
    """When three or more different links were followed within 10 seconds."""
    ordered: Mapping[str, Spans]
    """By address: when four or more were followed one after the other, as they stand in the message."""
    pairs: Spans
    """When two were within a second."""
    many_names: Mapping[str, Spans]
    """By address: when clicks came under several agents within 10 seconds."""
    hidden: Sequence[Moment]
    """When the hidden link was followed; sorted."""
    opened: Sequence[Moment]
    """When a proxy that fetches for people did; sorted."""

    def signs(self, hit: Hit) -> Iterable[str]:
        """The names of the signs that the others give to this hit."""
        if hit.kind != "hidden" and _near(self.hidden, hit.at, NEAR_HIDDEN):
            yield "near hidden"
        if hit.kind != "click":
            return
        if _inside(self.bursts, hit.at):
            yield "burst"
        elif _inside(self.pairs, hit.at):
            yield "two at once"
        if hit.ip and _inside(self.ordered.get(hit.ip, ()), hit.at):
            yield "in their order"
        if hit.ip and _inside(self.many_names.get(hit.ip, ()), hit.at):
            yield "many names"

    def opened_before(self, hit: Hit) -> bool:
        """Whether a person had the message before them shortly before."""
        return bisect_left(self.opened, hit.at - OPENED) < bisect_right(self.opened, hit.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanners:
    """Where machines were at work, by what each of them did itself."""

    machines: Mapping[tuple[str, str], Sequence[Moment]]
    """By address and agent: when; sorted."""
    addresses: Mapping[str, Sequence[Moment]]

    def signs(self, hit: Hit) -> Iterable[str]:
        """The names of the signs that these machines give to a hit that came from where they are."""
        if not hit.ip:
            return
        if _near(self.machines.get((hit.ip, hit.agent), ()), hit.at, SAME_MACHINE):
            yield "same machine"
        elif _near(self.addresses.get(hit.ip, ()), hit.at, BESIDE):
            yield "beside"


def survey(hits: Collection[Hit]) -> Surroundings:
    """What is to be seen from all hits of a message."""
    clicks = sorted((hit.at, hit.link_no) for hit in hits if hit.kind == "click")
    at_address: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        if hit.kind == "click":
            at_address[hit.ip].append(hit)
    several = {ip: those for ip, those in at_address.items() if len(those) > 1}
    return Surroundings(
        bursts=_crowded(clicks, BURST_LINKS, BURST_SPAN),
        ordered={ip: _ordered(sorted((it.at, it.link_no) for it in those)) for ip, those in several.items()},
        pairs=_crowded(clicks, 2, PAIR_SPAN),
        many_names={
            ip: _crowded(sorted((it.at, it.agent) for it in those), 2, NAMES_SPAN)
            for ip, those in several.items()
        },
        hidden=sorted(hit.at for hit in hits if hit.kind == "hidden"),
        opened=sorted(hit.at for hit in hits if hit.kind == "open" and is_persons_proxy(hit.agent)),
    )


def survey_scanners(hits: Iterable[tuple[Hit, Collection[str]]]) -> Scanners:
    """Where machines were, from each hit with the names of its own signs."""
    machines: dict[tuple[str, str], list[Moment]] = defaultdict(list)
    addresses: dict[str, list[Moment]] = defaultdict(list)
    for hit, names in sorted(hits, key=lambda it: it[0].at):
        spreads = {SIGNS[name].spreads for name in names}
        if "minutes" in spreads:
            machines[hit.ip, hit.agent].append(hit.at)
        if spreads - {""}:
            addresses[hit.ip].append(hit.at)
    return Scanners(machines=machines, addresses=addresses)


def _crowded(seen: Sequence[tuple[Moment, int | str]], many: int, span: Span) -> Spans:
    """The spans in which `many` or more different values came within `span`; `seen` is sorted."""
    spans: list[tuple[Moment, Moment]] = []
    inside: dict[int | str, int] = {}
    first = 0
    for at, value in seen:
        inside[value] = inside.get(value, 0) + 1
        while at - seen[first][0] > span:
            gone = seen[first][1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            first += 1
        if len(inside) >= many:
            start = seen[first][0]
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], at)
            else:
                spans.append((start, at))
    return tuple(spans)


def _ordered(clicks: Sequence[tuple[Moment, int]]) -> Spans:
    """The spans in which each click was on the link behind the one before it; `clicks` is sorted."""
    spans: list[tuple[Moment, Moment]] = []
    run: list[tuple[Moment, int]] = []
    for at, link in clicks:
        if run and link == run[-1][1]:
            continue  # asked for once more
        if run and not (link == run[-1][1] + 1 and at - run[-1][0] <= ORDERED_GAP):
            run = []
        run.append((at, link))
        if len(run) > ORDERED_LINKS:
            spans[-1] = (run[0][0], at)
        elif len(run) == ORDERED_LINKS:
            spans.append((run[0][0], at))
    return tuple(spans)


def _inside(spans: Spans, at: Moment) -> bool:
    return any(start <= at <= end for start, end in spans)


def _near(moments: Sequence[Moment], at: Moment, span: Span) -> bool:
    return bisect_left(moments, at - span) < bisect_right(moments, at + span)
