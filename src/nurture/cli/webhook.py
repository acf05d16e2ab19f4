"""nurture webhook: what a receiver of webhooks checks them with."""

from __future__ import annotations

from typing import Annotated

import typer

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, near_miss, print_json, say
from nurture.errors import UsageError

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A subscriber of [[webhooks]] that has a secret of its own.")
]


def webhook(name: Name = "", workspace: Workspace = None, as_json: Json = False) -> None:
    """Show the secret that webhooks are signed with.

    Whoever receives them checks with it that they come from here. Who is told what: nurture webhooks.
    """
    with open_app(workspace) as app:
        known = {it.name: it for it in app.settings.webhooks}
        if name and name not in known:
            raise UsageError(f"no subscriber is called {name!r}", remedy=near_miss(name, known))
        secret = (app.secrets_for(known[name]) if name else app.webhook_secrets)[0]
    if as_json:
        print_json({"secret": secret})
    else:
        say(secret)


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(webhook)
