"""nurture report: what the campaigns did, and what people get at each stage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

from nurture.app import App, open_app
from nurture.cli.console import Json, Workspace, hanging, near_miss, out, print_json, read_moment, say
from nurture.cli.report_revenue import basis_as_dict, model_named, show_revenue
from nurture.cli.report_variants import print_variants, variants_as_dicts, variants_of
from nurture.clock import DAY, Moment, format_iso, to_datetime
from nurture.engagement.attribution import Way
from nurture.errors import UsageError
from nurture.journeys.reasons import in_words
from nurture.reports.campaigns import CampaignReport, Counts, add_up
from nurture.reports.care import Care, month_starts
from nurture.reports.figures import decimal, number, share
from nurture.reports.rates import Rate
from nurture.reports.revenue import major, verdicts_in_words, way_in_words, way_of, whole
from nurture.runner.in_force import load
from nurture.store import rescore
from nurture.store.report_care import care as care_of
from nurture.store.reports import campaigns as reports_of

_NONE = "–"

_ROOM_FOR_TOTALS = 78
"""Columns from which on the table of care has room for all it knows."""
WIDE = 100
"""Columns from which on numbers stand beside shares."""

CARE_WINDOW = 90 * DAY
MONTHS = 12


def report(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Only this one, step by step.")] = "",
    steps: Annotated[bool, typer.Option("--steps", help="Every step of every campaign.")] = False,
    care: Annotated[
        bool, typer.Option("--care", help="What people get at each stage, and who was won and lost.")
    ] = False,
    at: Annotated[
        str, typer.Option(metavar="TIME", help="With --care: the end of its 90 days; else now.")
    ] = "",
    revenue: Annotated[
        str,
        typer.Option(metavar="BY", help="What was earned by each campaign, step, offer, stage or message."),
    ] = "",
    attribution: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Credit orders otherwise than nurture.toml says: last-click, first-click, linear.",
        ),
    ] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show what campaigns did and earned, and what was not sent.

    Of what was not sent, why. With --care: what people get at each stage, since care must not stop at the sale.

    \b
    nurture report introductory-offer
    nurture report --revenue offer
    nurture report --care
    """
    model = model_named(attribution)
    with open_app(workspace) as app:
        way = way_of(app.settings.attribution, model)
        if revenue:
            show_revenue(app, revenue, way, campaign, as_json)
            return
        if care:
            _care(app, read_moment(at, app.settings.zone, "--at") if at else app.clock.now(), as_json)
            return
        world = load(app.store, app.settings)
        with app.store.read() as tx:
            reports = reports_of(tx, way)
            older = rescore.standing(tx)
            contests = variants_of(tx, world, campaign) if campaign else ()
    if campaign:
        keys = [it.key for it in reports]
        reports = tuple(it for it in reports if it.key == campaign)
        if not reports:
            raise UsageError(f'no campaign is called "{campaign}"', remedy=near_miss(campaign, keys))
    if as_json:
        variants = {"variants": variants_as_dicts(contests)} if campaign else {}
        print_json(report_as_dict(reports, app.settings.currency) | basis_as_dict(way, older) | variants)
    else:
        goals = {live.record.key for live, it in world.in_force if it.goal is not None}
        print_report(reports, steps=steps or bool(campaign), goals=goals, currency=app.settings.currency)
        print_basis(reports, way, older, app.settings.currency)
        print_variants(contests, app.settings.zone)


def _care(app: App, now: Moment, as_json: bool) -> None:
    stages = load(app.store, app.settings).lifecycle.names
    with app.store.read() as tx:
        months = month_starts(now - 1, app.settings.zone, MONTHS)
        found = care_of(tx, now, stages=stages, months=months, window=CARE_WINDOW)
    if as_json:
        print_json(care_as_dict(found))
    else:
        print_care(found, app.settings.zone)


def print_report(
    reports: Sequence[CampaignReport], *, steps: bool, goals: Collection[str], currency: str
) -> None:
    """One row a campaign (with `steps`: and one a step), a sum, and why messages were not sent.

    Campaigns without a goal, those that are not in `goals`, show none. Where there is room for them, the numbers
    of people stand beside the shares.
    """
    total = add_up(it.counts for it in reports)
    view = _View(
        wide=out.width >= WIDE,
        unknown=total.unknown > 0,
        coming=total.open > 0,
        currency=currency if total.revenue or total.refunded else "",
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2 if view.wide else 1, 0, 0), header_style="bold")
    table.add_column("campaign", overflow="fold", min_width=8)
    for title in view.titles():
        table.add_column(title, justify="right", no_wrap=True)
    for it in reports:
        goal = view.part(it.goal, it.goal_rate) if it.key in goals or it.goal else _NONE
        cells = view.cells(it.counts, number(it.entered), goal)
        table.add_row(escape(it.key), *cells, style="bold" if steps else None)
        for step in it.steps if steps else ():
            table.add_row("  " + escape(step.step), *view.cells(step.counts, "", ""))
    if len(reports) != 1:
        entered, reached = (sum(it.entered for it in reports), sum(it.goal for it in reports))
        table.add_row("all", *view.cells(total, number(entered), number(reached) if view.wide else ""))
    out.print(table)
    if total.skipped:
        say("\nnot sent, and why")
        for reason, count in sorted(total.skipped.items(), key=lambda it: (-it[1], it[0])):
            say(hanging(f"{number(count):>7}  {in_words(reason)}", 11))


