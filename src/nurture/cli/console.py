"""What every command shares: where it works, how it speaks, how it ends."""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
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

from nurture.clock import SECOND, Clock, Moment, SystemClock, parse_iso
from nurture.errors import UsageError

PIPED = 160
"""Columns where nobody's terminal says how many there are, so that no table is cut in a file."""


class _Out(Console):
    def on_broken_pipe(self) -> None:
        """Whoever read it has gone: for `nurture report | head` that is no failure."""
        raise BrokenPipeError


def _width() -> int | None:
    """None: as wide as the terminal, or as COLUMNS says."""
    return None if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit() else PIPED


_COMMANDS = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

INTERRUPTED = 130
"""The exit status after Ctrl-C: 128 and the number of SIGINT."""

out = _Out(highlight=False, width=_width())
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
    # JSON leaves as they are what some terminals take for commands (C1), and what turns the direction of text.
    say(_COMMANDS.sub(lambda it: f"\\u{ord(it[0]):04x}", json.dumps(document, ensure_ascii=False, indent=2)))


def say(text: str) -> None:
    """A line of the result, on standard output, as it is."""
    try:
        print(text)
    except BrokenPipeError:
        # Anew and without its number, which typer would take for a failure.
        raise BrokenPipeError from None


def near_miss(word: str, names: Iterable[str]) -> str:
    """What may have been meant by a name that does not exist, else the names there are."""
    known = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), known, 1)
    if near:
        return f'Did you mean "{known[near[0]]}"?'
    return f"There are: {', '.join(sorted(known.values()))}" if known else "There are none yet."


def tell(text: str) -> None:
    """A line beside the result, on standard error, as it is."""
    err.print(text, markup=False, soft_wrap=True)


def hanging(text: str, indent: int, first: int = 2) -> str:
    """`text` in lines no wider than the output, the first behind `first` columns and the others behind `indent`."""
    return textwrap.fill(
        text,
        max(out.width, indent + 24),
        initial_indent=" " * first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


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
            tell(f"{what}: {min(100, tenth * 10)} % {words}".rstrip())

    return step


Counting: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, and with how many of how many so far."""


@contextmanager
def counting(things: str = "people", *, clock: Clock | None = None) -> Iterator[Counting]:
    """The progress of work that goes from one of `things` to the next, with its rate; the parts of it come one after
    the other. Nothing is shown of what is done within a second."""
    clock = clock or SystemClock()
    part, begun = "", 0
    step: Step | None = None
    with ExitStack() as shown:

        def told(what: str, done: int, total: int) -> None:
            nonlocal part, begun, step
            now = clock.now()
            if what != part:
                shown.close()
                part, begun, step = what, now, None
            elapsed = now - begun
            if step is None:
                if elapsed < SECOND:
                    return
                step = shown.enter_context(progress(what, total))
            step(done, f"{done:,} of {total:,} {things}, {round(done * SECOND / elapsed):,} a second")

        yield told


def read_moment(text: str, zone: ZoneInfo, option: str) -> Moment:
    """A moment given on the command line; without a zone it is in `zone`. Raises UsageError."""
    try:
        return parse_iso(text, zone)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date or time", where=option, remedy="Write it as 2026-03-02 or 2026-03-02T09:00"
        ) from None
