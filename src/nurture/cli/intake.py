"""nurture import: contacts, products, orders and events from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from nurture.app import App, open_app
from nurture.cli.console import Json, Workspace, print_json, progress, read_moment, say, tell
from nurture.clock import Moment
from nurture.errors import IntakeError
from nurture.runner.intake import Imported, import_file
from nurture.runner.intake_rows import Kind

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="CSV, CSV.gz, NDJSON or NDJSON.gz.")]


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
    """Take in people, by their address.

    Columns: email, external_id, first_name, last_name, locale, timezone, country, created_at, consent; all others
    become attributes. Without a basis of consent nobody is mailed marketing.

    \b
    nurture import contacts people.csv --consent "sign-up form"
    """
    _import("contacts", files, workspace, as_json, basis=consent, since=since)


def products(files: Files, workspace: Workspace = None, as_json: Json = False) -> None:
    """Take in what can be bought, by sku.

    Columns: sku, name, line, category, price, url, image_url, in_stock.
    """
    _import("products", files, workspace, as_json)


def orders(files: Files, workspace: Workspace = None, as_json: Json = False) -> None:
    """Take in what was bought: a row for each product of an order.

    Columns: order_id, email, ordered_at, sku, quantity, amount, currency, code, status.
    """
    _import("orders", files, workspace, as_json)


def events(files: Files, workspace: Workspace = None, as_json: Json = False) -> None:
    """Take in what people did besides, by id.

    Columns: id, email, name, at; all others become properties.
    """
    _import("events", files, workspace, as_json)


def _import(
    kind: str, files: list[Path], workspace: Path | None, as_json: bool, *, basis: str = "", since: str = ""
) -> None:
    results = []
    with open_app(workspace) as app:
        # All before the first row: a slip in the last name should not leave the others half done.
        sizes = [_size(path) for path in files]
        first_seen = read_moment(since, app.settings.zone, "--since") if since else 0
        for path, size in zip(files, sizes, strict=True):
            result = _one(app, cast(Kind, kind), path, size, basis, first_seen)
            results.append((path, result))
            if not as_json:
                _say(path, result)
    if as_json:
        print_json({"files": [_as_dict(path, it) for path, it in results]})
    if any(it.rejected for _, it in results):
        raise typer.Exit(1)


def _size(path: Path) -> int:
    """In bytes. Raises IntakeError where there is no such file, or it is a folder."""
    try:
        with path.open("rb"):
            return path.stat().st_size
    except OSError as error:
        raise IntakeError(
            f"this file cannot be read: {error.strerror}",
            where=str(path),
            remedy="Nothing was imported. Look at its name and whose it is.",
        ) from None


def _one(app: App, kind: Kind, path: Path, size: int, basis: str, since: Moment) -> Imported:
    settings = app.settings
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
            since=since,
            progress=lambda read, rows: step(read, f"{rows:,} rows"),
            workspace=settings.workspace,
        )


def _say(path: Path, it: Imported) -> None:
    words = f"{path.name}: {it.taken:,} rows taken, {it.unchanged:,} unchanged, {it.rejected:,} rejected"
    say(words)
    if it.rejects_path is not None:
        tell(f"  what was rejected, and why: {it.rejects_path}")
    for note in it.notes:
        tell(f"  {note}")


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
        no_args_is_help=True,
        help="Take in contacts, products, orders or events.\n\n"
        "A row that cannot be taken goes to FILE.rejects.csv with the reason, the others go in, and the exit status "
        "is 1. Importing a file again is harmless.",
    )
    for command in (contacts, products, orders, events):
        nouns.command()(command)
    app.add_typer(nouns, name="import")
