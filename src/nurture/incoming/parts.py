"""JSON of strangers: read without trust in its shape, its size or its text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn, TypeAlias
from zoneinfo import ZoneInfo

from nurture.clock import SECOND, Moment, parse_iso
from nurture.incoming.heard import LONGEST_SAID, Heard
from nurture.messages.mime import read_message_id
from nurture.messages.return_path import read_return_path
from nurture.messages.tokens import Key, Signer

Told: TypeAlias = tuple[Heard, bytes]
"""One thing that a provider said, and its own words for it."""

Part: TypeAlias = Mapping[str, object]

_NOTHING: Part = {}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,10})?", re.ASCII)
_UTC = ZoneInfo("UTC")
_LATEST: Moment = 4_102_444_800 * SECOND  # 2100
_LONGEST_ADDRESS = 320


class UnreadableError(ValueError):
    """A body that is no JSON of the wanted kind; its text says why."""


def loaded(body: bytes | str) -> object:
    """What the body holds. Raises UnreadableError."""
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UnreadableError("it is not JSON") from None


def written(value: object) -> bytes:
    """A part of a body as JSON again."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def part(value: object, *path: str) -> Part:
    """The map at `path`, empty where there is none."""
    found = _at(value, path)
    return found if isinstance(found, dict) else _NOTHING


def parts(value: object, *path: str) -> list[Part]:
    """The maps in the list at `path`."""
    found = _at(value, path)
    return [it for it in found if isinstance(it, dict)] if isinstance(found, list) else []


def text(value: object, *path: str, longest: int = 500) -> str:
    """The text or number at `path`, on one line, without what no database takes; empty where there is none."""
    found = _at(value, path)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    plain = str(found)[: 4 * longest].encode("utf-8", "replace").decode()
    return _CONTROL.sub(" ", plain).strip()[:longest]


def said(value: object, *path: str) -> str:
    """As `text`, as long as we keep it."""
    return text(value, *path, longest=LONGEST_SAID)


def is_true(value: object, *path: str) -> bool:
    """Whether `true` stands at `path`."""
    return _at(value, path) is True


def address(value: object, *path: str) -> str:
    """The address at `path` in lower case, taken out of `Name <…>`; empty where there is none."""
    whole = text(value, *path, longest=2 * _LONGEST_ADDRESS)
    plain = whole.rpartition("<")[2].partition(">")[0].strip().lower()
    return plain if "@" in plain and " " not in plain and len(plain) <= _LONGEST_ADDRESS else ""


def number(value: object, *path: str) -> Decimal:
    """The number at `path`, 0 where there is none."""
    found = text(value, *path, longest=40)
    return Decimal(found) if _DECIMAL.fullmatch(found) else Decimal()


def moment(value: object, *path: str) -> Moment:
    """The time at `path`, in ISO 8601 or in seconds since 1970; without a zone it is UTC; 0 where there is none."""
    found = text(value, *path, longest=60)
    try:
        at = int(Decimal(found) * SECOND) if _DECIMAL.fullmatch(found) else parse_iso(found, _UTC)
    except (ValueError, OverflowError):
        return 0
    return at if 0 < at < _LATEST else 0


def message_of(signer: Signer, *texts: str) -> Key | None:
    """Which message of ours one of these names, by its Message-ID or its return path."""
    for it in texts:
        key = read_message_id(it, signer) or read_return_path(it, signer)
        if key is not None:
            return key
    return None


def _at(value: object, path: tuple[str, ...]) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
