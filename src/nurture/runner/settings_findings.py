"""The faults of nurture.toml as findings, each at the place where it is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from nurture.campaigns.findings import Finding
from nurture.errors import Fault, SettingsError
from nurture.journeys.spelling import near, quoted
from nurture.settings import FILE_NAME, Settings

_SECTION = re.compile(r"\s*\[\[?\s*([\w.\"-]+)")
_KEY = re.compile(r"\s*(\"?[\w-]+\"?(?:\s*\.\s*\"?[\w-]+\"?)*)\s*=")


def findings_of(error: SettingsError, workspace: Path) -> tuple[Finding, ...]:
    """Each fault with the line of the file that it is about, where there is one."""
    lines = _lines(workspace)
    return tuple(_finding(fault, lines) for fault in error.faults)


def unknown_campaigns(settings: Settings, keys: Collection[str]) -> tuple[Finding, ...]:
    """Where [rates] names what is none of `keys`, the campaigns that there are.

    A warning: people may still be on their way through a campaign whose file is gone.
    """
    lines = _lines(settings.workspace)
    found = []
    for name in settings.rates:
        if name not in keys:
            says = f"no campaign is called {quoted(name)}, so this rate holds for nothing"
            line, column, length = _place(("rates", name), lines)
            found.append(
                Finding(
                    code="unknown-campaign",
                    severity="warning",
                    path=FILE_NAME,
                    line=line,
                    column=column,
                    message=says,
                    hint=near(name, keys) or "a campaign is known by its file's name, without .yaml",
                    source=lines[line - 1] if line else "",
                    length=length,
                )
            )
    return tuple(found)


def _lines(workspace: Path) -> list[str]:
    try:
        return (workspace / FILE_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


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
            here, span = (*section, *(it.strip() for it in written[1].replace('"', "").split("."))), written
        else:
            continue
        if here == key[: len(here)]:
            found = (number, span.start(1) + 1, len(span[1]))
            if here == key or not head:
                break
    return found
