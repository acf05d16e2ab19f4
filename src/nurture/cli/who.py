"""nurture who: how many would enter a campaign, and what keeps the others out."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import printable
from nurture.cli import chosen
from nurture.cli.console import Json, Workspace, hanging, near_miss, out, print_json, say, tell
from nurture.clock import Moment, format_iso, to_datetime
from nurture.errors import UsageError
from nurture.journeys.campaign import Campaign
from nurture.journeys.telling import either
from nurture.reports.who import FITS, HELD_OUT, OUTS, Who, how, why
from nurture.runner.limits import limits_of
from nurture.runner.who import who as look
from nurture.runner.world import World, letters_of
from nurture.store import agenda, versions

NOTICEABLE = 100
"""One of so many who are still to be looked at makes a difference; a daemon at work always has a few."""
MOST = 20
"""Names that are given where nobody says how many."""


def who(
    campaign: Annotated[
        str, typer.Argument(metavar="CAMPAIGN", help="The file's name without its ending.")
    ] = "",
    files: Annotated[
        bool, typer.Option("--files", help="As it stands in the files, applied or not.")
    ] = False,
    names: Annotated[bool, typer.Option("--names", help="Give the names of those who fit.")] = False,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="REASON",
            help=f"Give the names of those whom this keeps out: {', '.join(OUTS)}; or {HELD_OUT}.",
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="So many names at most.")] = MOST,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell who would enter a campaign now, and why others would not.

    The version in force; with --files what an apply would put into force. Nothing is changed.

    \b
    nurture who introductory-offer
    nurture who introductory-offer --reason not-agreed
    """
    asked = _asked(names=names, reason=reason)
    with open_app(workspace) as app:
        found = _look(app, campaign, asked, limit, files=files)
        zone = app.settings.zone
        with app.store.read() as tx:
            waiting = agenda.people_due(tx, app.clock.now())
    if as_json:
        print_json(who_as_dict(found))
    else:
        print_who(found, zone)
    if waiting > found.people // NOTICEABLE:
        tell(
            f"{waiting:,} {'person has' if waiting == 1 else 'people have'} not been looked at since something"
            " happened to them, so their stages may be out of date: nurture run looks at them."
        )


def _asked(*, names: bool, reason: str) -> str:
    known = (*OUTS, FITS, HELD_OUT)
    if reason and reason not in known:
        near, there_are = near_miss(reason, known), f"There are: {', '.join(known)}"
        raise UsageError(
            f'nothing keeps people out that is called "{reason}"',
            where="--reason",
            remedy=there_are if near.startswith("There") else f"{near}\n  {there_are}",
        )
    return reason or (FITS if names else "")


def _look(app: App, key: str, asked: str, limit: int, *, files: bool) -> Who:
    if files:
        checked, campaign = chosen.in_files(app, key, "who")
        with app.store.read() as tx:
            record = versions.records(tx).get(key)
        world = World(
            settings=app.settings,
            version=0,
            lifecycle=checked.book.lifecycle,
            offers=checked.book.offers,
            live={},
            letters=letters_of(checked.library, ()),
            limits=limits_of(app.settings),
        )
    else:
        world, live, edition = chosen.in_force(app, key, "who")
        record, campaign = live.record, edition.campaign
    return look(
        app.store,
        world,
        campaign,
        record,
        app.address_key,
        app.clock.now(),
        in_files=files,
        asked=asked,
        limit=limit,
    )


