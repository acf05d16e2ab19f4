"""Reading a window: `mon-fri 09:00-17:00, sat 10:00-14:00 no holidays`."""

from __future__ import annotations

import re
from functools import lru_cache

from nurture.clock import DAY, Span
from nurture.journeys.calendar.errors import CalendarError
from nurture.journeys.calendar.window import Hours, Window
from nurture.journeys.calendar.words import EVERY_DAY, plain, read_days, read_time
from nurture.journeys.spelling import quoted

_CODE = "not-a-window"
_EXAMPLE = "write days and hours, such as mon-fri 09:00-17:00, or any time"
_LONGEST = 500


@lru_cache(maxsize=256)
def parse_window(text: str) -> Window:
    """Read a window. Raises CalendarError: `not-a-window`, or `never-opens` where it would be of no length."""
    written = re.sub(r"\s*([,;])\s*", r"\1", plain(text))
    if not written or len(written) > _LONGEST:
        raise CalendarError(_CODE, f"{quoted(text)} is not a window", _EXAMPLE)
    hours = written.removesuffix("no holidays").rstrip(" ,;")
    without_holidays = hours != written
    if "holiday" in hours or not hours:
        hint = "write no holidays once, at the end, such as mon-fri 09:00-17:00 no holidays"
        raise CalendarError(_CODE, f"{quoted(text)} is not a window", hint)
    if hours in ("anytime", "always", "any", "24/7"):
        raise CalendarError(_CODE, f"{quoted(text)} is not a window", 'did you mean "any time"?')
    if hours == "any time":
        return Window(hours=(Hours(days=EVERY_DAY),), holidays=not without_holidays)
    return Window(hours=_all_hours(hours), holidays=not without_holidays)


def _all_hours(written: str) -> tuple[Hours, ...]:
    found: list[Hours] = []
    for group in written.split(";"):
        parts = re.split(r"\band\b", group)
        timed = re.search(r"\d", group) is not None
        for part in parts:
            found += _hours_of(part, found[-1].days if found else EVERY_DAY, timed)
    return tuple(dict.fromkeys(found))


def _hours_of(written: str, said: tuple[int, ...], timed: bool) -> list[Hours]:
    """What stands between two `and`. Hours without days have those `said` before; `timed`: all need hours."""
    found: list[Hours] = []
    named: list[str] = []
    for item in written.split(","):
        days, hours = _cut(item)
        if days:
            named.append(days)
        if hours:
            said = read_days(",".join(named), _CODE) if named else said
            opens, closes = _span(hours)
            found.append(Hours(days=said, opens=opens, closes=closes))
            named = []
    if named:
        days = ",".join(named)
        found.append(Hours(days=read_days(days, _CODE)))
        if timed:
            hint = f"put commas between days of the same hours, or write {days} 00:00-24:00 for the whole day"
            raise CalendarError(_CODE, f"it is not clear which hours {quoted(days)} has", hint)
    return found


def _cut(item: str) -> tuple[str, str]:
    """The days and the hours of `mon-fri 09:00-17:00`; either may be empty, but not both."""
    match = re.fullmatch(r"\s*([^\d\s]*)\s*(\d.*)?", item)
    if match is None or not (match[1] or match[2]):
        said = f"{quoted(item.strip())} is not a window" if item.strip() else "a window is missing"
        raise CalendarError(_CODE, said, _EXAMPLE)
    return match[1], (match[2] or "").strip()


def _span(written: str) -> tuple[Span, Span]:
    """When `09:00-17:00` opens and closes; beyond a day where it runs past midnight."""
    ends = written.split("-")
    if turned := re.fullmatch(r"(\S*\d\S*) ([a-z][a-z-]*)", written):
        hint = f'did you mean "{turned[2]} {turned[1]}"?'
        raise CalendarError(_CODE, f"{quoted(written)} has its days behind the hours", hint)
    if len(ends) != 2:
        hint = "write from when to when, such as 09:00-17:00"
        if len(ends) > 2:
            hint = "put a comma between two spans of hours"
        raise CalendarError(_CODE, f"{quoted(written)} is not a span of hours", hint)
    opens, closes = (read_time(it.strip(), _CODE) for it in ends)
    if opens == DAY:
        raise CalendarError(_CODE, "a window cannot open at 24:00", "the start of a day is 00:00")
    if opens == closes:
        hint = "the whole day is 00:00-24:00"
        raise CalendarError("never-opens", f"{quoted(written)} never opens: it ends as it begins", hint)
    return opens, closes if closes > opens else closes + DAY
