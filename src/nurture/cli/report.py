"""nurture report: what the campaigns did, and what people get at each stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nurture.app import App, open_app
from nurture.cli.console import Json, Workspace, out, print_json, read_moment
from nurture.clock import DAY, Moment, format_iso, to_datetime
from nurture.errors import UsageError
from nurture.journeys.reasons import in_words
from nurture.reports.campaigns import CampaignReport, Counts, add_up
from nurture.reports.care import Care, month_starts
from nurture.reports.figures import decimal, number, share
from nurture.reports.rates import Rate
from nurture.runner.applied import load
from nurture.store.report_care import care as care_of
from nurture.store.reports import campaigns as reports_of

_NONE = "–"

CARE_WINDOW = 90 * DAY
MONTHS = 12


def report(
    campaign: Annotated[str, typer.Argument(metavar="[CAMPAIGN]", help="Only this one, step by step.")] = "",
    steps: Annotated[bool, typer.Option("--steps", help="Every step of every campaign.")] = False,
    care: Annotated[
        bool, typer.Option("--care", help="What people get at each stage, and who was won and lost.")
    ] = False,
    at: Annotated[
        str, typer.Option(metavar="TIME", help="With --care: the end of its 90 days; else now.")
    ] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """What the campaigns did: entered, sent, opened, clicked, goal reached, and what was not sent and why."""
    with open_app(workspace) as app:
        if care:
            _care(app, read_moment(at, app.settings.zone, "--at") if at else app.clock.now(), as_json)
            return
        with app.store.read() as tx:
            reports = reports_of(tx)
    if campaign:
        reports = tuple(it for it in reports if it.key == campaign)
        if not reports:
            raise UsageError(f'no campaign is called "{campaign}"', remedy="nurture report lists them all")
    if as_json:
        print_json(report_as_dict(reports))
    else:
        print_report(out, reports, steps=steps or bool(campaign))


def _care(app: App, now: Moment, as_json: bool) -> None:
    stages = load(app.store, app.settings).lifecycle.names
    with app.store.read() as tx:
        months = month_starts(now - 1, app.settings.zone, MONTHS)
        found = care_of(tx, now, stages=stages, months=months, window=CARE_WINDOW)
    if as_json:
        print_json(care_as_dict(found))
    else:
        print_care(out, found, app.settings.zone)


def print_report(console: Console, reports: Sequence[CampaignReport], *, steps: bool = False) -> None:
    """One row a campaign (with `steps`: and one a step), a sum, and why messages were not sent."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("campaign", overflow="fold")
    for title in ("entered", "sent", "opened", "clicked", "goal", "unsub.", "skipped", "unknown", "open"):
        table.add_column(title, justify="right", no_wrap=True)
    for it in reports:
        counts = it.counts
        goal = _with_share(it.goal, it.goal_rate)
        table.add_row(
            escape(it.key), number(it.entered), *_cells(counts, goal), style="bold" if steps else None
        )
        for step in it.steps if steps else ():
            table.add_row("  " + escape(step.step), "", *_cells(step.counts, ""))
    total = add_up(it.counts for it in reports)
    goals = sum(it.goal for it in reports)
    table.add_section()
    table.add_row("all", number(sum(it.entered for it in reports)), *_cells(total, number(goals)))
    console.print(table)
    if total.skipped:
        console.print("\nnot sent, and why")
        for reason, count in sorted(total.skipped.items(), key=lambda it: (-it[1], it[0])):
            console.print(f"  {number(count):>8}  {in_words(reason)}", markup=False)


def report_as_dict(reports: Sequence[CampaignReport]) -> dict[str, Any]:
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
                "goal": it.goal,
                "goal_rate": _rate(it.goal_rate),
                "left": dict(it.left),
                **_counts(it.counts),
                "steps": [{"step": step.step, **_counts(step.counts)} for step in it.steps],
            }
            for it in reports
        ],
        "total": _counts(total),
    }


def print_care(console: Console, care: Care, zone: ZoneInfo) -> None:
    """What one person gets at each stage, and who was won and lost."""
    since, until = (f"{to_datetime(at, zone):%Y-%m-%d}" for at in (care.since, care.until))
    console.print(f"what one person gets at each stage, from {since} to {until}", markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("stage")
    for title in ("people", "messages each", "offers each", "messages", "offers", "came", "went"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in care.rows:
        table.add_row(
            escape(row.stage),
            number(row.contacts),
            _each(row.messages_per_contact),
            _each(row.offers_per_contact),
            number(row.messages),
            number(row.offers),
            number(row.came),
            number(row.went),
        )
    console.print(table)
    if care.months:
        months = Table(box=None, pad_edge=False, header_style="bold")
        months.add_column("month")
        for title in ("won", "won back", "lost"):
            months.add_column(title, justify="right")
        for month in care.months:
            months.add_row(month.month, number(month.won), number(month.back), number(month.lost))
        console.print()
        console.print(months)


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


def _cells(counts: Counts, goal: str) -> list[str]:
    return [
        number(counts.sent),
        _with_share(counts.opened, counts.open_rate),
        _with_share(counts.clicked, counts.click_rate),
        goal,
        number(counts.unsubscribed),
        number(counts.skips),
        number(counts.unknown),
        number(counts.open),
    ]


def _counts(counts: Counts) -> dict[str, Any]:
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
    }


def _rate(it: Rate) -> dict[str, float]:
    return {"share": round(it.share, 6), "low": round(it.low, 6), "high": round(it.high, 6)}


def _with_share(count: int, rate: Rate) -> str:
    return f"{number(count)} ({share(rate.share)})" if rate.whole else _NONE


def _each(value: float | None) -> str:
    return _NONE if value is None else decimal(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(report)
