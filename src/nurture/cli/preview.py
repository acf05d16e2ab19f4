"""nurture preview: a template as one contact would get it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, print_json, say, tell
from nurture.errors import FilesError, WorkspaceError
from nurture.runner import checking
from nurture.runner.files import TEMPLATES, read_files
from nurture.runner.preview import preview as render


def preview(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="The file's name without its ending.")],
    address: Annotated[
        str, typer.Option("--for", metavar="ADDRESS", help="A contact; else a made-up one.")
    ] = "",
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the HTML there.")] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show a template as one contact would get it.

    From the files as they are now, applied or not. Nothing is sent, and no code is issued.

    \b
    nurture preview welcome --for ann@example.com --html welcome.html
    """
    with open_app(workspace) as app:
        files = read_files(app.settings.workspace)
        checked = checking.check(app.store, app.settings, files)
        wrong = tuple(
            it for it in checked.errors if it.code in ("template", "stopped") and _concerns(it.path, template)
        )
        if wrong:
            raise FilesError(f"this message cannot be put together\n\n{checking.render(wrong)}")
        rendered = render(app.store, app.settings, checked, template, address, app.clock.now())
    if html is not None:
        _write(html, rendered.html)
    if as_json:
        print_json(
            {
                "subject": rendered.subject,
                "preview": rendered.preview,
                "text": rendered.text,
                "html": rendered.html,
            }
        )
    else:
        say(f"subject: {rendered.subject}\npreview: {rendered.preview}\n\n{rendered.text}")


def _concerns(path: str, template: str) -> bool:
    """Whether a mistake in that file is one of the message: its own file, or one of those that many share."""
    inner = path.removeprefix(f"{TEMPLATES}/")
    return "/" in inner or inner.partition(".")[0] == template


def _write(path: Path, html: str) -> None:
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"this cannot be written: {error.strerror}", where=str(path)) from None
    tell(f"HTML: {path}")


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(preview)
