"""nurture offers: what became of the codes, what they earned and cost, and what ran foul of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

from nurture.app import open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, hanging, near_miss, out, print_json, read_moment, say, tell
from nurture.cli.use_words import OF_AN_OFFER
from nurture.clock import Moment, format_iso, to_datetime
from nurture.errors import UsageError
from nurture.reports.figures import decimal, number, share
from nurture.reports.offers import Misuse, OfferReport, RunsOut
from nurture.reports.revenue import major, whole
from nurture.runner import in_force
from nurture.store import marks
from nurture.store.report_offers import offers as reports_of

_NONE = "–"
WIDE = 76
"""Columns from which on the table of all offers has room for all it knows."""


def offers(
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="Only this one, with all there is.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="At a past time; else now.")] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show what each offer gave, earned and cost.

    How many codes were given and redeemed, and what those still out could cost. Codes that were used again, when they
    were over, or by somebody else are named with their orders; and what runs out at the present rate, and when.

    \b
    nurture offers
    nurture offers first-order-15
    nurture offers --at 2018-01-01
    """
    with open_app(workspace) as app:
        moment = read_moment(at, app.settings.zone, "--at") if at else app.clock.now()
        known = in_force.load(app.store, app.settings).offers
        with app.store.read() as tx:
            reports = reports_of(tx, known, moment, only=offer, misuse=1_000 if offer else 20)
            replayed_to = 0 if at else int(marks.get(tx, marks.REPLAYED_TO, "0"))
        zone, currency = app.settings.zone, app.settings.currency
    # One that is in force no more, and of which nothing is left, was never there.
    if offer and not reports:
        raise UsageError(
            printable(f"no offer is called {offer[:80]!r}"),
            where="nurture offers",
            remedy=near_miss(offer, known),
        )
    if as_json:
        shown = [_as_dict(it, currency) for it in reports]
        print_json({"at": format_iso(moment), "currency": currency, "offers": shown})
        return
    if offer:
        _print_one(reports[0], currency, zone)
    else:
        _print_all(reports, currency, zone)
    if 0 < replayed_to < moment:
        tell(f"A replay ended on {_day(replayed_to, zone)}; as it was then: --at {_day(replayed_to, zone)}")


def _print_all(reports: Sequence[OfferReport], currency: str, zone: ZoneInfo) -> None:
    if not reports:
        say("There are no offers. Write them into campaigns/offers.yaml, and apply it: nurture apply")
        return
    is_wide = out.width >= WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2 if is_wide else 1, 0, 0), header_style="bold")
    table.add_column("offer", overflow="fold", min_width=8)
    more = ["handed", "expired"] if is_wide else []
    for title in ("given", *more, "used", "paid", *(["discount", "left"] if is_wide else ["disc."])):
        table.add_column(title, justify="right", no_wrap=True)
    for it in reports:
        counts = it.counts
        figures = [number(counts.handed), number(counts.expired)] if is_wide else []
        left = [_NONE if it.liability is None else whole(it.liability, currency)] if is_wide else []
        table.add_row(
            escape(printable(it.key)),
            number(counts.issued),
            *figures,
            number(counts.redeemed),
            whole(counts.revenue, currency),
            whole(counts.discount, currency),
            *left,
        )
    out.print(table)
    says = f"in {currency}; used: codes that an order bore; paid: for orders that redeemed one"
    say("\n" + hanging(f"{says}; left: what the codes still out could cost" if is_wide else says, 2, first=0))
    for it in reports:
        for line in _ends(it, currency, zone):
            say(hanging(f"{it.key}: {line}", 2, first=0))
    for it in reports:
        wrong = it.counts.misused
        if wrong:
            say(
                hanging(
                    f"{it.key}: {number(wrong)} {'use' if wrong == 1 else 'uses'} to look at: nurture offers {it.key}",
                    2,
                    first=0,
                )
            )


