"""nurture pause and nurture resume: stop a campaign's timers, and let them go on."""

from __future__ import annotations

from typing import Annotated

import typer

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, print_json, say
from nurture.errors import UsageError
from nurture.runner import pausing
from nurture.runner.pausing import How

Campaign = Annotated[str, typer.Argument(help="The campaign, as its file is called.")]


def pause(campaign: Campaign, workspace: Workspace = None, as_json: Json = False) -> None:
    """Stop a campaign until nurture resume.

    Nobody in it goes on, and nothing is sent. It holds at once, in every daemon. People still enter, reach the goal
    and leave.
    """
    with open_app(workspace) as app:
        done = pausing.pause(app.store, campaign, app.clock.now())
    if as_json:
        print_json({"campaign": campaign, "paused": done})
    else:
        say(f"{campaign} is paused." if done else f"{campaign} is paused already.")


def resume(
    campaign: Campaign,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="As if there had been no pause: what fell due goes out now.")
    ] = False,
    shift: Annotated[bool, typer.Option("--shift", help="Timers go on where they stopped.")] = False,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave out the messages that fell due meanwhile.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Let a campaign that was paused go on.

    Say what becomes of the time it stood still: --catch-up, --shift or --skip.
    """
    how = _how(catch_up=catch_up, shift=shift, skip=skip)
    with open_app(workspace) as app:
        done = pausing.resume(app.store, campaign, app.clock.now(), how)
    if as_json:
        print_json({"campaign": campaign, "resumed": done, "how": how})
    else:
        say(f"{campaign} goes on." if done else f"{campaign} is not paused.")


def _how(*, catch_up: bool, shift: bool, skip: bool) -> How:
    said: list[How] = []
    said += ["catch-up"] if catch_up else []
    said += ["shift"] if shift else []
    said += ["skip"] if skip else []
    if len(said) != 1:
        raise UsageError(
            "say what becomes of the time it stood still" if not said else "choose one of them",
            where="nurture resume",
            remedy="--catch-up: what fell due goes out now. --shift: timers go on where they stopped."
            " --skip: messages that fell due are left out.",
        )
    return said[0]


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(pause)
    app.command()(resume)
