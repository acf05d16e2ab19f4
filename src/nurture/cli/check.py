"""nurture check: every mistake in nurture.toml, campaigns/ and templates/."""

from __future__ import annotations

from typing import Any

import typer

from nurture.app import check_workspace
from nurture.campaigns.findings import Finding
from nurture.cli.console import Json, Workspace, print_json, say, tell
from nurture.runner import applied


def check(workspace: Workspace = None, as_json: Json = False) -> None:
    """Find every mistake in nurture.toml, campaigns/ and templates/.

    Nothing is changed. Warnings do not fail: the exit status is 1 only where there are errors.
    """
    found = check_workspace(workspace)
    errors = [it for it in found.findings if it.severity == "error"]
    if as_json:
        print_json({"findings": [_as_dict(it) for it in found.findings], "errors": len(errors)})
    else:
        if found.findings:
            say(applied.render(found.findings))
        warnings = len(found.findings) - len(errors)
        if found.note:
            tell(found.note)
        tell(f"{_count(found.files, 'file')}: {_count(len(errors), 'error')}, {_count(warnings, 'warning')}")
    if errors:
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
