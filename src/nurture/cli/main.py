"""The command `nurture`: its list of commands, and how every one of them ends."""

from __future__ import annotations

import os
import sys

import typer

from nurture import __version__
from nurture._startup import loaded
from nurture.cli import (
    answers,
    apply,
    check,
    codes,
    dkim,
    doctor,
    erase,
    explain,
    export,
    form,
    intake,
    key,
    offers,
    pause,
    preview,
    queue,
    replay,
    replies,
    report,
    rescore,
    resend,
    run,
    schema,
    send_test,
    show,
    stages,
    suppress,
    webhook,
    webhooks,
    who,
    workspace,
)
from nurture.cli.console import INTERRUPTED, tell
from nurture.cli.interrupts import Interrupted
from nurture.errors import NurtureError

app = typer.Typer(
    name="nurture",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for _module in (
    workspace,
    check,
    dkim,
    doctor,
    apply,
    pause,
    intake,
    run,
    queue,
    resend,
    rescore,
    replay,
    stages,
    report,
    offers,
    show,
    who,
    explain,
    export,
    erase,
    suppress,
    preview,
    send_test,
    schema,
    webhook,
    webhooks,
    key,
    codes,
    answers,
    replies,
    form,
):
    _module.add_to(app)
loaded()


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

    Start with: nurture init DIR. What a command does: nurture COMMAND --help.

    The exit status is 0 when done, 1 where files or data are at fault, 2 for wrong usage.
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
        app()
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            tell("interrupted: what was finished stays, and the same command again goes on from there")
        raise
    except Interrupted as ending:
        tell(f"interrupted: {ending}")
        sys.exit(INTERRUPTED)
    except NurtureError as error:
        tell(f"error: {error}")
        sys.exit(error.exit_status)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        tell(f"error: {error.filename or 'the machine'}: {error.strerror or error}")
        sys.exit(1)
    finally:
        # Here, and not while Python ends: a pipe that was closed is still ours to notice.
        sys.stdout.flush()
