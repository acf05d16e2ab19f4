"""nurture export: everything that is kept of one person."""

from __future__ import annotations

from typing import Annotated

import typer

from nurture.app import open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, print_json
from nurture.errors import UsageError
from nurture.journeys.spelling import nearest
from nurture.runner.export import export as everything
from nurture.store import people


def export(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of the person who asks.")],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Write down all that is kept of one person, as JSON.

    For the answer to somebody who asks what is known of them. Times are UTC. Look through it before you pass it on:
    what came in by mail is in it as it came.

    \b
    nurture export ann@example.com > ann.json
    """
    with open_app(workspace) as app:
        found = everything(app.store, address, address_key=app.address_key, now=app.clock.now())
        if found is None:
            with app.store.read() as tx:
                near = nearest(address.strip().lower(), people.emails_like(tx, address))
            raise UsageError(
                printable(f"nothing is kept of {address}"),
                remedy=printable(f'Did you mean "{near}"?') if near else "That is the answer to give.",
            )
    # Always one document: there is no other way to say it.
    del as_json
    print_json(found)


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(export)
