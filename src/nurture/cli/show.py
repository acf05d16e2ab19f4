"""nurture show: a campaign's sequence as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from nurture.app import App, open_app
from nurture.cli import chosen
from nurture.cli.console import Json, Workspace, hanging, out, print_json, say, tell
from nurture.clock import Moment, format_iso, to_datetime
from nurture.errors import WorkspaceError
from nurture.journeys.campaign import Campaign
from nurture.reports.drawing import svg as as_svg
from nurture.reports.drawing import text as as_text
from nurture.reports.drawing.inks import Ink, Row
from nurture.reports.drawing.picture import Picture, Standing, picture
from nurture.reports.drawing.words import cells
from nurture.runner.world import Edition
from nurture.store import standing
from nurture.store.standing import Here

WIDEST = 120
"""Columns of a picture, however wide the terminal is: eyes do not follow longer lines."""

_STYLES: Mapping[Ink, str] = {
    "enter": "bold green",
    "message": "green",
    "branch": "cyan",
    "act": "yellow",
    "end": "red",
    "out": "dim",
    "line": "dim",
    "label": "italic",
    "aside": "dim",
    "people": "bold",
}


def show(
    campaign: Annotated[
        str, typer.Argument(metavar="CAMPAIGN", help="The file's name without its ending.")
    ] = "",
    files: Annotated[
        bool, typer.Option("--files", help="As it stands in the files, applied or not.")
    ] = False,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the picture there, as SVG.")] = None,
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="Lines of - and +, for terminals that have no others.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show a campaign as a picture, with the people at each step.

    The version in force; with --files what an apply would put into force.

    \b
    nurture show introductory-offer
    nurture show introductory-offer --files --svg offer.svg
    """
    with open_app(workspace) as app:
        shown = _in_files(app, campaign) if files else _in_force(app, campaign)
    if svg is not None:
        _write(svg, as_svg.draw(shown.picture))
    if as_json:
        print_json(show_as_dict(shown))
    elif svg is None:
        print_picture(shown, ascii_only=ascii_only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A campaign with what is known of it."""

    campaign: Campaign
    picture: Picture
    state: str
    """Which of its versions this is, in words."""
    version: int | None = None
    """None: the files."""
    paused_at: Moment = 0
    """0: it is not paused."""
    people: Mapping[str, Standing] | None = None
    """By step. None: they were not counted."""
    elsewhere: int = 0
    """How many are at steps that are not drawn."""


def _in_force(app: App, key: str) -> Shown:
    world, live, edition = chosen.in_force(app, key, "show")
    with app.store.read() as tx:
        here = standing.at_steps(tx, live.record.id)
    people, elsewhere = by_step(edition, here)
    state = f"version {world.version}"
    if live.record.paused_at:
        state += f", paused since {to_datetime(live.record.paused_at, app.settings.zone):%Y-%m-%d %H:%M}"
    return Shown(
        campaign=edition.campaign,
        picture=picture(edition.campaign, people, elsewhere),
        state=state,
        version=world.version,
        paused_at=live.record.paused_at,
        people=people,
        elsewhere=elsewhere,
    )


def by_step(edition: Edition, here: Mapping[int, Here]) -> tuple[dict[str, Standing], int]:
    """The people at each step of `edition` by its id, and how many stand at none of them.

    Who stands at a step that is gone is at the one that stands for it, or finishes an earlier version.
    """
    people: dict[str, Standing] = {}
    elsewhere = 0
    for no, it in here.items():
        step = edition.steps.get(no, "")
        if not step or (edition.campaign.on_edit == "pin" and not edition.is_own(no)):
            elsewhere += it.people
            continue
        before = people.get(step, Standing())
        people[step] = Standing(
            people=before.people + it.people, on_their_way=before.on_their_way + it.on_their_way
        )
    return people, elsewhere


def _in_files(app: App, key: str) -> Shown:
    _, campaign = chosen.in_files(app, key, "show")
    return Shown(campaign=campaign, picture=picture(campaign), state="as it stands in the files")


def print_picture(shown: Shown, *, ascii_only: bool) -> None:
    """Its name, what is to be known about it, and the picture, in as many columns as there are."""
    it = shown.picture
    width = min(out.width, WIDEST)
    ascii_only = ascii_only or not _can_say("╭│…")
    about = f"{it.key}, {shown.state}"
    if cells(f"{it.name}  {about}") <= width:
        print_row(((it.name, "people"), (f"  {about}", "aside")))
    else:
        print_row(((it.name, "people"),))
        print_row(((hanging(about, 2), "aside"),))
    for word, text in it.notes:
        say(_sayable(hanging(f"{word:8}{text}", 10)))
    say("")
    rows = as_text.draw(it, width)
    for row in as_text.in_ascii(rows) if ascii_only else rows:
        print_row(row)


def print_row(row: Row) -> None:
    """One row, in colour where the terminal has any."""
    line = Text.assemble(*((_sayable(text), _STYLES.get(ink, "")) for text, ink in row))
    out.print(line, no_wrap=True, crop=False, overflow="ignore", soft_wrap=True)


def _can_say(text: str) -> bool:
    try:
        text.encode(out.encoding)
    except UnicodeEncodeError:
        return False
    return True


def _sayable(text: str) -> str:
    """`text` with question marks, as wide, for what the output cannot say."""
    if _can_say(text):
        return text
    return "".join(it if _can_say(it) else "?" * cells(it) for it in text)


def show_as_dict(shown: Shown) -> dict[str, Any]:
    """The same as one JSON document. `steps` are in the order of the file, with where to go from each."""
    notes = dict(shown.picture.notes)
    counted = shown.people
    program = shown.campaign.program
    return {
        "campaign": shown.campaign.key,
        "name": shown.campaign.name,
        "version": shown.version,
        "paused_since": format_iso(shown.paused_at) if shown.paused_at else None,
        "enter": shown.campaign.enter.describe(),
        "for": notes["for"],
        "topic": shown.campaign.topic,
        "again": notes["reentry"],
        "goal": notes.get("goal"),
        "exits": [text for word, text in shown.picture.notes if word == "exit"],
        "leaves": notes.get("leaves"),
        "inside": None if counted is None else sum(it.people for it in counted.values()) + shown.elsewhere,
        "elsewhere": None if counted is None else shown.elsewhere,
        "first": program.first,
        "steps": [
            {
                "step": node.id,
                "says": node.step.describe(),
                "when": None if node.step.when is None else node.step.when.text,
                "people": None if counted is None else counted.get(node.id, Standing()).people,
                "on_their_way": None if counted is None else counted.get(node.id, Standing()).on_their_way,
                "next": node.next,
                "branches": dict(node.branches),
                "ends": node.step.ends,
            }
            for node in program.nodes.values()
        ],
    }


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"this cannot be written: {error.strerror}", where=str(path)) from None
    tell(f"picture: {path}")


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(show)
