"""nurture stages: how many contacts stand where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, near_miss, out, print_json, read_moment
from nurture.clock import Moment, format_iso
from nurture.errors import UsageError
from nurture.reports.figures import number, share
from nurture.runner.in_force import load
from nurture.store import report_stages, vocabulary


def stages(
    at: Annotated[str, typer.Option(metavar="TIME", help="At a past time; else now.")] = "",
    line: Annotated[
        str, typer.Option(metavar="LINE", help="On this product line; else in the business.")
    ] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show how many contacts are at which stage.

    \b
    nurture stages --at 2017-06-30
    nurture stages --line FLORAL
    """
    with open_app(workspace) as app:
        moment = read_moment(at, app.settings.zone, "--at") if at else app.clock.now()
        lifecycle = load(app.store, app.settings).lifecycle
        with app.store.read() as tx:
            number_of_line = report_stages.line_id(tx, line)
            if number_of_line is None:
                raise UsageError(
                    f'no product line is called "{line}"',
                    where="--line",
                    remedy=near_miss(line, vocabulary.lines(tx) - {""}),
                )
            counts = report_stages.stages_at(tx, number_of_line, moment, lifecycle.first)
    if as_json:
        print_json(stages_as_dict(lifecycle.names, counts, at=moment, line=line))
    else:
        print_stages(lifecycle.names, counts)


def print_stages(stages: Sequence[str], counts: Mapping[str, int]) -> None:
    """One row a stage, in the lifecycle's order; stages that it does not name any more come last."""
    total = sum(counts.values())
    most = max(counts.values(), default=0)
    names = in_order(stages, counts)
    room = max(5, min(40, out.width - max(map(len, names), default=0) - 20))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("stage", overflow="fold")
    table.add_column("people", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("")
    for stage in names:
        count = counts.get(stage, 0)
        bar = "█" * round(count / most * room) if most else ""
        table.add_row(escape(stage), number(count), share(count / total) if total else "", bar)
    table.add_row("all", number(total), "", "")
    out.print(table)


def stages_as_dict(
    stages: Sequence[str], counts: Mapping[str, int], *, at: Moment, line: str = ""
) -> dict[str, Any]:
    """The same as one JSON document: `stages` maps every stage to its count."""
    return {
        "at": format_iso(at),
        "line": line,
        "stages": {stage: counts.get(stage, 0) for stage in in_order(stages, counts)},
        "total": sum(counts.values()),
    }


def in_order(stages: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """The lifecycle's stages, then those that only the past knows."""
    return [*stages, *sorted(set(counts) - set(stages))]


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(stages)
