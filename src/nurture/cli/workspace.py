"""nurture init: a workspace that works, with sample campaigns."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from nurture.cli.console import say, tell
from nurture.runner.new_workspace import make_workspace


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make it; made if it is not there.")],
) -> None:
    """Make a workspace that works, with sample campaigns.

    It holds the settings (nurture.toml), campaigns/, templates/, a database and a secret key.
    """
    made = make_workspace(folder)
    say(f"Made {len(made)} {'file' if len(made) == 1 else 'files'} in {folder}.")
    tell(
        "\nNext:\n"
        f"  cd {shlex.quote(str(folder))}\n"
        "  nurture check                   is everything right?\n"
        "  nurture preview welcome         how does a message look?\n"
        "  nurture import contacts FILE --consent 'how they agreed'\n"
        "  nurture apply                   put the campaigns into force\n"
        "  nurture run                     send, and show http://127.0.0.1:8025"
    )


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(init)
