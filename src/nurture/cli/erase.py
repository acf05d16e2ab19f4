"""nurture erase: everything that is kept of one person goes, but for a hash."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import INTERRUPTED, Json, Workspace, hanging, print_json, say, tell
from nurture.clock import format_iso
from nurture.errors import UsageError
from nurture.journeys.spelling import nearest
from nurture.runner.erase import Receipt
from nurture.runner.erase import erase as everywhere
from nurture.store import people


def erase(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of the person who asks.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Erase one person, and never mail the address again.

    All that is kept of them goes. Only a keyed hash of the address stays, so that no file brings them back. It prints
    a receipt, which names nobody. There is no way back: nurture export ADDRESS writes down first what is there.

    \b
    nurture erase ann@example.com
    """
    with open_app(workspace) as app:
        if "@" not in address:
            raise UsageError(printable(f"{address} is not an e-mail address"))
        if not yes and not _is_wanted(app, address):
            tell("Nothing was changed.")
            raise typer.Exit(1)
        receipt = everywhere(app.store, address, app.clock.now(), address_key=app.address_key)
    if as_json:
        print_json(receipt.as_dict())
    else:
        _say(receipt)


def _is_wanted(app: App, address: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask", remedy="Say yes beforehand: nurture erase ADDRESS --yes")
    with app.store.read() as tx:
        known = people.by_email(tx, address) is not None
        near = "" if known else nearest(address.strip().lower(), people.emails_like(tx, address))
    if not known:
        tell(
            printable(f"No contact has the address {address}." + (f' Did you mean "{near}"?' if near else ""))
        )
    try:
        return typer.confirm(printable(f"Erase everything about {address}, for good?"), err=True)
    except typer.Abort:
        tell("\nNothing was changed.")
        raise typer.Exit(INTERRUPTED) from None


def _say(receipt: Receipt) -> None:
    say(f"Receipt {receipt.id}, {format_iso(receipt.at)}")
    say(f"Erased for good; the address is known by this hash alone, and never mailed: {receipt.address_hash}")
    width = max((len(name) for name in receipt.erased), default=0)
    for name, count in receipt.erased.items():
        say(f"  {name:<{width}}  {count:,}")
    if not receipt.known:
        say("  nothing was there")
    if receipt.on_the_wire:
        one = receipt.on_the_wire == 1
        what = "1 message was" if one else f"{receipt.on_the_wire:,} messages were"
        tell(hanging(f"{what} with a server already when this was done, and may still arrive.", 0, 0))


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(erase)
