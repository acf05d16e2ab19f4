"""nurture explain: what is known about one contact, and why each message was sent or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from nurture.app import open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, print_json
from nurture.cli.explain_document import account_as_dict
from nurture.cli.explain_text import print_account
from nurture.errors import UsageError
from nurture.journeys.spelling import nearest
from nurture.runner.account import account
from nurture.runner.in_force import load
from nurture.store import people


def explain(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of the contact.")],
    lines: Annotated[
        bool, typer.Option("--lines", help="Tell how the stages on product lines came about, too.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell why a contact got each message, or did not.

    Who they are, where they stand and why, what they agreed to, every campaign with why they are in it or not, what
    is due next, and for each message that was not sent what stopped it. Times are the contact's own.

    \b
    nurture explain ann@example.com
    """
    with open_app(workspace) as app:
        world = load(app.store, app.settings)
        with app.store.read() as tx:
            contact = people.by_email(tx, address)
            found = account(tx, world, contact.id, app.address_key, app.clock.now()) if contact else None
            alike = [] if found else people.emails_like(tx, address)
    if found is None:
        raise _unknown(address, alike)
    if as_json:
        print_json(account_as_dict(found))
    else:
        print_account(found, world, lines=lines)


def _unknown(address: str, alike: Sequence[str]) -> UsageError:
    near = nearest(address.strip().lower(), alike)
    remedy = f'Did you mean "{near}"?' if near else "Take contacts in: nurture import contacts FILE"
    return UsageError(printable(f"no contact has the address {address}"), remedy=printable(remedy))


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(explain)
