"""nurture form: the HTML that puts a sign-up form into a page of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nurture.cli.console import Json, Workspace, near_miss, print_json, say
from nurture.errors import UsageError
from nurture.settings import find_workspace, load
from nurture.web.form_html import framed, pasted


def form(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As in [forms.NAME] of nurture.toml.")],
    frame: Annotated[
        bool, typer.Option("--frame", help="A frame that shows our page, in place of a form of your own.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show the HTML of a sign-up form, to be pasted into a page.

    The form has a page of its own as well: /f/NAME below [web] public_url.
    """
    settings = load(workspace if workspace is not None else find_workspace(Path.cwd()))
    found = settings.forms.get(name)
    if found is None:
        remedy = near_miss(name, settings.forms) if settings.forms else f"Write one: [forms.{name}]"
        raise UsageError(f'there is no form "{name}" in nurture.toml', remedy=remedy)
    if not found.embed_in:
        raise UsageError(
            f'the form "{name}" may stand on no page but its own: {settings.web.public_url}/f/{name}',
            remedy='Name your site below [forms.NAME]: embed_in = "https://shop.example"',
        )
    html = (framed if frame else pasted)(settings, name, found)
    if as_json:
        print_json({"name": name, "page": f"{settings.web.public_url}/f/{name}", "html": html})
    else:
        say(html.rstrip("\n"))


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(form)
