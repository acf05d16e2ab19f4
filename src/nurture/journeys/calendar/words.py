"""The words of calendars: days of the week, times of day."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nurture.clock import HOUR, MINUTE, Span
from nurture.journeys.calendar.errors import CalendarError, likely

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = tuple(range(7))
_DAY_WORDS = (*DAYS, *(it[:3] for it in DAYS))
_ELSEWHERE = {
    **dict.fromkeys(("weekday", "weekdays", "workday", "workdays", "business days"), "mon-fri"),
    **dict.fromkeys(("weekend", "weekends"), "sat-sun"),
    **dict.fromkeys(("mo", "montag", "lundi", "lunes"), "mon"),
    **dict.fromkeys(("di", "tu", "dienstag", "mardi", "martes"), "tue"),
    **dict.fromkeys(("mi", "we", "mittwoch", "mercredi"), "wed"),
    **dict.fromkeys(("do", "th", "donnerstag", "jeudi", "jueves"), "thu"),
    **dict.fromkeys(("fr", "freitag", "vendredi", "viernes"), "fri"),
    **dict.fromkeys(("sa", "samstag", "samedi"), "sat"),
    **dict.fromkeys(("so", "su", "sonntag", "dimanche", "domingo"), "sun"),
}
"""Words of other languages and calendars."""
_DAYS_HINT = "days are mon, tue, wed, thu, fri, sat and sun, such as mon-fri"
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})", re.ASCII)


def plain(text: str) -> str:
    """`text` in lower case, with single spaces, and plain hyphens for the dashes that word processors put."""
    return re.sub(r"\s*[-–—]\s*", "-", " ".join(text.lower().split()))


def day_of(word: str) -> int | None:
    """The day of the week, Monday is 0, by its name or the first three letters or more of it."""
    return next((no for no, it in enumerate(DAYS) if len(word) >= 3 and it.startswith(word)), None)


def instead(word: str) -> str:
    """A hint for a day that is said in other words; empty where it is none that is known."""
    meant = _ELSEWHERE.get(word.lower())
    return f'did you mean "{meant}"?' if meant else ""


def read_days(text: str, code: str) -> tuple[int, ...]:
    """`mon-fri`, `mon,wed,sat-sun`, `fri-mon`: days of the week in order. Raises CalendarError with `code`."""
    found: set[int] = set()
    for part in text.split(","):
        ends = [_needed_day(word.strip(), code) for word in part.split("-")]
        if len(ends) > 2:
            raise CalendarError(code, f'"{part.strip()}" has too many days', _DAYS_HINT)
        first, last = ends[0], ends[-1]
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return tuple(sorted(found))


def _needed_day(word: str, code: str) -> int:
    day = day_of(word)
    if day is None:
        said = f'"{word}" is not a day of the week' if word else "a day of the week is missing"
        raise CalendarError(code, said, instead(word) or likely(word, _DAY_WORDS, _DAYS_HINT))
    return day


def read_time(text: str, code: str) -> Span:
    """`9:00`, `09:00`, `24:00`: time since midnight. Raises CalendarError with `code`."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise CalendarError(code, f'"{text}" is not a time of day', time_hint(text))
    hour, minute = int(match[1]), int(match[2])
    if minute > 59 or hour > 24 or (hour == 24 and minute):
        raise CalendarError(code, f'"{text}" is not a time of day', "times go from 00:00 to 24:00")
    return hour * HOUR + minute * MINUTE


def time_hint(text: str) -> str:
    """What to write for `text`, which is no time of day."""
    match = re.fullmatch(r"([0-9]{1,2})(?:[:.h]?([0-9]{2}))? ?(am|pm|h|uhr)?", text, re.ASCII)
    hour = int(match[1]) if match else 99
    if match and match[3] in ("am", "pm"):
        hour = hour % 12 + (12 if match[3] == "pm" else 0) if hour <= 12 else 99
    if match is None or hour > 24:
        return "write hours and minutes, such as 09:00"
    return f'did you mean "{hour:02}:{match[2] or "00"}"?'


def say_days(days: Sequence[int]) -> str:
    """`Monday to Friday`, `Monday, Wednesday and Friday`, `every day`."""
    if len(days) == 7:
        return "every day"
    names = [DAYS[it].capitalize() for it in days]
    runs = [no for no in range(7) if no in days and (no - 1) % 7 not in days]
    if len(runs) == 1 and len(days) > 2:
        return f"{DAYS[runs[0]].capitalize()} to {DAYS[(runs[0] + len(days) - 1) % 7].capitalize()}"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
