"""The faults of nurture.toml as findings, each at the place where it is written."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from nurture.campaigns.findings import Finding
from nurture.errors import Fault, SettingsError
from nurture.settings import FILE_NAME

_SECTION = re.compile(r"\s*\[\[?\s*([\w.\"-]+)")
_KEY = re.compile(r"\s*([\w-]+(?:\s*\.\s*[\w-]+)*)\s*=")


def findings_of(error: SettingsError, workspace: Path) -> tuple[Finding, ...]:
    """Each fault with the line of the file that it is about, where there is one."""
    try:
        lines = (workspace / FILE_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return tuple(_finding(fault, lines) for fault in error.faults)


def _finding(fault: Fault, lines: list[str]) -> Finding:
    if fault.variable:
        return Finding(code="settings", path=fault.variable, message=fault.message, hint=fault.hint)
    line, column, length = fault.line, fault.column, 1
    if not line and fault.key:
        line, column, length = _place(fault.key, lines)
    line = min(line, len(lines))
    return Finding(
        code="settings",
        path=FILE_NAME,
        line=line,
        column=max(1, column),
        message=fault.message,
        hint=fault.hint,
        source=lines[line - 1] if line else "",
        length=length,
    )


def _place(key: tuple[str, ...], lines: list[str]) -> tuple[int, int, int]:
    """Line, column and length of a key: as it is written in its section, else the section's head, else nothing."""
    key = tuple(".".join(key).split("."))
    section: tuple[str, ...] = ()
    several: Counter[str] = Counter()
    found = (0, 0, 1)
    for number, line in enumerate(lines, 1):
        head, written = _SECTION.match(line), _KEY.match(line)
        if head:
            section = tuple(head[1].replace('"', "").split("."))
            if line.lstrip().startswith("[["):
                section = (*section, str(several[head[1]]))
                several[head[1]] += 1
            here, span = section, head
        elif written:
            here, span = (*section, *(it.strip() for it in written[1].split("."))), written
        else:
            continue
        if here == key[: len(here)]:
            found = (number, span.start(1) + 1, len(span[1]))
            if here == key or not head:
                break
    return found
