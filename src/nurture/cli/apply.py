"""nurture apply: put campaigns/ and templates/ into force."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, print_json, say, tell
from nurture.errors import FilesError, UsageError
from nurture.runner import applied
from nurture.runner.applied import Difference
from nurture.runner.files import read_files


def apply(
    workspace: Workspace = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Put campaigns/ and templates/ into force.

    Until then nothing changes for anybody. What would change is shown first, and asked about; --yes does not ask.
    With mistakes in the files nothing is put into force.
    """
    with open_app(workspace) as app:
        files = read_files(app.settings.workspace)
        checked = applied.check(app.store, app.settings, files)
        if checked.errors:
            raise FilesError(
                f"the files hold mistakes\n\n{applied.render(checked.errors)}\n",
                remedy="Nothing was changed.",
            )
        found = applied.difference(app.store, checked, files)
        if not found:
            _say(as_json, found, None)
            return
        _show(found)
        if not yes and not _is_wanted():
            tell("Nothing was changed.")
            raise typer.Exit(1)
        number = applied.apply(app.store, app.settings, checked, files, app.clock.now())
    _say(as_json, found, number)


def _show(found: Difference) -> None:
    for words, names in (("new", found.new), ("changed", found.changed), ("gone", found.gone)):
        for name in names:
            tell(f"  {words:8} {name}")
    for path, word in found.other.items():
        tell(f"  {word:8} {path}")


def _is_wanted() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask", remedy="Say yes beforehand: nurture apply --yes")
    return typer.confirm("Put this into force?", err=True)


def _say(as_json: bool, found: Difference, version: int | None) -> None:
    if as_json:
        print_json(
            {
                "version": version,
                "new": found.new,
                "changed": found.changed,
                "gone": found.gone,
                "other": list(found.other),
            }
        )
    elif version is None:
        say("Nothing has changed since the last apply.")
    else:
        say(f"Version {version} is in force. A daemon that is running takes it up within half a minute.")


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(apply)
