"""nurture send-test: a message to look at in a real mail program."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, assert_never

import typer

from nurture.app import App, open_app
from nurture.campaigns.findings import printable, render
from nurture.cli.console import Json, Workspace, hanging, print_json, say, tell
from nurture.delivery.outcome import Accepted, Outcome, Refused, TryLater, Unknown
from nurture.errors import FilesError
from nurture.providers.base import Letter, Provider, RelayDown
from nurture.runner.made_up import CODE
from nurture.runner.preview import Seen
from nurture.runner.sent_tests import MARK, Never, letters_for, pages_of_tests
from nurture.runner.studio import Studio
from nurture.runner.studio_talk import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one of them."""

    to: str
    sent: bool
    says: str
    """The server's answer, or why there was none."""


def send_test(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="The file's name without its ending.")],
    to: Annotated[list[str], typer.Argument(metavar="TO", help="Where to send it: one address or several.")],
    whom: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="WHOM",
            help="As this contact gets it, or a made-up person: german. Else a prospect.",
        ),
    ] = "",
    locale: Annotated[
        str | None, typer.Option(metavar="LOCALE", help="In this language; else in that of the person.")
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Send a message to yourself, to look at.

    From the files as they are now, through the provider of nurture.toml, with [Test] before its subject. Nobody is
    asked for consent, nothing is counted or tracked, and no code is issued: a word stands in its place. Addresses that
    are never mailed are not mailed here either.

    \b
    nurture send-test welcome me@shop.example
    nurture send-test welcome me@shop.example --for ann@example.com
    """
    with open_app(workspace) as app:
        pages = pages_of_tests(app.settings.web.public_url)
        studio = Studio(app.settings, app.store, app.clock)
        shown = studio.show(Asked(template, whom=whom, locale=locale), pages=pages)
        if shown.seen is None:
            wrong = "\n\n".join(map(render, shown.findings))
            raise FilesError(f"this message cannot be put together\n\n{wrong}")
        letters = letters_for(app.store, app.address_key, app.seals.dkim, shown.seen, to, app.clock.now())
        told = asyncio.run(_send(app, letters))
    if as_json:
        print_json(_as_dict(shown.seen, told))
    else:
        _say(shown.seen, told, app)
    if not all(it.sent for it in told):
        raise typer.Exit(1)


async def _send(app: App, letters: Sequence[Letter | Never]) -> list[Told]:
    provider = app.provider()
    try:
        return [
            Told(to=it.to, sent=False, says=f"never mailed: {it.reason}")
            if isinstance(it, Never)
            else _told(it.recipient, await _handed_over(provider, it))
            for it in letters
        ]
    finally:
        await provider.close()


async def _handed_over(provider: Provider, letter: Letter) -> Outcome:
    try:
        return await provider.post(letter)
    except RelayDown as down:
        return TryLater(reply=str(down))


def _told(to: str, outcome: Outcome) -> Told:
    match outcome:
        case Accepted(reply=reply):
            return Told(to=to, sent=True, says=reply)
        case Refused(reply=reply) | TryLater(reply=reply):
            return Told(to=to, sent=False, says=reply)
        case Unknown(reason=reason):
            return Told(to=to, sent=False, says=f"nobody knows whether it arrived: {reason}")
        case _:
            assert_never(outcome)


def _say(seen: Seen, told: Sequence[Told], app: App) -> None:
    say(f"subject: {MARK} {printable(seen.rendered.subject)}")
    for it in told:
        say(hanging(printable(f"{'sent to' if it.sent else 'NOT sent to'} {it.to}: {it.says}"), 4, 0))
    if seen.offer:
        tell(hanging(f"No code was issued: {CODE} stands in its place.", 0, 0))
    if app.settings.provider != "smtp" and any(it.sent for it in told):
        where = f"http://{app.settings.web.listen}/inbox"
        tell(
            hanging(f'provider is "{app.settings.provider}", so it is kept: nurture run, then {where}', 0, 0)
        )


def _as_dict(seen: Seen, told: Sequence[Told]) -> dict[str, Any]:
    return {
        "subject": f"{MARK} {seen.rendered.subject}",
        "for": seen.contact.email,
        "to": [{"to": it.to, "sent": it.sent, "says": it.says} for it in told],
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(send_test)
