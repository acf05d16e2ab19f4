"""nurture apply: put campaigns/ and templates/ into force."""

from __future__ import annotations

from typing import Annotated

import typer

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, err, print_json
from nurture.errors import FilesError, UsageError
from nurture.runner import applied
from nurture.runner.applied import Difference
from nurture.runner.files import read_files


def apply(
    workspace: Workspace = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Put campaigns/ and templates/ into force as a new version. Until then nothing changes for anybody."""
    with open_app(workspace) as app:
        files = read_files(app.settings.workspace)
        checked = applied.check(app.store, app.settings, files)
        if checked.errors:
            raise FilesError(applied.render(checked.errors), remedy="Nothing was changed.")
        found = applied.difference(app.store, checked, files)
        if not found:
            _say(as_json, found, None)
            return
        if not as_json:
            _show(found)
        if not yes:
            _ask()
        number = applied.apply(app.store, app.settings, checked, files, app.clock.now())
    _say(as_json, found, number)


def _show(found: Difference) -> None:
    for words, names in (("new", found.new), ("changed", found.changed), ("gone", found.gone)):
        for name in names:
            err.print(f"  {words:8} {name}", markup=False)
    for path in found.other:
        err.print(f"  {'changed':8} {path}", markup=False)


def _ask() -> None:
    if not err.is_terminal:
        raise UsageError("nobody is there to ask", remedy="Say yes beforehand: nurture apply --yes")
    typer.confirm("Put this into force?", abort=True, err=True)


def _say(as_json: bool, found: Difference, version: int | None) -> None:
    if as_json:
        print_json(
            {
                "version": version,
                "new": found.new,
                "changed": found.changed,
                "gone": found.gone,
                "other": found.other,
            }
        )
    elif version is None:
        typer.echo("Nothing has changed since the last apply.")
    else:
        typer.echo(f"Version {version} is in force. A daemon that is running takes it up within a minute.")


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(apply)
