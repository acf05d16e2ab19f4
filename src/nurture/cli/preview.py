"""nurture preview: a template as one person would get it, on a page, as text, as HTML or as a picture."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import render
from nurture.cli.console import Json, Workspace, err, print_json, say, tell
from nurture.errors import FilesError, UsageError, WorkspaceError
from nurture.runner.chromium import DESKTOP, PHONE, Chromium
from nurture.runner.preview import Seen
from nurture.runner.studio import Studio
from nurture.runner.studio_desk import StudioDesk
from nurture.runner.studio_talk import Asked, Start
from nurture.web.preview.address import page_of
from nurture.web.preview.site import Preview
from nurture.web.serve import listen

HOST, PORT = "127.0.0.1", 8026

_SCALE = 2
"""Pixels of a picture for one of the page, as on today's screens."""


def preview(
    template: Annotated[
        str, typer.Argument(metavar="[TEMPLATE]", help="The file's name without its ending.")
    ] = "",
    address: Annotated[
        str,
        typer.Option("--for", metavar="WHOM", help="A contact's address, or a made-up person: german."),
    ] = "",
    locale: Annotated[
        str | None, typer.Option(metavar="LOCALE", help="In this language; else in that of the person.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print subject and text.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the HTML there.")] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a picture there: needs Chromium.")
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="The picture as a dark screen shows it.")] = False,
    phone: Annotated[bool, typer.Option("--phone", help="The picture as wide as a phone.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page.")] = PORT,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show a message as one person would get it.

    On a page that follows each file as it is saved, until Ctrl-C; or printed, or written to a file. From the files as
    they are now, applied or not. Nothing is sent, counted or issued.

    \b
    nurture preview welcome
    nurture preview welcome --for ann@example.com --text
    nurture preview welcome --for german --png welcome.png --phone --dark
    """
    printed = text or as_json or html is not None or png is not None
    if not template and printed:
        raise UsageError(
            "say which message", where="nurture preview", remedy="nurture preview welcome --text"
        )
    if png is None and (dark or phone):
        raise UsageError("--dark and --phone are for --png FILE", where="nurture preview")
    with open_app(workspace) as app:
        asked = Asked(template, whom=address, locale=locale)
        studio = Studio(app.settings, app.store, app.clock)
        if not printed:
            _serve(app, studio, asked, port)
            return
        found = _look(studio, asked)
    if html is not None:
        _write(html, found.seen.rendered.html.encode("utf-8", "replace"), "HTML")
    if png is not None:
        with Chromium() as browser:
            shot = browser.shoot(found.html, PHONE if phone else DESKTOP, dark=dark, scale=_SCALE)
        _write(png, shot, "picture")
    if as_json:
        print_json(_as_dict(found.seen))
    elif text or png is None:
        it = found.seen.rendered
        say(f"subject: {it.subject}\npreview: {it.preview}\n\n{it.text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    seen: Seen
    html: str
    """With the workspace's own pictures in it."""


def _look(studio: Studio, asked: Asked) -> _Found:
    shown = studio.show(asked)
    if shown.seen is None:
        wrong = "\n\n".join(map(render, shown.findings))
        raise FilesError(f"this message cannot be put together\n\n{wrong}")
    return _Found(seen=shown.seen, html=shown.html)


def _serve(app: App, studio: Studio, asked: Asked, port: int) -> None:
    """The page, until Ctrl-C."""
    if asked.template:
        # A name that nothing bears is said here; what cannot be put together is shown on the page.
        studio.show(asked)
    else:
        studio.names()
    taken = listen(HOST, port, remedy="Is a preview running already? Else: nurture preview --port 8027")
    start = Start(app.settings)
    where = f"http://{HOST}:{taken.getsockname()[1]}{page_of(asked)}"
    with closing(StudioDesk(start)) as quick, closing(StudioDesk(start)) as slow:
        page = Preview(app.settings.workspace, quick, slow)
        err.print(f"preview: {where} (Ctrl-C ends it)", markup=False, soft_wrap=True)
        asyncio.run(_until_stopped(page, taken))


async def _until_stopped(page: Preview, taken: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await page.run(taken, stop)


def _as_dict(it: Seen) -> dict[str, object]:
    return {
        "subject": it.rendered.subject,
        "preview": it.rendered.preview,
        "text": it.rendered.text,
        "html": it.rendered.html,
        "for": it.contact.email,
        "size": it.size,
    }


def _write(path: Path, content: bytes, what: str) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WorkspaceError(f"this cannot be written: {error.strerror}", where=str(path)) from None
    tell(f"{what}: {path}")


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(preview)
