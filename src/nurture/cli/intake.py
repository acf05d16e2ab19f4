"""nurture import: contacts, products, orders and events from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from nurture.app import App, open_app
from nurture.cli.console import Json, Workspace, err, print_json, progress, read_moment
from nurture.errors import IntakeError
from nurture.runner.intake import Imported, import_file
from nurture.runner.intake_rows import Kind

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, CSV.gz, NDJSON or NDJSON.gz.")]


def contacts(
    files: Files,
    consent: Annotated[
        str, typer.Option(metavar="BASIS", help="How these people agreed, where the file has no such column.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Since when they are known, where the file does not say.")
    ] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """People, by address. Without a basis of consent nobody is mailed marketing."""
    _import("contacts", files, workspace, as_json, basis=consent, since=since)


def products(files: Files, workspace: Workspace = None, as_json: Json = False) -> None:
    """What can be bought, by sku."""
    _import("products", files, workspace, as_json)


def orders(files: Files, workspace: Workspace = None, as_json: Json = False) -> None:
    """What was bought: a row for each product of an order."""
    _import("orders", files, workspace, as_json)


def events(files: Files, workspace: Workspace = None, as_json: Json = False) -> None:
    """What people did besides, by id."""
    _import("events", files, workspace, as_json)


def _import(
    kind: str, files: list[Path], workspace: Path | None, as_json: bool, *, basis: str = "", since: str = ""
) -> None:
    results = []
    with open_app(workspace) as app:
        for path in files:
            result = _one(app, cast(Kind, kind), path, basis, since)
            results.append((path, result))
            if not as_json:
                _say(path, result)
    if as_json:
        print_json({"files": [_as_dict(path, it) for path, it in results]})
    if any(it.rejected for _, it in results):
        raise typer.Exit(1)


def _one(app: App, kind: Kind, path: Path, basis: str, since: str) -> Imported:
    settings = app.settings
    try:
        size = path.stat().st_size
    except OSError as error:
        raise IntakeError(f"this file cannot be read: {error.strerror}", where=str(path)) from None
    with progress(f"importing {path.name}", size) as step:
        return import_file(
            app.store,
            kind,
            path,
            now=app.clock.now(),
            zone=settings.zone,
            currency=settings.currency,
            topics=settings.marketing_topics,
            basis=basis,
            since=read_moment(since, settings.zone, "--since") if since else 0,
            progress=lambda read, rows: step(read, f"{rows:,} rows"),
            workspace=settings.workspace,
        )


def _say(path: Path, it: Imported) -> None:
    words = f"{path.name}: {it.taken:,} rows taken, {it.unchanged:,} unchanged, {it.rejected:,} rejected"
    typer.echo(words)
    if it.rejects_path is not None:
        err.print(f"  what was rejected, and why: {it.rejects_path}", markup=False, soft_wrap=True)
    for note in it.notes:
        err.print(f"  {note}", markup=False, soft_wrap=True)


def _as_dict(path: Path, it: Imported) -> dict[str, Any]:
    return {
        "file": str(path),
        "taken": it.taken,
        "unchanged": it.unchanged,
        "rejected": it.rejected,
        "rejects": str(it.rejects_path) if it.rejects_path else None,
        "notes": list(it.notes),
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    nouns = typer.Typer(
        no_args_is_help=True, help="Take in contacts, products, orders or events. Again is harmless."
    )
    for command in (contacts, products, orders, events):
        nouns.command()(command)
    app.add_typer(nouns, name="import")
