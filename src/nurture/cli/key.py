"""nurture key: keys to the API."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any

import typer

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, near_miss, print_json, say, tell
from nurture.clock import format_iso
from nurture.errors import UsageError
from nurture.runner.api_keys import BROWSER, SCOPES, hash_of, new_key
from nurture.store import api_keys
from nurture.store.api_keys import ApiKey

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is for: shop, warehouse …")]


def new(
    name: Name,
    scope: Annotated[
        list[str], typer.Option("--scope", metavar="SCOPE", help="What it may do; again for another.")
    ],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Make a key, and show it this one time.

    Scopes: contacts:write, contacts:read, events:write, orders:write, products:write, codes:read, messages:send,
    privacy (export and erase), and browser, which stands alone: such a key is publishable, and can only report what
    visitors do.

    \b
    nurture key new shop --scope contacts:write --scope orders:write
    """
    _look_at(name, scope)
    publishable = scope == [BROWSER]
    key = new_key(secrets.choice, publishable=publishable)
    with open_app(workspace) as app:
        with app.store.write() as tx:
            made = api_keys.add(
                tx, app.store.ids, name, hash_of(key), scope, publishable=publishable, now=app.clock.now()
            )
        if not made:
            raise UsageError(
                f"a key was called {name!r} before",
                where="nurture key new",
                remedy="Take another name, so that the log tells the two apart: nurture key list",
            )
    if as_json:
        print_json({"name": name, "key": key, "scopes": scope, "publishable": publishable})
        return
    say(key)
    if not publishable:
        tell("It is not shown again, and only its hash is kept: put it where the program finds it.")


def list_(workspace: Workspace = None, as_json: Json = False) -> None:
    """List the keys: what each may do, when it was last used."""
    with open_app(workspace) as app, app.store.read() as tx:
        keys = api_keys.every(tx)
    if as_json:
        print_json([_as_dict(it) for it in keys])
        return
    if not keys:
        say("There are no keys. Make one: nurture key new NAME --scope SCOPE")
    for it in keys:
        used = f"used {_day(it.used_at)}" if it.used_at else "never used"
        state = f"revoked {_day(it.revoked_at)}" if it.revoked_at else used
        say(f"{it.name}: {', '.join(it.scopes)}; made {_day(it.created_at)}, {state}")


def revoke(name: Name, workspace: Workspace = None, as_json: Json = False) -> None:
    """End a key. Within five seconds it opens nothing any more."""
    with open_app(workspace) as app:
        with app.store.write() as tx:
            done = api_keys.revoke(tx, name, app.clock.now())
            good = [it.name for it in api_keys.every(tx) if not it.revoked_at]
        if not done:
            raise UsageError(
                f"no good key is called {name!r}", where="nurture key revoke", remedy=near_miss(name, good)
            )
    if as_json:
        print_json({"name": name, "revoked": True})
    else:
        say(f"{name} is revoked.")


def _look_at(name: str, scopes: list[str]) -> None:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,59}", name) is None:
        raise UsageError(
            f"a key cannot be called {name[:80]!r}",
            where="nurture key new",
            remedy="Up to 60 letters, digits, spaces and . _ - make a name.",
        )
    for scope in scopes:
        if scope not in SCOPES:
            raise UsageError(f"{scope[:80]!r} is no scope", where="--scope", remedy=near_miss(scope, SCOPES))
    if BROWSER in scopes and scopes != [BROWSER]:
        raise UsageError(
            "a key that stands in a web page can do nothing else",
            where="--scope browser",
            remedy="Make two keys.",
        )


def _as_dict(it: ApiKey) -> dict[str, Any]:
    return {
        "name": it.name,
        "scopes": list(it.scopes),
        "publishable": it.publishable,
        "created_at": format_iso(it.created_at),
        "used_at": format_iso(it.used_at) if it.used_at else None,
        "revoked_at": format_iso(it.revoked_at) if it.revoked_at else None,
    }


def _day(at: int) -> str:
    return format_iso(at)[:10]


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    nouns = typer.Typer(no_args_is_help=True, help="Keys to the API: make, list and revoke them.")
    nouns.command()(new)
    nouns.command("list")(list_)
    nouns.command()(revoke)
    app.add_typer(nouns, name="key")
