"""nurture check: every mistake in nurture.toml, campaigns/ and templates/."""

from __future__ import annotations

from typing import Any

import typer

from nurture.app import open_app
from nurture.campaigns.findings import Finding
from nurture.cli.console import Json, Workspace, err, print_json
from nurture.runner import applied
from nurture.runner.files import read_files


def check(workspace: Workspace = None, as_json: Json = False) -> None:
    """Say every mistake in nurture.toml, campaigns/ and templates/. Exit status 1 where there are any."""
    with open_app(workspace) as app:
        files = read_files(app.settings.workspace)
        checked = applied.check(app.store, app.settings, files)
    if as_json:
        print_json({"findings": [_as_dict(it) for it in checked.findings], "errors": len(checked.errors)})
    else:
        if checked.findings:
            typer.echo(applied.render(checked.findings))
        warnings = len(checked.findings) - len(checked.errors)
        err.print(
            f"{len(files)} files: {_count(len(checked.errors), 'error')}, {_count(warnings, 'warning')}",
            markup=False,
        )
    if checked.errors:
        raise typer.Exit(1)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _as_dict(it: Finding) -> dict[str, Any]:
    return {
        "code": it.code,
        "severity": it.severity,
        "path": it.path,
        "line": it.line,
        "column": it.column,
        "message": it.message,
        "hint": it.hint,
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(check)
