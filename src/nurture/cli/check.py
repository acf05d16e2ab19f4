"""nurture check: every mistake in nurture.toml, campaigns/ and templates/, and what each kind of them means."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from nurture.app import CheckedWorkspace, check_workspace
from nurture.campaigns.codes import CODES
from nurture.campaigns.codes.page import explained
from nurture.campaigns.findings import Finding
from nurture.cli.console import Json, Workspace, counting, near_miss, print_json, say, tell
from nurture.errors import UsageError
from nurture.runner import checking


def check(
    explain: Annotated[
        str, typer.Option("--explain", metavar="CODE", help="Tell what a code means, with examples.")
    ] = "",
    all_contacts: Annotated[
        bool, typer.Option("--all-contacts", help="Render every message for everybody in the database.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings, too.")] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Find every mistake in nurture.toml, campaigns/ and templates/.

    Nothing is changed. Warnings do not fail: the exit status is 1 only where there are errors, or with --strict.
    Messages are rendered for some contacts who differ as much as can be; with --all-contacts for each of them, which
    takes a minute for some 100,000 messages.

    \b
    nurture check --explain unknown-template
    """
    if explain:
        _explain(explain, as_json)
        return
    found = _on_everybody(workspace) if all_contacts else check_workspace(workspace)
    errors = [it for it in found.findings if it.severity == "error"]
    warnings = len(found.findings) - len(errors)
    if as_json:
        findings = [_as_dict(it) for it in found.findings]
        print_json({"findings": findings, "errors": len(errors), "warnings": warnings})
    else:
        if found.findings:
            say(checking.render(found.findings))
        if found.note:
            tell(found.note)
        tell(f"{_count(found.files, 'file')}: {_count(len(errors), 'error')}, {_count(warnings, 'warning')}")
        if found.findings:
            codes = sorted({it.code for it in found.findings})
            tell(f"Codes: {', '.join(codes)}. What one means: nurture check --explain {codes[0]}")
    if errors or (strict and warnings):
        raise typer.Exit(1)


def _on_everybody(workspace: Path | None) -> CheckedWorkspace:
    with counting() as show:
        return check_workspace(workspace, lambda done, total: show("rendering for everybody", done, total))


def _explain(code: str, as_json: bool) -> None:
    if code not in CODES:
        raise UsageError(
            f'no finding has the code "{code}"', where="--explain", remedy=near_miss(code, CODES)
        )
    if as_json:
        print_json({"code": code, **asdict(CODES[code])})
    else:
        say(explained(code))


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _as_dict(it: Finding) -> dict[str, Any]:
    return {
        "code": it.code,
        "severity": it.severity,
        "path": it.path,
        "line": it.line,
        "column": it.column,
        "length": it.length,
        "message": it.message,
        "hint": it.hint,
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(check)
