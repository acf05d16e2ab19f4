"""Findings: each mistake in the files, with its place, what is wrong and what was meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]

_WIDEST = 160
"""A longer line is shown from near the mistake on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One mistake. `line` and `column` count from 1; line 0 is the file as a whole."""

    code: str
    """A key of `codes.CODES`."""
    severity: Severity = "error"
    path: str
    line: int = 0
    column: int = 0
    message: str
    hint: str = ""
    source: str = ""
    """The line itself."""
    length: int = 1
    """How many characters are at fault, on this line."""


def by_place(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by file and place, the same finding only once."""
    return tuple(sorted(set(findings), key=_place))


def _place(finding: Finding) -> tuple[str, int, int, str, str, str]:
    return (finding.path, finding.line, finding.column, finding.severity, finding.code, finding.message)


def render(finding: Finding) -> str:
    """The finding as a person reads it: place and message, the line, and a caret with the hint under it."""
    message, hint = printable(finding.message), printable(finding.hint)
    if finding.severity == "warning":
        message = f"warning: {message}"
    if finding.line == 0:
        head = f"{printable(finding.path)}: {message}"
        return f"{head}\n      {hint}" if hint else head
    start = finding.column - 1
    cut = max(0, start - _WIDEST // 2) if len(finding.source) > _WIDEST else 0
    shown = printable(finding.source[cut : cut + _WIDEST])
    before, marked = shown[: start - cut], shown[start - cut :][: finding.length]
    carets = " " * _width(before) + "^" * max(1, _width(marked))
    return (
        f"{printable(finding.path)}:{finding.line}:{finding.column}: {message}\n"
        f"{finding.line:>5} | {shown}\n"
        f"      | {carets}{' ' + hint if hint else ''}"
    )


def printable(text: str) -> str:
    """`text` without what would move a terminal's cursor or turn its direction, one character for one."""
    return "".join(" " if c == "\t" else "\ufffd" if unicodedata.category(c)[0] == "C" else c for c in text)


def _width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