def _print_one(it: OfferReport, currency: str, zone: ZoneInfo) -> None:
    counts = it.counts
    say(printable(f"{it.key}: {it.says}" if it.says else f"{it.key}: in force no more"))
    rate = f" ({share(counts.redeemed / counts.issued)})" if counts.issued else ""
    known = (
        f", and {number(counts.unknown_costs)} uses whose cost is not known" if counts.unknown_costs else ""
    )
    known_to_shop = f", {number(counts.ready)} of them known to the shop" if counts.free else ""
    left = "not known" if it.liability is None else whole(it.liability, currency)
    for name, value in (
        ("given", number(counts.issued)),
        ("handed over", number(counts.handed)),
        ("redeemed", f"{number(counts.redeemed)}{rate}"),
        ("expired", number(counts.expired)),
        ("still out", number(counts.out)),
        ("free", f"{number(counts.free)}{known_to_shop}"),
        ("revenue", f"{whole(counts.revenue, currency)} {currency}"),
        ("discount given", f"{whole(counts.discount, currency)} {currency}{known}"),
        ("liability left", left if it.liability is None else f"{left} {currency}"),
    ):
        say(hanging(f"  {name:<15}{value}", 17, first=0))
    for line in _ends(it, currency, zone):
        say(hanging(f"  {'runs out':<15}{line}", 17, first=0))
    wrong = [
        f"{number(count)} {verdict}" for verdict, count in counts.verdicts.items() if verdict in OF_AN_OFFER
    ]
    if wrong:
        say("\n" + hanging(f"not as meant: {', '.join(wrong)}", 2, first=0))
    for one in it.misuse:
        say(hanging(f"  {_sentence(one, zone)}", 4, first=0))


def _sentence(it: Misuse, zone: ZoneInfo) -> str:
    whose = f" (of {it.holder})" if it.holder and it.holder != it.email else ""
    return printable(
        f"{_day(it.at, zone)} {it.code}{whose}, order {it.order} by {it.email or 'somebody erased'}: "
        f"{OF_AN_OFFER[it.verdict]}"
    )


def _ends(it: OfferReport, currency: str, zone: ZoneInfo) -> list[str]:
    ends = it.runs_out
    return [] if ends is None else [_end(ends, currency, zone)]


def _end(it: RunsOut, currency: str, zone: ZoneInfo) -> str:
    is_money = it.what == "limit on discount"
    left = f"{whole(it.left, currency)} {currency}" if is_money else number(it.left)
    if it.left == 0 or it.at is None:
        return f"{it.what}: {left} left" + ("" if it.left == 0 else "; no end in sight")
    rate = f"{whole(round(it.per_day), currency)} {currency}" if is_money else decimal(it.per_day)
    return f"{it.what}: {left} left, {rate} a day; out on {_day(it.at, zone)} at this rate"


def _as_dict(it: OfferReport, currency: str) -> dict[str, Any]:
    def money(amount: int | None) -> float | None:
        return None if amount is None else float(major(amount, currency))

    counts, ends = it.counts, it.runs_out
    return {
        "offer": it.key,
        "says": it.says,
        "discount": it.written,
        "in_force": bool(it.says),
        "free": counts.free,
        "free_and_known_to_shop": counts.ready,
        "issued": counts.issued,
        "handed_over": counts.handed,
        "redeemed": counts.redeemed,
        "expired": counts.expired,
        "out": counts.out,
        "orders": counts.orders,
        "revenue": money(counts.revenue),
        "discount_given": money(counts.discount),
        "uses_of_unknown_cost": counts.unknown_costs,
        "liability_left": money(it.liability),
        "verdicts": dict(counts.verdicts),
        "misused": counts.misused,
        "runs_out": None
        if ends is None
        else {
            "what": ends.what,
            "left": money(ends.left) if ends.what == "limit on discount" else ends.left,
            "per_day": float(major(round(ends.per_day), currency))
            if ends.what == "limit on discount"
            else round(ends.per_day, 3),
            "at": None if ends.at is None else format_iso(ends.at),
        },
        "misuse": [
            {
                "verdict": one.verdict,
                "code": one.code,
                "order": one.order,
                "email": one.email,
                "holder": one.holder,
                "at": format_iso(one.at),
                "discount": money(one.discount),
            }
            for one in it.misuse
        ],
    }


def _day(at: Moment, zone: ZoneInfo) -> str:
    return f"{to_datetime(at, zone):%Y-%m-%d}"


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(offers)
