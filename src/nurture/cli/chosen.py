"""The campaign that a command was asked about, as it is in force or as it stands in the files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from nurture.app import App
from nurture.cli.console import near_miss, tell
from nurture.errors import FilesError, UsageError
from nurture.journeys.campaign import Campaign
from nurture.runner import checking
from nurture.runner.checking import Checked
from nurture.runner.files import CAMPAIGNS, look
from nurture.runner.in_force import load
from nurture.runner.world import Edition, Live, World


def in_force(app: App, key: str, command: str) -> tuple[World, Live, Edition]:
    """What is in force, and that campaign in it. Raises UsageError, which names those there are."""
    world = load(app.store, app.settings)
    found = {it.record.key: it for it in world.live.values()}.get(key)
    if found is None or found.edition is None:
        names = (it.key for _, it in world.in_force)
        raise _unknown(app, key, names, command, gone=found is not None)
    return world, found, found.edition


def in_files(app: App, key: str, command: str) -> tuple[Checked, Campaign]:
    """What the files say, and that campaign in them. Raises FilesError where it cannot be read, UsageError."""
    found = look(app.settings.workspace)
    checked = checking.check(app.store, app.settings, found.files, found.findings)
    campaign = checked.book.campaigns.get(key)
    if campaign is None:
        wrong = tuple(it for it in checked.errors if _key(it.path) == key)
        if wrong:
            raise FilesError(f"this campaign cannot be read\n\n{checking.render(wrong)}")
        raise _unknown(app, key, checked.book.campaigns, command, files=True)
    if checked.errors:
        tell("note: the files hold mistakes, so that they cannot be applied; nurture check names them")
    return checked, campaign


def _unknown(
    app: App, key: str, names: Iterable[str], command: str, *, gone: bool = False, files: bool = False
) -> UsageError:
    known = sorted(names)
    listed = f"There are: {', '.join(known)}" if known else "There are none yet."
    if not key:
        return UsageError(
            "which campaign?",
            remedy=f"{listed}\n  Such as: nurture {command} {known[0]}" if known else listed,
        )
    near = near_miss(key, known)
    remedy = listed if near == listed else f"{near}\n  {listed}"
    if not files and key in map(_key, look(app.settings.workspace).files):
        remedy = f"It stands in the files: nurture {command} {key} --files\n  {remedy}"
    if gone:
        return UsageError(f'the campaign "{key}" is not in force any more', remedy=remedy)
    return UsageError(f'no campaign is called "{key}"', remedy=remedy)


def _key(path: str) -> str:
    """What a campaign in this file would be known by; empty where no campaign stands there."""
    where = PurePosixPath(path)
    return where.stem if where.parts[:1] == (CAMPAIGNS,) else ""
