"""nurture import: contacts, products, orders, events and suppressions from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from nurture.app import App, open_app
from nurture.cli.console import Json, Workspace, near_miss, print_json, progress, read_moment, say, tell
from nurture.clock import Moment
from nurture.errors import IntakeError, UsageError
from nurture.runner import in_force
from nurture.runner.intake import Imported, import_file
from nurture.runner.intake_rows import Kind
from nurture.store import versions

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="CSV, CSV.gz, NDJSON or NDJSON.gz.")]


def contacts(
    files: Files,
    consent: Annotated[
        str, typer.Option(metavar="BASIS", help="How these people agreed, where the file has no such column.")
    ] = "",
    wording: Annotated[
        str, typer.Option(metavar="TEXT", help="What they agreed to, as it was put to them.")
    ] = "",
    topic: Annotated[
        list[str] | None,
        typer.Option(metavar="TOPIC", help="Only what they agreed to; else every topic. May be said again."),
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Since when they are known, where the file does not say.")
    ] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Take in people, by their address.

    Columns: email, external_id, first_name, last_name, locale, timezone, country, tags, created_at, last_engaged_at,
    consent, consent_at, consent_wording, consent_ip; all others become attributes. Without a basis of consent nobody
    is mailed marketing. Who said no stays out of it, and who was erased stays away.

    \b
    nurture import contacts people.csv --consent "sign-up form"
    """
    _import(
        "contacts",
        files,
        workspace,
        as_json,
        basis=consent,
        wording=wording,
        only=topic or (),
        since=since,
    )


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


def suppressions(files: Files, workspace: Workspace = None, as_json: Json = False) -> None:
    """Take in the no's of the system that these people come from.

    Columns: email, reason (unsubscribed, bounced, complained, other), topic, at. With a topic, only that one is
    withdrawn; else the address is never mailed again, until its owner agrees anew. What waits for them is not sent.
    """
    _import("suppressions", files, workspace, as_json)


def _import(
    kind: str,
    files: list[Path],
    workspace: Path | None,
    as_json: bool,
    *,
    basis: str = "",
    wording: str = "",
    only: Sequence[str] = (),
    since: str = "",
) -> None:
    results = []
    with open_app(workspace) as app:
        # All before the first row: a slip in the last name should not leave the others half done.
        sizes = [_size(path) for path in files]
        told = _Told(
            basis=basis,
            wording=wording,
            topics=_topics(app, only),
            since=read_moment(since, app.settings.zone, "--since") if since else 0,
            campaigns=_by_topic(app) if kind == "suppressions" else {},
        )
        for path, size in zip(files, sizes, strict=True):
            result = _one(app, cast(Kind, kind), path, size, told)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What was said with the command, for all its files."""

    basis: str
    wording: str
    topics: tuple[str, ...]
    since: Moment
    campaigns: Mapping[str, list[int]]
    """The ids of those that write on each topic."""


def _topics(app: App, only: Sequence[str]) -> tuple[str, ...]:
    """Those that are meant. Raises UsageError."""
    marketing = app.settings.marketing_topics
    for name in only:
        if name not in marketing:
            raise UsageError(
                f'no topic is called "{name}"', where="--topic", remedy=near_miss(name, marketing)
            )
    return tuple(only or marketing)


def _by_topic(app: App) -> dict[str, list[int]]:
    """The campaigns that write on each topic, as far as any is in force."""
    found: dict[str, list[int]] = {}
    with app.store.read() as tx:
        applied = versions.newest_version(tx) > 0
    if applied:
        for live, campaign in in_force.load(app.store, app.settings).in_force:
            found.setdefault(campaign.topic, []).append(live.record.id)
    return found


def _one(app: App, kind: Kind, path: Path, size: int, told: _Told) -> Imported:
    settings = app.settings
    with progress(f"importing {path.name}", size) as step:
        return import_file(
            app.store,
            kind,
            path,
            now=app.clock.now(),
            zone=settings.zone,
            currency=settings.currency,
            address_key=app.address_key,
            topics=told.topics,
            basis=told.basis,
            wording=told.wording,
            since=told.since,
            campaigns=told.campaigns,
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
        help="Take in contacts, products, orders, events or suppressions.\n\n"
        "A row that cannot be taken goes to FILE.rejects.csv with the reason, the others go in, and the exit status "
        "is 1. Importing a file again is harmless.",
    )
    for command in (contacts, products, orders, events, suppressions):
        nouns.command()(command)
    app.add_typer(nouns, name="import")
