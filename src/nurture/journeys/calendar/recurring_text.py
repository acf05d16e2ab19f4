"""Reading what comes again and again: `day 10:00`, `first tuesday 10:00`, `contact.birthday`."""

from __future__ import annotations

import re

from nurture.clock import DAY, Span
from nurture.journeys.calendar.anniversary import Anniversary
from nurture.journeys.calendar.errors import CalendarError, likely
from nurture.journeys.calendar.recurring import ORDINALS, Recurring
from nurture.journeys.calendar.words import DAYS, EVERY_DAY, day_of, instead, plain, read_days, read_time
from nurture.journeys.spelling import quoted

CODE = "not-a-time"
EXAMPLE = "write tuesday 10:00, mon-fri 09:00, day 10:00, first tuesday 10:00, last day or contact.birthday"
"""What may stand behind `every:`."""
_WORDS = ("day", "month", *ORDINALS, *DAYS)
DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\b.*", re.ASCII)
"""What sets out to be a date."""
_FACT = re.compile(r"(contact\.\w+)(?:\s+(\d\S*))?")


def parse_recurring(text: str) -> Recurring | Anniversary:
    """Read what `every:` says. Raises CalendarError."""
    match = _FACT.fullmatch(text.strip())
    if match is None:
        return parse_days(text)
    return Anniversary(fact=match[1], time=_time_of_day(match[2]) if match[2] else 0)


def parse_days(text: str) -> Recurring:
    """Read days of the week or of the month, with or without a time of day. Raises CalendarError."""
    said = re.sub(r"\s*,\s*", ",", plain(text))
    try:
        return _read(said)
    except CalendarError:
        shorter = re.sub(r"\b(?:every|each|the|on|at|next) | of (?:(?:each|every) )?month\b", "", said)
        if shorter == said:
            raise
    if shorter in ("first", "last"):
        shorter += " day"
    _read(shorter)
    raise CalendarError(CODE, f"{quoted(text)} is not a time", f'did you mean "{shorter}"?')


def _read(written: str) -> Recurring:
    if DATE.fullmatch(written):
        hint = f"write at: {written} to do it once, or a day such as first tuesday 10:00"
        raise CalendarError(CODE, f"{quoted(written)} comes only once", hint)
    match = re.fullmatch(r"(\D*?)(?: of the month)?(?:(?:^| )(\d\S*))?", written)
    if match is None or not (match[1] or match[2]):
        raise CalendarError(CODE, f"{quoted(written)} is not a time", EXAMPLE)
    said, time = match[1], _time_of_day(match[2]) if match[2] else 0
    nth, _, day = said.rpartition(" ")
    if said in ("", "day"):
        return Recurring(time=time)
    if said == "month":
        return Recurring(nth="first", time=time)
    if nth or said in ORDINALS:
        return Recurring(days=_one_day(written, nth, day), nth=nth, time=time)
    return Recurring(days=_days(said), time=time)


def is_days(text: str) -> bool:
    """Whether a text sets out to say days or a time of day, well or badly."""
    said = plain(text)
    word = re.split(r"[\s,-]", re.sub(r"^(?:(?:every|each|the|on|at|next) )+", "", said))[0]
    shaped = re.fullmatch(r"([a-z,-]+ ){0,2}\d{1,2}:\d\d|[a-z]+", said) is not None and said != "now"
    return shaped or word in _WORDS or day_of(word) is not None


def _days(said: str) -> tuple[int, ...]:
    if re.fullmatch(r"[^,\s-]+", said) and day_of(said) is None:
        hint = instead(said) or likely(said, _WORDS, EXAMPLE)
        raise CalendarError(CODE, f'"{said}" is not a day', hint)
    return read_days(said, CODE)


def _one_day(written: str, nth: str, said: str) -> tuple[int, ...]:
    if nth not in ORDINALS:
        hint = likely(nth, ORDINALS, EXAMPLE)
        raise CalendarError(CODE, f"{quoted(written)} is not a time", hint)
    day = day_of(said)
    if said == "day" and nth in ("first", "last"):
        return EVERY_DAY
    if day is None:
        hint = likely(said, DAYS, f"write one day of the week, such as {nth} tuesday")
        raise CalendarError(CODE, f"{quoted(written)} is not a time", hint)
    return (day,)


def _time_of_day(written: str) -> Span:
    time = read_time(written, CODE)
    if time == DAY:
        raise CalendarError(CODE, '"24:00" is not a time of day', "the start of a day is 00:00")
    return time
