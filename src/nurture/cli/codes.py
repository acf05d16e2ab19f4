"""nurture codes: make codes ahead, tell the shop of them, look one up."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import printable
from nurture.cli import codes_push
from nurture.cli.console import Json, Workspace, counting, near_miss, print_json, say, tell
from nurture.cli.interrupts import Interrupted, between_steps
from nurture.clock import Moment, format_iso
from nurture.errors import UsageError
from nurture.offers.codes import canonical
from nurture.offers.offer import Ahead, Offer, Unique
from nurture.runner import in_force, made_ahead
from nurture.store import codes, people
from nurture.store.codes import Code

MOST = 10_000_000

OfferName = Annotated[str, typer.Argument(metavar="OFFER", help="Its name in offers.yaml.")]

codes_app = typer.Typer(
    no_args_is_help=True, help="Codes of offers: make them ahead, export them, look one up."
)


@codes_app.command()
def make(
    offer: OfferName,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=MOST, help="So many.")],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Make codes ahead, so that the shop can know them before anybody has one.

    Where offers.yaml says `code: {unique: ahead}`, one is given out only when the shop was told of it: export or push
    them. Interrupted, it keeps what was made and says how to make the others.

    \b
    nurture codes make spring-sale --count 10000
    """
    with open_app(workspace) as app:
        it = offer_called(app, offer)
        if not isinstance(it.codes, (Unique, Ahead)):
            raise UsageError(
                f"the codes of {offer} are not made here",
                where="nurture codes make",
                remedy="Say `code: {unique: ahead}` in campaigns/offers.yaml, and apply it.",
            )
        made = _make(app, it, count)
    if as_json:
        print_json({"offer": offer, "made": made})
    else:
        say(
            f"{made:,} codes are made. Tell the shop: nurture codes export {offer} --only-new --out codes.csv"
        )


def _make(app: App, offer: Offer, count: int) -> int:
    done = 0
    with counting("codes") as told, between_steps() as check:

        def after_each(what: str, so_far: int, total: int) -> None:
            nonlocal done
            done = so_far
            told(what, so_far, total)
            if so_far < total:
                check()

        try:
            return made_ahead.make(app.store, offer, count, secrets.randbits, app.clock.now(), after_each)
        except KeyboardInterrupt:
            rest = f"nurture codes make {offer.key} --count {count - done}"
            raise Interrupted(f"{done:,} codes are made, of {count:,}; the others: {rest}") from None


@codes_app.command()
def export(
    offer: OfferName,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Into this file. Left out: standard output.")
    ] = None,
    only_new: Annotated[
        bool, typer.Option("--only-new", help="Those that were not exported or pushed before.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Write an offer's own codes as CSV, for the shop. Those written count as known to it.

    Columns: code, offer, state (free, issued, handed over, expired, redeemed, erased), expires_at (UTC). With --json
    the codes go into FILE, and standard output says how many.

    \b
    nurture codes export spring-sale --only-new --out codes.csv
    """
    if as_json and out is None:
        raise UsageError(
            "the codes themselves are CSV",
            where="nurture codes export --json",
            remedy="Say where they go: --out codes.csv",
        )
    with open_app(workspace) as app:
        offer_called(app, offer)
        now = app.clock.now()
        if out is None:
            ids = made_ahead.export(app.store, offer, sys.stdout, now, only_new=only_new, say=format_iso)
            sys.stdout.flush()
        else:
            with made_ahead.whole_file(out) as into:
                ids = made_ahead.export(app.store, offer, into, now, only_new=only_new, say=format_iso)
        made_ahead.told(app.store, ids, now)
    if as_json:
        print_json({"offer": offer, "codes": len(ids), "file": str(out)})
    else:
        tell(f"{len(ids):,} codes" + (f" are in {out}" if out else ""))


@codes_app.command("list")
def list_(
    offer: OfferName,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="So many.")] = 20,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """List codes of an offer, the newest that were given out first, and how many there are."""
    with open_app(workspace) as app:
        offer_called(app, offer)
        with app.store.read() as tx:
            found = codes.of_offer(tx, offer, limit)
            counts = codes.counted(tx, offer)
            emails = _emails(tx, found)
        now = app.clock.now()
    if as_json:
        print_json({"offer": offer, **counts, "codes": [_as_dict(it, emails, now) for it in found]})
        return
    known = f", {counts['free and known']:,} of them known to the shop" if counts["free"] else ""
    say(f"{offer}: {counts['issued']:,} issued, {counts['free']:,} free{known}")
    for it in found:
        say(f"  {_line(it, emails, now)}")


@codes_app.command()
def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="However it was typed.")],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell what has become of a code: whose it is, of which offer, until when. Of one for all, everybody's."""
    with open_app(workspace) as app:
        with app.store.read() as tx:
            found = codes.by_canonical(tx, [canonical(code)]).get(canonical(code), [])
            emails = _emails(tx, found)
        now = app.clock.now()
    if not found:
        raise UsageError(
            printable(f"no code is spelled {code[:80]}"),
            where="nurture codes show",
            remedy="Capitals, hyphens and spaces do not matter; a letter may have been misread.",
        )
    if as_json:
        print_json([_as_dict(it, emails, now) for it in found])
        return
    for it in found:
        say(_line(it, emails, now))


def offer_called(app: App, name: str) -> Offer:
    """The offer in force of this name. Raises UsageError with a near miss."""
    offers = in_force.load(app.store, app.settings).offers
    if name not in offers:
        raise UsageError(
            printable(f"no offer in force is called {name!r}"),
            where="nurture codes",
            remedy=near_miss(name, offers)
            or "Put it into campaigns/offers.yaml, and apply it: nurture apply",
        )
    return offers[name]


def _emails(tx: Any, found: list[Code]) -> dict[int, str]:
    contacts = people.by_ids(tx, {it.contact_id for it in found if it.contact_id > 0})
    return {contact: it.email for contact, it in contacts.items()}


def _as_dict(it: Code, emails: dict[int, str], now: Moment) -> dict[str, Any]:
    moments = {
        "made_at": it.made_at,
        "known_at": it.known_at,
        "issued_at": it.issued_at,
        "handed_at": it.handed_at,
        "expires_at": it.expires_at,
        "redeemed_at": it.redeemed_at,
    }
    return {
        "code": it.code,
        "offer": it.offer,
        "state": it.state(now),
        "for_all": not it.own,
        "contact": emails.get(it.contact_id),
        **{name: format_iso(at) if at else None for name, at in moments.items()},
    }


def _line(it: Code, emails: dict[int, str], now: Moment) -> str:
    whose = f", {emails[it.contact_id]}" if it.contact_id in emails else ""
    until = f", until {format_iso(it.expires_at)[:10]}" if it.expires_at and not it.redeemed_at else ""
    used = f" {format_iso(it.redeemed_at)[:10]}" if it.redeemed_at else ""
    return printable(f"{it.code}  {it.offer}: {it.state(now)}{used}{whose}{until}")


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    codes_push.add_to(codes_app)
    app.add_typer(codes_app, name="codes")