def print_basis(reports: Sequence[CampaignReport], way: Way, older: int, currency: str) -> None:
    """What the figures stand on."""
    total = add_up(it.counts for it in reports)
    if total.opened or total.clicked or older:
        say("\n" + hanging(verdicts_in_words(older), 2, first=0))
    if total.revenue or total.refunded:
        refunded = f"; {whole(total.refunded, currency)} were refunded" if total.refunded else ""
        say(hanging(way_in_words(way, currency) + refunded, 2, first=0))


def report_as_dict(reports: Sequence[CampaignReport], currency: str) -> dict[str, Any]:
    """The same as one JSON document."""
    total = add_up(it.counts for it in reports)
    return {
        "campaigns": [
            {
                "campaign": it.key,
                "name": it.name,
                "active": it.active,
                "entered": it.entered,
                "inside": it.inside,
                "held_out": it.held_out,
                "goal": it.goal,
                "goal_rate": _rate(it.goal_rate),
                "left": dict(it.left),
                **_counts(it.counts, currency),
                "steps": [{"step": step.step, **_counts(step.counts, currency)} for step in it.steps],
            }
            for it in reports
        ],
        "total": _counts(total, currency),
    }


def print_care(care: Care, zone: ZoneInfo) -> None:
    """What one person gets at each stage, and who was won and lost."""
    since, until = (f"{to_datetime(at, zone):%Y-%m-%d}" for at in (care.since, care.until))
    say(f"what one person gets at each stage, from {since} to {until}\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("\nstage", overflow="fold", min_width=12)
    totals = out.width >= _ROOM_FOR_TOTALS
    titles = ["\nmessages", "\noffers"] if totals else []
    for title in ("\npeople", "messages\neach", "offers\neach", *titles, "\ncame", "\nwent"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in care.rows:
        table.add_row(
            escape(row.stage),
            number(row.contacts),
            _each(row.messages_per_contact),
            _each(row.offers_per_contact),
            *((number(row.messages), number(row.offers)) if totals else ()),
            number(row.came),
            number(row.went),
        )
    out.print(table)
    months = list(dropwhile(lambda it: not (it.won or it.back or it.lost), care.months))
    if months:
        shown = Table(box=None, pad_edge=False, header_style="bold")
        shown.add_column("month")
        for title in ("won", "won back", "lost"):
            shown.add_column(title, justify="right")
        for month in months:
            shown.add_row(month.month, number(month.won), number(month.back), number(month.lost))
        say("")
        out.print(shown)


def care_as_dict(care: Care) -> dict[str, Any]:
    """The same as one JSON document."""
    return {
        "since": format_iso(care.since),
        "until": format_iso(care.until),
        "stages": [
            {
                "stage": row.stage,
                "contacts": row.contacts,
                "present": round(row.present, 3),
                "messages": row.messages,
                "offers": row.offers,
                "messages_per_contact": _rounded(row.messages_per_contact),
                "offers_per_contact": _rounded(row.offers_per_contact),
                "came": row.came,
                "went": row.went,
            }
            for row in care.rows
        ],
        "months": [
            {"month": it.month, "won": it.won, "won_back": it.back, "lost": it.lost} for it in care.months
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """Which columns there are: what is zero for all is left out, and so are numbers where shares must do."""

    wide: bool
    unknown: bool
    coming: bool
    currency: str
    """Empty: nothing was earned."""

    def titles(self) -> list[str]:
        """Of the columns behind the name."""
        earned = ["revenue"] if self.currency else []
        rare = [*(["unknown"] if self.unknown else []), *(["to come"] if self.coming else [])]
        return ["entered", "sent", "opened", "clicked", "goal", *earned, "unsub.", "skipped", *rare]

    def cells(self, counts: Counts, entered: str, goal: str) -> list[str]:
        """One row's."""
        rare = [
            *([number(counts.unknown)] if self.unknown else []),
            *([number(counts.open)] if self.coming else []),
        ]
        return [
            entered,
            number(counts.sent),
            self.part(counts.opened, counts.open_rate),
            self.part(counts.clicked, counts.click_rate),
            goal,
            *([whole(counts.revenue, self.currency)] if self.currency else []),
            number(counts.unsubscribed),
            number(counts.skips),
            *rare,
        ]

    def part(self, count: int, rate: Rate) -> str:
        """How many of the whole, in per cent and, with room, in number."""
        if not rate.whole:
            return _NONE
        return f"{number(count)} ({share(rate.share)})" if self.wide else share(rate.share)


def _counts(counts: Counts, currency: str) -> dict[str, Any]:
    return {
        "planned": counts.planned,
        "open": counts.open,
        "sent": counts.sent,
        "unknown": counts.unknown,
        "bounced": counts.bounced,
        "refused": counts.refused,
        "expired": counts.expired,
        "skipped": dict(counts.skipped),
        "opened": counts.opened,
        "open_rate": _rate(counts.open_rate),
        "clicked": counts.clicked,
        "click_rate": _rate(counts.click_rate),
        "unsubscribed": counts.unsubscribed,
        "revenue": float(major(counts.revenue, currency)),
        "refunded": float(major(counts.refunded, currency)),
    }


def _rate(it: Rate) -> dict[str, float]:
    return {"share": round(it.share, 6), "low": round(it.low, 6), "high": round(it.high, 6)}


def _each(value: float | None) -> str:
    return _NONE if value is None else decimal(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(report)
