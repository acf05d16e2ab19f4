"""Who made a hit: a person, a machine that fetches ahead, a scanner, or nobody can tell."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nurture.clock import Moment
from nurture.engagement import request
from nurture.engagement.hit import Hit, Judged, Verdict
from nurture.engagement.signs import MACHINE, SIGNS, UNSURE
from nurture.engagement.surroundings import survey, survey_scanners


def judge(hits: Sequence[Hit], delivered_at: Moment) -> tuple[Judged, ...]:
    """The verdict on each hit of one message, in the order given.

    All hits of the message so far are wanted: a third link within 10 seconds tells on the two before it.
    `delivered_at` is the handover; 0 where it is not known. The order of `hits` does not change any
    verdict.
    """
    if len(hits) == 1:
        # Most messages: nothing around it that could say anything.
        return (_judged(hits[0], {*request.signs(hits[0], delivered_at, opened=False)}),)
    around = survey(hits)
    found = [
        {*request.signs(hit, delivered_at, opened=around.opened_before(hit)), *around.signs(hit)}
        for hit in hits
    ]
    # Only by what each did itself: who is told on does not tell on others.
    scanners = survey_scanners(zip(hits, found, strict=True))
    return tuple(
        _judged(hit, names if _is_scanner(names) else {*names, *scanners.signs(hit)})
        for hit, names in zip(hits, found, strict=True)
    )


def _is_scanner(names: Collection[str]) -> bool:
    return any(SIGNS[name].spreads for name in names)


def _judged(hit: Hit, names: Collection[str]) -> Judged:
    found = sorted((SIGNS[name] for name in names), key=lambda sign: (-sign.weight, sign.reason))
    score = round(sum((sign.weight for sign in found), 0.0), 3)
    verdict: Verdict
    if score >= MACHINE:
        verdict = found[0].kind
    else:
        verdict = "unknown" if score >= UNSURE else "human"
    return Judged(hit=hit, verdict=verdict, score=score, reasons=tuple(sign.reason for sign in found))
