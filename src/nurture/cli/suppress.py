"""nurture suppress: an address is never mailed again, or may be."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import INTERRUPTED, Json, Workspace, hanging, print_json, say, tell
from nurture.clock import format_iso, to_datetime
from nurture.errors import UsageError
from nurture.runner import suppressing
from nurture.runner.intake_cells import BadRow, address
from nurture.runner.suppressing import Standing


def suppress(
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of anybody, known or not.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for those who look later.")
    ] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let it be mailed again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; with --lift.")] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Never mail an address again, or lift that.

    What waits for it is not sent. Only a hash of the address is kept, so that it also holds for who is not known yet.

    \b
    nurture suppress ann@example.com --reason "asked on the phone"
    """
    if lift and reason:
        raise UsageError("--reason says why an address is not mailed", where="nurture suppress --lift")
    try:
        plain = address({"email": email})
    except BadRow as error:
        raise UsageError(printable(str(error))) from None
    with open_app(workspace) as app:
        before = suppressing.standing(app.store, plain, address_key=app.address_key)
        skipped = 0
        if not lift:
            skipped = suppressing.suppress(
                app.store, plain, reason.strip()[:300], app.clock.now(), address_key=app.address_key
            )
        elif before is not None:
            _warn(before, app)
            if not yes and not _is_wanted():
                tell("Nothing was changed.")
                raise typer.Exit(1)
            suppressing.lift(app.store, plain, address_key=app.address_key)
        after = suppressing.standing(app.store, plain, address_key=app.address_key)
    if as_json:
        print_json(_as_dict(plain, before, after, skipped))
    else:
        say(_told(lift=lift, before=before, skipped=skipped))


def _warn(it: Standing, app: App) -> None:
    since = to_datetime(it.at, app.settings.zone)
    tell(hanging(printable(f"It is not mailed since {since:%Y-%m-%d}: {it.reason}."), 0, 0))
    tell(
        hanging(
            "If its owner asked for that, mail to it is against the law in most countries until they agree again "
            "themselves. Lifting it brings no consent back.",
            0,
            0,
        )
    )


def _is_wanted() -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody is there to ask", remedy="Say yes beforehand: nurture suppress ADDRESS --lift --yes"
        )
    try:
        return typer.confirm("Let it be mailed again?", err=True)
    except typer.Abort:
        tell("\nNothing was changed.")
        raise typer.Exit(INTERRUPTED) from None


def _told(*, lift: bool, before: Standing | None, skipped: int) -> str:
    if lift:
        return (
            "It was not suppressed."
            if before is None
            else "It may be mailed again, on topics its owner agrees to."
        )
    waited = f"; {skipped:,} that waited {'is' if skipped == 1 else 'are'} not sent" if skipped else ""
    if before is not None:
        return printable(f"It was suppressed already: {before.reason}{waited}.")
    return f"It is never mailed again{waited}."


def _as_dict(plain: str, before: Standing | None, after: Standing | None, skipped: int) -> dict[str, object]:
    return {
        "address": plain,
        "suppressed": after is not None,
        "reason": after.reason if after else None,
        "at": format_iso(after.at) if after else None,
        "was_suppressed": before is not None,
        "skipped": skipped,
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(suppress)
