"""Who made a hit: a person, a machine that fetches ahead, a scanner, or nobody can tell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nurture.clock import Moment
from nurture.engagement.hit import Hit, Judged, Verdict
from nurture.engagement.signs import (
    AT_ONCE,
    BURST_LINKS,
    BURST_SPAN,
    EARLY,
    MACHINE,
    NEAR_HIDDEN,
    SAME_MACHINE,
    SIGNS,
    UNSURE,
    is_bare,
    is_crawler,
    is_persons_proxy,
)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the hits of one message say about one another."""

    bursts: tuple[tuple[Moment, Moment], ...]
    hidden: tuple[Moment, ...]
    """Sorted."""
    machines: dict[tuple[str, str], tuple[Moment, ...]]
    """Address and agent of those who followed the hidden link, and when; sorted."""


def judge(hits: Sequence[Hit], delivered_at: Moment) -> tuple[Judged, ...]:
    """The verdict on each hit of one message, in the order given.

    All hits of the message so far are wanted: a third link within 10 seconds tells on the two before it.
    `delivered_at` is the handover; 0 where it is not known. The order of `hits` does not change any
    verdict.
    """
    around = _survey(hits)
    return tuple(_judge_one(hit, around, delivered_at) for hit in hits)


def _judge_one(hit: Hit, around: _Surroundings, delivered_at: Moment) -> Judged:
    found = sorted((SIGNS[name] for name in _signs(hit, around, delivered_at)), key=lambda sign: -sign.weight)
    score = sum(sign.weight for sign in found)
    verdict: Verdict
    if score >= MACHINE:
        verdict = found[0].kind
    else:
        verdict = "unknown" if score >= UNSURE else "human"
    return Judged(hit=hit, verdict=verdict, score=score, reasons=tuple(sign.reason for sign in found))


def _signs(hit: Hit, around: _Surroundings, delivered_at: Moment) -> Iterable[str]:
    if hit.kind == "hidden":
        yield "hidden"
    elif _near(around.hidden, hit.at, NEAR_HIDDEN) or _near(
        around.machines.get((hit.ip, hit.agent), ()), hit.at, SAME_MACHINE
    ):
        yield "near hidden"
    if hit.kind == "click" and any(start <= hit.at <= end for start, end in around.bursts):
        yield "burst"
    if hit.method == "HEAD":
        yield "head"
    if hit.kind == "open" and is_persons_proxy(hit.agent):
        return
    yield from _agent_signs(hit)
    if delivered_at:
        yield from _age_signs(hit, delivered_at)


def _agent_signs(hit: Hit) -> Iterable[str]:
    if not hit.agent.strip():
        yield "no agent"
    elif is_bare(hit.agent):
        yield "apple" if hit.kind == "open" else "bare agent"
    elif is_crawler(hit.agent):
        yield "crawler"


def _age_signs(hit: Hit, delivered_at: Moment) -> Iterable[str]:
    age = hit.at - delivered_at
    if age < 0:
        yield "transit"
    elif hit.kind == "click" and age < AT_ONCE:
        yield "click at once"
    elif hit.kind == "click" and age < EARLY:
        yield "click early"
    elif hit.kind == "open" and age < AT_ONCE:
        yield "open at once"


def _survey(hits: Sequence[Hit]) -> _Surroundings:
    hidden = sorted(hit.at for hit in hits if hit.kind == "hidden")
    machines: dict[tuple[str, str], list[Moment]] = {}
    for hit in hits:
        if hit.kind == "hidden":
            machines.setdefault((hit.ip, hit.agent), []).append(hit.at)
    return _Surroundings(
        bursts=_bursts(hits),
        hidden=tuple(hidden),
        machines={who: tuple(sorted(times)) for who, times in machines.items()},
    )


def _bursts(hits: Sequence[Hit]) -> tuple[tuple[Moment, Moment], ...]:
    """The spans in which three or more different links were followed within 10 seconds."""
    clicks = sorted((hit.at, hit.link_no) for hit in hits if hit.kind == "click")
    spans: list[tuple[Moment, Moment]] = []
    inside: dict[int, int] = {}
    first = 0
    for at, link in clicks:
        inside[link] = inside.get(link, 0) + 1
        while at - clicks[first][0] > BURST_SPAN:
            gone = clicks[first][1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            first += 1
        if len(inside) >= BURST_LINKS:
            start = clicks[first][0]
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], at)
            else:
                spans.append((start, at))
    return tuple(spans)


def _near(moments: Sequence[Moment], at: Moment, span: int) -> bool:
    return bisect_left(moments, at - span) < bisect_right(moments, at + span)
