"""What every command shares: where it works, how it speaks, how it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from nurture.clock import Moment, parse_iso
from nurture.errors import UsageError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Workspace: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--workspace", "-w", help="The workspace; else the nearest nurture.toml upwards.", metavar="DIR"
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def print_json(document: Any) -> None:
    """One JSON document on standard output, nothing else."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


Step: TypeAlias = Callable[[float, str], None]
"""Told how much is done (of the total) and a few words about it."""


@contextmanager
def progress(what: str, total: float) -> Iterator[Step]:
    """A bar with time left on a terminal; a plain line every tenth of the way elsewhere."""
    if not err.is_terminal:
        yield _plain(what, total)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[words]}"),
        TimeRemainingColumn(compact=True),
        console=err,
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=max(total, 1), words="")

        def step(done: float, words: str) -> None:
            bar.update(task, completed=done, words=words)

        yield step


def _plain(what: str, total: float) -> Step:
    last = -1

    def step(done: float, words: str) -> None:
        nonlocal last
        tenth = int(10 * done / total) if total else 10
        if tenth > last:
            last = tenth
            err.print(f"{what}: {min(100, tenth * 10)} % {words}".rstrip(), soft_wrap=True)

    return step


def read_moment(text: str, zone: ZoneInfo, option: str) -> Moment:
    """A moment given on the command line; without a zone it is in `zone`. Raises UsageError."""
    try:
        return parse_iso(text, zone)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date or time", where=option, remedy="Write it as 2026-03-02 or 2026-03-02T09:00."
        ) from None
