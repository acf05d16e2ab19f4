"""nurture schema: what editors know the files by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nurture.campaigns.schema import FOLDER, KINDS, file_name, written
from nurture.cli.console import Json, Workspace, near_miss, print_json, say
from nurture.errors import UsageError, WorkspaceError
from nurture.settings import find_workspace


def schema(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help=f"Print this one: {', '.join(KINDS)}.")] = "",
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Write them there.")] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Write the schemas that editors complete and underline by.

    They are made anew in schema/ of the workspace, for campaigns, lifecycle.yaml, offers.yaml, questions.yaml and
    tests. Do it after an update of nurture. A file names its schema in its first line:

    \b
    # yaml-language-server: $schema=../../schema/campaign.schema.json
    """
    if kind:
        _print(kind, to)
        return
    folder = to if to is not None else _home(workspace) / FOLDER
    made = [_write(folder, it) for it in KINDS]
    if as_json:
        print_json({"written": [str(path) for path in made]})
        return
    for path in made:
        say(str(path))


def _print(kind: str, to: Path | None) -> None:
    if kind not in KINDS:
        raise UsageError(f'there is no schema "{kind}"', remedy=near_miss(kind, KINDS))
    if to is not None:
        raise UsageError("one schema is printed, all are written", remedy="Leave out KIND, or --to.")
    say(written(kind).rstrip("\n"))


def _home(workspace: Path | None) -> Path:
    return find_workspace(Path.cwd() if workspace is None else workspace)


def _write(folder: Path, kind: str) -> Path:
    path = folder / file_name(kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(written(kind), encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"this cannot be written: {error.strerror}", where=str(path)) from None
    return path


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(schema)
