"""nurture apply: put campaigns/ and templates/ into force."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from nurture.app import App, open_app
from nurture.audience.spans import SpanError, parse_span
from nurture.campaigns.findings import printable
from nurture.cli.console import INTERRUPTED, Json, Workspace, counting, print_json, say, tell
from nurture.clock import Moment, Span
from nurture.errors import FilesError, UsageError
from nurture.runner import applying, checking, proposing
from nurture.runner.checking import Checked
from nurture.runner.files import CAMPAIGNS, read_files
from nurture.runner.pools import PoolTaken, take_pools
from nurture.runner.proposing import Proposal
from nurture.store import agenda

_SHORT = {"m": "minutes", "h": "hours", "d": "days"}


def apply(
    workspace: Workspace = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    spread: Annotated[
        str,
        typer.Option(
            "--spread",
            metavar="TIME",
            help="Let those whom an edit releases go on over this time, such as 2h.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Put campaigns/ and templates/ into force.

    Until then nothing changes for anybody. What would change is shown first, and asked about; --yes does not ask.
    With mistakes in the files nothing is put into force. An edit that would let more people go on at once than
    [limits] release in nurture.toml wants --spread or --yes.
    """
    over = _span(spread)
    with open_app(workspace) as app:
        files = read_files(app.settings.workspace)
        checked = checking.check(app.store, app.settings, files)
        if checked.errors:
            raise FilesError(
                f"the files hold mistakes\n\n{checking.render(checked.errors)}\n",
                remedy="Nothing was changed.",
            )
        now = app.clock.now()
        with counting() as told:
            found = proposing.propose(app.store, app.settings, checked, files, now, progress=told)
        if not found.difference:
            pools = _take_pools(app, checked, now)
            _say(as_json, found, None, pools)
            return
        _show(found)
        proposing.must_be_possible(found)
        _must_not_be_many(app, found, yes=yes, spread=over)
        if not yes and not _is_wanted():
            tell("Nothing was changed.")
            raise typer.Exit(1)
        pools = _take_pools(app, checked, now)
        with counting() as told:
            number = applying.apply(
                app.store, app.settings, checked, files, now, proposal=found, spread=over, progress=told
            )
        _say_who_is_looked_at(app, now)
    _say(as_json, found, number, pools)


def _take_pools(app: App, checked: Checked, now: Moment) -> list[PoolTaken]:
    """Files of codes first: what is in force has its codes."""
    with counting() as told:
        return take_pools(app.store, app.settings.workspace, checked.book.offers.values(), now, told)


def _span(written: str) -> Span:
    """2h, 30m and 1d are understood here besides `2 hours`."""
    if not written:
        return 0
    short = re.fullmatch(r"([0-9]+)([mhd])", written.strip())
    try:
        return parse_span(f"{short[1]} {_SHORT[short[2]]}" if short else written)
    except SpanError as error:
        raise UsageError(error.message, where="--spread", remedy="Write it as 2h, or as '2 hours'.") from None


def _say_who_is_looked_at(app: App, now: Moment) -> None:
    with app.store.read() as tx:
        people = agenda.people_due(tx, now)
    if people:
        tell(
            f"  {people:,} people are about to be looked at"
            if people > 1
            else "  1 person is about to be looked at"
        )


def _must_not_be_many(app: App, found: Proposal, *, yes: bool, spread: Span) -> None:
    most = app.settings.limits.release
    if found.release > most and not yes and not spread:
        raise UsageError(
            f"{found.release:,} people would go on at once, and [limits] release is {most:,}",
            remedy="Let them go on one after another: --spread 2h. Or all at once: --yes.",
        )


def _show(found: Proposal) -> None:
    difference = found.difference
    for words, names in (("new", difference.new), ("changed", difference.changed), ("gone", difference.gone)):
        for name in names:
            tell(f"  {words:8} {name}{_released(found.released.get(name, 0))}")
    for path, word in difference.other.items():
        tell(f"  {word:8} {path}")


def _released(people: int) -> str:
    match people:
        case 0:
            return ""
        case 1:
            return "   1 person goes on at once"
        case _:
            return f"   {people:,} people go on at once"


def _is_wanted() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask", remedy="Say yes beforehand: nurture apply --yes")
    try:
        return typer.confirm("Put this into force?", err=True)
    except typer.Abort:
        tell("\nNothing was changed.")
        raise typer.Exit(INTERRUPTED) from None


def _say(as_json: bool, found: Proposal, version: int | None, pools: Sequence[PoolTaken]) -> None:
    difference = found.difference
    for it in pools:
        _say_pool(it)
    if as_json:
        print_json(
            {
                "version": version,
                "new": difference.new,
                "changed": difference.changed,
                "gone": difference.gone,
                "other": list(difference.other),
                "released": dict(found.released),
                "codes": [asdict(it) for it in pools],
            }
        )
    elif version is None:
        say("Nothing has changed since the last apply.")
    else:
        say(f"Version {version} is in force. A daemon that is running takes it up within a second or two.")


def _say_pool(it: PoolTaken) -> None:
    """What became of a file of codes."""
    there = f", {it.known:,} were there already" if it.known else ""
    tell(f"  codes    {CAMPAIGNS}/{it.file}: {it.new:,} new{there}")
    for line in it.lines:
        tell(printable(f"           line {line.number}: {line.code!r} is not taken: {line.why}"))
    if it.refused > len(it.lines):
        tell(f"           {it.refused - len(it.lines):,} more are not taken")


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(apply)
