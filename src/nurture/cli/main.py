"""The command `nurture`: its list of commands, and how every one of them ends."""

from __future__ import annotations

import os
import sys

import typer

from nurture import __version__
from nurture.cli import apply, check, explain, intake, preview, replay, report, run, stages, workspace
from nurture.cli.console import err
from nurture.errors import NurtureError

app = typer.Typer(
    name="nurture",
    help="Lifecycle e-mail as files: who is where, what they hear next, sent once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for _module in (workspace, check, apply, intake, run, replay, stages, report, explain, preview):
    _module.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nurture {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Lifecycle e-mail as files: who is where, what they hear next, sent once.

    Start with `nurture init DIR`. `nurture COMMAND --help` tells more about each.

    Exit status: 0 done, 1 the files or data are at fault, 2 wrong usage.
    """


def main() -> None:
    """Run the command. Exit status: 0 done, 1 the files or data are at fault, 2 wrong usage, 130 interrupted."""
    try:
        _run()
    except BrokenPipeError:
        # Whoever read our output has gone (`nurture report | head`): end quietly, and let nothing flush into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _run() -> None:
    try:
        app(standalone_mode=True)
    except NurtureError as error:
        err.print(f"error: {error}", markup=False, soft_wrap=True)
        sys.exit(error.exit_status)
    finally:
        # Here, and not while Python ends: a pipe that was closed is still ours to notice.
        sys.stdout.flush()
