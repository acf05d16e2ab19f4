"""nurture resend: send a second time what nobody knows to have arrived."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import (
    INTERRUPTED,
    Json,
    Workspace,
    hanging,
    near_miss,
    print_json,
    read_moment,
    say,
    tell,
)
from nurture.clock import format_iso, to_datetime
from nurture.errors import UsageError
from nurture.runner import in_force
from nurture.runner.resend import Resent
from nurture.runner.resend import resend as send_again
from nurture.store import versions
from nurture.store.resend import Lost, unknown
from nurture.store.versions import CampaignRecord

MOST = 20
"""Names that are given."""


def resend(
    unknown_ones: Annotated[
        bool,
        typer.Option("--unknown", help="Those that were handed over and whose answer never came."),
    ] = False,
    campaign: Annotated[str, typer.Option("--campaign", metavar="CAMPAIGN", help="Only of this one.")] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Only those handed over since then.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Send a second time what nobody knows to have arrived.

    A message is unknown when it was handed over and the relay's answer never came: after a power cut, or a
    connection that broke. Some of them have arrived, and will arrive twice.

    \b
    nurture resend --unknown --since 2026-03-02T09:00
    """
    if not unknown_ones:
        raise UsageError(
            "say what is to be sent a second time",
            where="nurture resend",
            remedy="--unknown: messages that were handed over and whose answer never came.",
        )
    with open_app(workspace) as app:
        lanes = app.lanes()
        if lanes is not None:
            lanes.refresh()
            world = in_force.load(app.store, app.settings, lanes.lane_of)
        else:
            world = in_force.load(app.store, app.settings)
        lost, records = _look(app, campaign, since)
        done: Resent | None = None
        if lost:
            _show(lost, records, app.settings.zone)
            if not yes and not _is_wanted(len(lost)):
                tell("Nothing was changed.")
                raise typer.Exit(1)
            done = send_again(app.store, world, lost, app.clock.now())
    if as_json:
        print_json(_as_dict(lost, done, records))
    else:
        _say(len(lost), done)


def _look(app: App, campaign: str, since: str) -> tuple[list[Lost], dict[int, CampaignRecord]]:
    from_ = read_moment(since, app.settings.zone, "--since") if since else 0
    with app.store.read() as tx:
        records = versions.records(tx)
        if campaign and campaign not in records:
            raise UsageError(
                f'no campaign is called "{campaign}"', where="--campaign", remedy=near_miss(campaign, records)
            )
        only = records[campaign].id if campaign else None
        return unknown(tx, campaign_id=only, since=from_), {it.id: it for it in records.values()}


def _show(lost: Sequence[Lost], records: dict[int, CampaignRecord], zone: ZoneInfo) -> None:
    """How many, of which messages, and whose."""
    many = len(lost) != 1
    tell(
        f"{len(lost):,} {'messages are' if many else 'message is'} unknown: handed over, and no answer came."
    )
    counts = Counter(_message(it, records) for it in lost)
    width = max(len(f"{count:,}") for count in counts.values())
    for name, count in sorted(counts.items(), key=lambda it: (-it[1], it[0])):
        tell(hanging(f"{count:>{width},}  {printable(name)}", width + 4))
    tell("")
    for it in lost[:MOST]:
        at = f"{to_datetime(it.handed_at, zone):%Y-%m-%d %H:%M}"
        tell(hanging(f"{at}  {printable(it.email)}  {printable(_message(it, records))}", 20))
    if len(lost) > MOST:
        tell(f"  and {len(lost) - MOST:,} more")
    tell("")
    said = (
        "Some of them have arrived, and will arrive twice."
        if many
        else "If it has arrived, it will arrive twice."
    )
    tell(hanging(said, 0, 0))


def _message(it: Lost, records: dict[int, CampaignRecord]) -> str:
    record = records.get(it.campaign_id)
    return f"{record.key}/{record.step_ids.get(it.key.step_no, '?')}" if record else "?"


def _is_wanted(count: int) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody is there to ask", remedy="Say yes beforehand: nurture resend --unknown --yes"
        )
    try:
        return typer.confirm("Send it again?" if count == 1 else f"Send these {count:,} again?", err=True)
    except typer.Abort:
        tell("\nNothing was changed.")
        raise typer.Exit(INTERRUPTED) from None


def _say(wanted: int, done: Resent | None) -> None:
    if done is None:
        say("No message is unknown.")
        return
    count = len(done.planned)
    say(
        f"{count:,} {'message goes' if count == 1 else 'messages go'} out again, as soon as nurture run sends."
    )
    meanwhile = done.meanwhile(wanted)
    if meanwhile:
        tell(f"{meanwhile:,} {'is' if meanwhile == 1 else 'are'} not unknown any more, and left alone.")
    if done.left:
        belong = "belongs to a campaign" if done.left == 1 else "belong to campaigns"
        tell(hanging(f"{done.left:,} {belong} not in force any more, and left alone.", 0, 0))


def _as_dict(lost: Sequence[Lost], done: Resent | None, records: dict[int, CampaignRecord]) -> dict[str, Any]:
    planned = done.planned if done else frozenset()
    return {
        "unknown": len(lost),
        "planned": len(planned),
        "not_in_force": done.left if done else 0,
        "messages": [
            {
                "email": it.email,
                "message": _message(it, records),
                "handed_at": format_iso(it.handed_at),
                "reason": it.reason,
                "planned": it.key in planned,
            }
            for it in lost
        ],
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(resend)