def print_who(it: Who, zone: ZoneInfo) -> None:
    """Who enters and how, how many fit, and what keeps the others out."""
    campaign = it.campaign
    state = "as it stands in the files" if it.version is None else f"version {it.version}"
    say(printable(f"{campaign.name}  {campaign.key}, {state}"))
    say(hanging(f"enters  {campaign.enter.describe()}; {campaign.reentry.describe()}", 10))
    say(hanging(f"for     {printable(_whom(campaign))}", 10))
    if it.paused_at:
        since = f"paused since {_when(it.paused_at, zone)}: people enter, and nobody goes on or is written to"
        say(hanging(f"is      {since}", 10))
    width = max(len(f"{it.people:,}"), 5)
    say("")
    _fitting(it, zone, width)
    if it.out:
        say("")
        longest = max(map(len, it.out))
        for out_, people in it.out.items():
            said = f"{people:>{width},}  {out_:{longest}}  {printable(why(campaign, out_))}"
            say(hanging(said, width + longest + 6))
    if not it.people:
        say("  There is nobody yet. Take contacts in: nurture import contacts FILE")
    if it.asked:
        _names(it, zone)


def _fitting(it: Who, zone: ZoneInfo, width: int) -> None:
    said = "fits" if it.fits == 1 else "fit"
    if it.fits:
        said += f"; {how(it.campaign, in_files=it.version is None)}"
    say(hanging(f"{it.fits:>{width},}  {printable(said)}", width + 4))
    if it.held_out:
        share = f"{it.campaign.holdout:.0%}" if it.campaign.holdout >= 0.01 else f"{it.campaign.holdout:.2%}"
        says = f"of them held out ({share} of all are): these enter and get nothing"
        say(hanging(f"{it.held_out:>{width},}  {says}", width + 4))
    if it.next_at is not None:
        when = f"the next time is {_when(it.next_at, zone)} {zone.key}, where it is first that time of day"
        say(hanging(f"{'':{width}}  {when}", width + 4))


def _whom(campaign: Campaign) -> str:
    said = [either(campaign.stages) if campaign.stages else "everybody"]
    if campaign.lines is not None:
        lines = "a product line" if campaign.lines == "each" else either(campaign.lines)
        said.append(f"who on {lines} are in {either(campaign.line_stages)}")
    if campaign.when is not None:
        said.append(f"when {campaign.when.text}")
    said.append(f"topic {campaign.topic}")
    return ", ".join(said)


def _names(it: Who, zone: ZoneInfo) -> None:
    people = _people(it)
    say("")
    out.print(f"{it.asked}: {people:,}", style="bold", markup=False, soft_wrap=True)
    for name in it.names:
        said = f"{name.email}  {name.first_name} {name.last_name}".rstrip()
        if name.enters_at is not None:
            said = f"{_when(name.enters_at, zone)}  {said}"
        say(f"  {printable(said)}")
    if people > len(it.names):
        say(f"  and {people - len(it.names):,} more: --limit shows as many as you like")


def _people(it: Who) -> int:
    if it.asked == FITS:
        return it.fits
    if it.asked == HELD_OUT:
        return it.held_out
    return next((people for out_, people in it.out.items() if out_ == it.asked), 0)


def _when(at: Moment, zone: ZoneInfo) -> str:
    return f"{to_datetime(at, zone):%Y-%m-%d %H:%M}"


def who_as_dict(it: Who) -> dict[str, Any]:
    """The same as one JSON document."""
    campaign = it.campaign
    return {
        "campaign": campaign.key,
        "name": campaign.name,
        "version": it.version,
        "paused_since": format_iso(it.paused_at) if it.paused_at else None,
        "enter": campaign.enter.describe(),
        "again": campaign.reentry.describe(),
        "people": it.people,
        "fits": it.fits,
        "held_out": it.held_out,
        "how": how(campaign, in_files=it.version is None),
        "next_at": format_iso(it.next_at) if it.next_at else None,
        "out": [
            {"reason": out_, "people": people, "why": why(campaign, out_)} for out_, people in it.out.items()
        ],
        "asked": it.asked,
        "names": [
            {
                "email": name.email,
                "first_name": name.first_name,
                "last_name": name.last_name,
                "enters_at": format_iso(name.enters_at) if name.enters_at is not None else None,
            }
            for name in it.names
        ],
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(who)
