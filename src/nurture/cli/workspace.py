"""nurture init: a workspace that works, with sample campaigns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nurture.app import make_workspace
from nurture.cli.console import err, out


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make it; made if it is not there.")],
) -> None:
    """Make a workspace that works, with sample campaigns and templates."""
    made = make_workspace(folder)
    out.print(f"Made {len(made)} files in {folder}.", markup=False)
    err.print(
        "Next:\n"
        f"  cd {folder}\n"
        "  nurture check                         is everything right?\n"
        "  nurture import contacts FILE --consent 'how they agreed'\n"
        "  nurture apply                         put the campaigns into force\n"
        "  nurture run                           the daemon, with pages at http://127.0.0.1:8025",
        markup=False,
        soft_wrap=True,
    )


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(init)
