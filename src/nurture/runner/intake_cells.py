"""The cells of an imported row, read into values: pure, and with reasons that a marketer understands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email

from nurture.audience.contact import Scalar
from nurture.clock import MINUTE, Moment, parse_iso

Cell: TypeAlias = str | int | float | bool | list[object] | dict[str, object] | None
"""What a file can hold: CSV only text, NDJSON all that JSON has."""

Record: TypeAlias = Mapping[str, Cell]
"""One row by column."""


class Cells(dict[str, Cell]):
    """The cells of a CSV's row, all of them text, cleaned beforehand and at once: one by one costs twice that."""

    __slots__ = ()


LONGEST = 2_000
"""Characters in one cell."""

MOST = 200
"""Attributes of a contact, or properties of an event."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
_AMOUNT = re.compile(r"[+-]?\d{1,12}(\.\d{1,10})?", re.ASCII)
_YES = frozenset({"true", "yes", "y"})
_NO = frozenset({"false", "no", "n"})
# What nearly all addresses look like; all others are read by email-validator, at thirty times the cost.
_PLAIN = re.compile(
    r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(com|org|net|edu|gov|io|co|de|fr|uk|es|it|nl|at|ch|us|ca|au|test|example)"
)


class BadRow(ValueError):
    """A row that cannot be taken; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What cells are read by."""

    now: Moment
    since: Moment = 0
    """When contacts came whose row does not say; 0: now."""
    zone: ZoneInfo
    currency: str
    digits: int
    """After the point, in amounts of that currency."""


def cells_of(columns: tuple[str, ...], cells: list[str]) -> Cells:
    """A row of a CSV, each cell as one line of text; what it lacks at its end is missing."""
    if not "".join(cells).isprintable():
        cells = [_CONTROL.sub(" ", cell) for cell in cells]
    return Cells(zip(columns, map(str.strip, cells), strict=False))


def text(record: Record, name: str, longest: int = LONGEST) -> str:
    """A cell as one line of text; empty where it is missing. Raises BadRow."""
    value = record.get(name)
    if value is None:
        return ""
    if type(record) is Cells and len(value) <= longest:  # type: ignore[arg-type]  # they are all text
        return value  # type: ignore[return-value]
    if isinstance(value, str):
        plain = value.strip() if value.isprintable() else _CONTROL.sub(" ", value).strip()
    elif isinstance(value, (bool, int, float)):
        plain = (
            str(value).lower()
            if isinstance(value, bool)
            else f"{value:.15g}"
            if isinstance(value, float)
            else str(value)
        )
    else:
        raise BadRow(f"{name} holds a list or a map where a single value is wanted")
    if len(plain) > longest:
        raise BadRow(f"{name} is longer than {longest:,} characters")
    return plain


def needed(record: Record, name: str, longest: int = LONGEST) -> str:
    """As `text`, where the cell must not be empty. Raises BadRow."""
    value = text(record, name, longest)
    if not value:
        raise BadRow(f"{name} is missing")
    return value


def address(record: Record, name: str = "email") -> str:
    """An e-mail address in lower case, its domain in ASCII. Raises BadRow."""
    value = needed(record, name, 320)
    found, reason = _address(value)
    if reason:
        raise BadRow(f"{value!r} is not an e-mail address: {reason}")
    return found


@lru_cache(maxsize=20_000)
def _address(value: str) -> tuple[str, str]:
    """The address, or why it is none."""
    lower = value.lower()
    if len(lower) <= 254 and _PLAIN.fullmatch(lower) and lower.index("@") <= 64:
        return lower, ""
    try:
        read = validate_email(
            value, check_deliverability=False, test_environment=True, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        return "", str(error).rstrip(".")
    return (read.ascii_email or read.normalized).lower(), ""


def moment(record: Record, name: str, setting: Setting) -> Moment | None:
    """A time in ISO 8601, None where the cell is empty. Raises BadRow for what is none or lies ahead."""
    value = text(record, name, 60)
    if not value:
        return None
    try:
        at = parse_iso(value, setting.zone)
    except (ValueError, OverflowError):
        raise BadRow(f"{name} is not a time: {value!r}; write it as 2017-06-30T18:05:00Z") from None
    if at > setting.now + 5 * MINUTE:
        raise BadRow(f"{name} is in the future: {value!r}")
    if at < 0:
        raise BadRow(f"{name} is before 1970: {value!r}")
    return at


def needed_moment(record: Record, name: str, setting: Setting) -> Moment:
    """As `moment`, where the cell must not be empty. Raises BadRow."""
    at = moment(record, name, setting)
    if at is None:
        raise BadRow(f"{name} is missing")
    return at


def amount(record: Record, name: str, setting: Setting) -> int | None:
    """An amount of money in minor units, None where the cell is empty. Raises BadRow."""
    value = text(record, name, 40)
    if not value:
        return None
    if not _AMOUNT.fullmatch(value):
        raise BadRow(f"{name} is not a number: {value!r}; write it as 1234.50")
    return round(Decimal(value).scaleb(setting.digits))


def number(record: Record, name: str, default: float) -> float:
    """A number, `default` where the cell is empty. Raises BadRow."""
    value = text(record, name, 40)
    if not value:
        return default
    if not _AMOUNT.fullmatch(value):
        raise BadRow(f"{name} is not a number: {value!r}")
    try:
        return float(Decimal(value))
    except InvalidOperation:
        raise BadRow(f"{name} is not a number: {value!r}") from None


def yes_or_no(record: Record, name: str) -> bool | None:
    """Yes or no, None where the cell is empty. Raises BadRow."""
    value = text(record, name, 40).lower()
    if not value:
        return None
    if value in _YES or value == "1":
        return True
    if value in _NO or value == "0":
        return False
    raise BadRow(f"{name} is neither yes nor no: {value!r}")


def currency(record: Record, setting: Setting) -> None:
    """Nothing, where the row's currency is the workspace's or not said. Raises BadRow."""
    value = text(record, "currency", 40).upper()
    if value and value != setting.currency:
        raise BadRow(f"currency is {value}; this workspace keeps its amounts in {setting.currency}")


def scalars(record: Record, names: tuple[str, ...]) -> dict[str, Scalar]:
    """The cells of `names` that are not empty, each as a number, yes or no, or text. Raises BadRow."""
    if len(names) > MOST:
        raise BadRow(f"it has {len(names)} cells besides the known ones; {MOST} are the most")
    found: dict[str, Scalar] = {}
    for name in names:
        value = record.get(name)
        if isinstance(value, bool):
            found[name] = value
        elif isinstance(value, (int, float)):
            found[name] = _reckoned(name, value)
        elif plain := text(record, name):
            found[name] = _typed_again(plain) if len(plain) <= _SHORT else _typed(plain)
    return found


def _reckoned(name: str, value: float) -> Scalar:
    if isinstance(value, int):
        return value if abs(value) < 10**15 else str(value)
    if value and not 1e-300 <= abs(value) < 1e300:
        raise BadRow(f"{name} is a number beyond reckoning")
    return value


_SHORT = 40
"""Characters of what is likely to come again, and may be remembered."""


@lru_cache(maxsize=20_000)
def _typed_again(value: str) -> Scalar:
    return _typed(value)


def _typed(value: str) -> Scalar:
    """A leading zero or more than 15 digits make a number a name: 01067 is a postal code."""
    if _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    lower = value.lower()
    if lower in ("true", "yes"):
        return True
    if lower in ("false", "no"):
        return False
    return value


def tags(record: Record, name: str = "tags") -> tuple[str, ...]:
    """Words between commas or semicolons, or a list. Raises BadRow."""
    value = record.get(name)
    if not value:
        return ()
    parts = value if isinstance(value, list) else re.split("[,;]", text(record, name))
    if not all(isinstance(part, (str, int)) for part in parts):
        raise BadRow(f"{name} holds something else than words")
    words = (_CONTROL.sub(" ", str(part)).strip()[:100] for part in parts)
    return tuple(dict.fromkeys(word for word in words if word))
