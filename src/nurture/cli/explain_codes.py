"""The codes of a contact in `nurture explain`: each with what became of it, as lines and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from nurture.cli.use_words import OF_A_CONTACT
from nurture.clock import Moment, format_iso, to_datetime
from nurture.reports.explain import CodeStory, UseStory
from nurture.reports.revenue import major


def codes_in_words(codes: Sequence[CodeStory], currency: str, zone: ZoneInfo) -> Iterator[str]:
    """A line for each thing that happened to each code, behind its moment."""
    for it in codes:
        if it.issued_at:
            until = f", good until {_when(it.expires_at, zone)}" if it.expires_at else ""
            arrived = until if it.handed_at else ", not handed over yet"
            yield f"{_when(it.issued_at, zone)}  was given {it.code} for {it.offer}{arrived}"
        for use in it.uses:
            yield f"{_when(use.at, zone)}  {_used(it, use, currency)}"


def _used(it: CodeStory, use: UseStory, currency: str) -> str:
    passed_on = use.verdict == "redeemed"
    whose = (
        ""
        if it.issued_at
        else ", which was passed on to them,"
        if passed_on
        else ", which is not theirs,"
        if it.own
        else ", which they were never given,"
    )
    who = f"order {use.order}" if use.is_theirs else f"order {use.order} of somebody else"
    if use.discount is None:
        cost = "; what that cost is not known"
    else:
        cost = f"; that cost {major(use.discount, currency)} {currency}" if use.discount else ""
    return f"{who} bears {it.code}{whose} and {OF_A_CONTACT[use.verdict]}{cost}"


def code_as_dict(it: CodeStory, currency: str) -> dict[str, Any]:
    """The same for a JSON document."""
    return {
        "code": it.code,
        "offer": it.offer,
        "unique": it.own,
        "issued_at": _iso(it.issued_at),
        "handed_at": _iso(it.handed_at),
        "expires_at": _iso(it.expires_at),
        "redeemed_at": _iso(it.redeemed_at),
        "uses": [
            {
                "order": use.order,
                "at": format_iso(use.at),
                "verdict": use.verdict,
                "discount": None if use.discount is None else float(major(use.discount, currency)),
                "theirs": use.is_theirs,
            }
            for use in it.uses
        ],
    }


def _when(at: Moment, zone: ZoneInfo) -> str:
    return f"{to_datetime(at, zone):%Y-%m-%d %H:%M}"


def _iso(at: Moment) -> str | None:
    return format_iso(at) if at else None
