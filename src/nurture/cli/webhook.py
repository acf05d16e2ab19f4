"""nurture webhook: what a receiver of webhooks checks them with."""

from __future__ import annotations

import typer

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, print_json, say


def webhook(workspace: Workspace = None, as_json: Json = False) -> None:
    """Show the secret that webhooks are signed with.

    Whoever receives them checks with it that they come from here.
    """
    with open_app(workspace) as app:
        secret = app.webhook_secrets[0]
    if as_json:
        print_json({"secret": secret})
    else:
        say(secret)


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(webhook)
