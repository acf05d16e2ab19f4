"""nurture codes push: tell a shop of the codes that it does not know."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from nurture.app import open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, near_miss, print_json, progress, say, tell
from nurture.errors import UsageError
from nurture.runner import in_force
from nurture.runner.pushing import open_shop
from nurture.runner.pushing import push as push_codes

MOST_SAID = 20


def push(
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="Its name in offers.yaml.")],
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="The shop: [shops.NAME] in nurture.toml.")],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell a shop of all codes of an offer that it does not know yet.

    Again is harmless: what arrived is marked at once, and after an error the next push goes on from there. Exit status
    1: the shop refused some, which are named.

    \b
    nurture codes push spring-sale --to corner-shop
    """
    with open_app(workspace) as app:
        offers = in_force.load(app.store, app.settings).offers
        if offer not in offers:
            raise UsageError(
                printable(f"no offer in force is called {offer[:80]!r}"),
                where="nurture codes push",
                remedy=near_miss(offer, offers),
            )
        opened = open_shop(app.settings, to, app.store, app.clock.now())
        with closing(opened) as shop, progress(f"codes to {to}", 1.0) as step:

            def told(done: int, total: int) -> None:
                step(done / total if total else 1.0, f"{done:,} of {total:,}")

            found = push_codes(app.store, app.clock, offers[offer], to, shop, told)
    if as_json:
        refused = dict(found.told or {})
        print_json(
            {"offer": offer, "shop": to, "arrived": found.arrived, "refused": found.refused, "why": refused}
        )
    else:
        say(f"{found.arrived:,} codes arrived." if found.arrived != 1 else "1 code arrived.")
        for code, why in list((found.told or {}).items())[:MOST_SAID]:
            tell(printable(f"refused: {code}: {why}"))
        if found.refused > MOST_SAID:
            tell(f"and {found.refused - MOST_SAID:,} more")
    if found.refused:
        raise typer.Exit(1)


def add_to(codes_app: typer.Typer) -> None:
    """Add the command to `nurture codes`."""
    codes_app.command()(push)
