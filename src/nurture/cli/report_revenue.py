"""nurture report --revenue: what each campaign, step, offer, stage or message earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from rich.markup import escape
from rich.table import Table

from nurture.app import App
from nurture.campaigns.findings import printable
from nurture.cli.console import hanging, near_miss, out, print_json, say
from nurture.clock import DAY
from nurture.engagement.attribution import Model, Way
from nurture.engagement.signs import RULES
from nurture.errors import UsageError
from nurture.reports.figures import number, share
from nurture.reports.revenue import MODELS, major, verdicts_in_words, way_in_words, whole
from nurture.store import rescore
from nurture.store.attribution import By, Revenue, revenue

MOST = 50
"""Messages that are shown, those that earned most."""

_BY: dict[str, By] = {str(by): by for by in get_args(By)}
_TITLES: dict[By, tuple[str, ...]] = {
    "campaign": ("campaign",),
    "step": ("campaign", "step"),
    "offer": ("offer",),
    "stage": ("stage",),
    "message": ("campaign", "step", "to"),
}
_NONE: dict[By, str] = {"offer": "(no offer)", "stage": "(no stage)"}


def model_named(name: str) -> Model | None:
    """The model of that name; None where none is named. Raises UsageError."""
    if not name:
        return None
    for model in MODELS:
        if model == name:
            return model
    raise UsageError(
        f'orders cannot be credited by "{name}"', where="--attribution", remedy=near_miss(name, MODELS)
    )


def show_revenue(app: App, by: str, way: Way, campaign: str, as_json: bool) -> None:
    """Print it, as a table or as one JSON document. Raises UsageError."""
    if by not in _BY:
        raise UsageError(f'revenue is not told by "{by}"', where="--revenue", remedy=near_miss(by, _BY))
    what, currency = _BY[by], app.settings.currency
    with app.store.read() as tx:
        rows = revenue(tx, what, way, campaign=campaign, most=MOST if what == "message" else 0)
        older = rescore.standing(tx)
    if as_json:
        print_json({"revenue": [_as_dict(what, it, currency) for it in rows], **basis_as_dict(way, older)})
        return
    if rows:
        _print(what, rows, currency)
        say("")
    else:
        say("No order is credited to a message.\n")
    say(hanging(verdicts_in_words(older), 2, first=0))
    say(hanging(way_in_words(way, currency), 2, first=0))


def basis_as_dict(way: Way, older: int) -> dict[str, Any]:
    """What the figures stand on."""
    return {
        "rules": RULES,
        "hits_by_other_rules": older,
        "attribution": {"model": way.model, "within_days": way.within / DAY},
    }


def _print(by: By, rows: Sequence[Revenue], currency: str) -> None:
    total = sum(it.amount for it in rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in _TITLES[by]:
        table.add_column(title, overflow="fold")
    for title in ("orders", "revenue", "share", "refunded"):
        table.add_column(title, justify="right", no_wrap=True)
    for it in rows:
        table.add_row(
            *(escape(printable(name) or _NONE.get(by, "")) for name in it.names),
            number(it.orders),
            whole(it.amount, currency),
            share(it.amount / total) if total > 0 and it.amount >= 0 else "",
            whole(it.refunded, currency),
        )
    out.print(table)


def _as_dict(by: By, it: Revenue, currency: str) -> dict[str, Any]:
    return {
        **dict(zip(_TITLES[by], it.names, strict=True)),
        "orders": it.orders,
        "revenue": float(major(it.amount, currency)),
        "refunded": float(major(it.refunded, currency)),
    }
