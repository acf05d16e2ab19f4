"""Regular expressions of the schemas. Both JavaScript, which editors run, and Python read them the same way."""

from __future__ import annotations

LETTER = r"[^\s!-@\[-^`{-~]"
"""Whatever is neither white space nor a digit nor ASCII punctuation but `_`: JavaScript's `\\w` knows no umlauts."""
WORD = r"[^\s!-/:-@\[-^`{-~]"
"""The same, and digits."""

NAME = f"{LETTER}{WORD}*"
EVENT = f"{LETTER}(?:{WORD}|[.:-])*"
EVENT_NAMED = f"(?!not |.* (?:and|or) ){EVENT}(?: (?:{WORD}|[.:-])+)*"
"""An event as an import may name it: `Order Completed`."""
STEP_ID = f"{WORD}(?:{WORD}|[.-])*"
STAGE = f"{WORD}(?:{WORD}|-)*(?:/{WORD}(?:{WORD}|-)*)*"


def any_case(word: str) -> str:
    """`word` in small or large letters; a JSON Schema has no flag for that."""
    return "".join(f"[{it.upper()}{it}]" for it in word)


def any_of(*words: str) -> str:
    """One of `words`, in small or large letters, with any white space between."""
    spelled = (r"\s+".join(map(any_case, it.split())) for it in words)
    return f"(?:{'|'.join(spelled)})"


LENGTH = rf"(?!0+\s)[0-9]{{1,9}}\s+{any_of('minute', 'hour', 'day', 'week')}[Ss]?"
"""A length of time, longer than none."""
SHARE = r"(?!0+(?:\.0+)?\s*%)[0-9]{1,2}(?:\.[0-9]{1,4})?\s*%"
"""More than 0% and less than 100%."""

_TIME = r"[0-9]{1,2}:[0-9]{2}"
_DASH = r"\s*[-–—]\s*"
_DAY = any_of("mon", "tue", "wed", "thu", "fri", "sat", "sun") + "[A-Za-z]*"
_DAYS = f"{_DAY}(?:{_DASH}{_DAY})?"
_HOURS = f"{_TIME}{_DASH}{_TIME}"
WINDOW = (
    f"(?:{any_of('any time')}[\\s,;]*|(?:(?:{any_of('and')}|{_DAYS}|{_HOURS})[\\s,;]*)+)"
    f"(?:[\\s,;]*{any_of('no holidays')})?"
)
"""Days and hours in any order; what they mean together is for `nurture check`."""
_WORDS = any_of("first", "second", "third", "fourth", "last", "day", "month", "of the month")
RECURRING = rf"contact\.{WORD}+(?:\s+{_TIME})?|(?:(?:{_WORDS}|{_DAYS}|{_TIME})[\s,]*)+"
"""A weekday, a day of the month, a time of day; or a date of the contact's own."""
ADDRESS = r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]+"


def whole(*patterns: str) -> str:
    """A pattern for all of a text that is one of `patterns`, with white space around it."""
    return rf"^\s*(?:{'|'.join(patterns)})\s*$"
