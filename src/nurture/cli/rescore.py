"""nurture rescore: who opened and clicked, judged again by the rules of today."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nurture.app import open_app
from nurture.cli.console import Json, Workspace, print_json, progress, read_moment, say
from nurture.clock import SECOND, SystemClock
from nurture.engagement.hit import HitKind, Verdict
from nurture.engagement.signs import RULES
from nurture.runner.rescore import Rescored
from nurture.runner.rescore import rescore as judge_again

_ORDER: tuple[HitKind, ...] = ("open", "click", "hidden")
_PLURAL: dict[HitKind, str] = {"open": "opens", "click": "clicks", "hidden": "hits of the hidden link"}
_AS: dict[Verdict, str] = {
    "human": "by a person",
    "prefetch": "a prefetch",
    "scanner": "a scanner's",
    "unknown": "unknown",
}


def rescore(
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Only messages that were opened or clicked since then.")
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Also what these rules have judged before.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Judge again which opens and clicks were made by people.

    Opens and clicks are kept with a verdict each, by the rules of the day. After an update with new rules this works
    the verdicts out again. Contacts who turn out to have opened or clicked, or not to have, are looked at anew; what
    was sent stays sent. It may be interrupted and started again, and the daemon may run beside it.

    \b
    nurture rescore --since 2026-03-01
    """
    with open_app(workspace) as app:
        start = read_moment(since, app.settings.zone, "--since") if since else 0
        clock = SystemClock()
        begun = clock.now()
        with progress("judging", 1) as show:

            def told(done: int, total: int) -> None:
                rate = round(done * SECOND / max(clock.now() - begun, 1))
                show(done / total, f"{done:,} of {total:,} hits, {rate:,} a second")

            done = judge_again(app.store, since=start, everything=everything, progress=told)
    if as_json:
        print_json(_as_dict(done))
    else:
        _say(done)


def _say(done: Rescored) -> None:
    if not done.hits:
        say(f"All opens and clicks are judged by rules {RULES} already.")
        return
    say(f"{done.hits:,} opens and clicks judged by rules {RULES}.")
    for (kind, was, now), count in _sorted(done):
        what = _PLURAL[kind] if count > 1 else _PLURAL[kind].removesuffix("s")
        say(f"  {count:>9,} {what} that counted as {_AS[was]}: now {_AS[now]}")
    if done.signs_taken_back:
        say(f"  {done.signs_taken_back:>9,} opens and clicks of messages do not count any more")
    if done.signs_made:
        say(f"  {done.signs_made:>9,} opens and clicks of messages count now")
    if not done.changed:
        say("No verdict changed.")


def _as_dict(done: Rescored) -> dict[str, Any]:
    return {
        "rules": RULES,
        "hits": done.hits,
        "changed": [
            {"kind": kind, "was": was, "now": now, "hits": count} for (kind, was, now), count in _sorted(done)
        ],
        "signs_made": done.signs_made,
        "signs_taken_back": done.signs_taken_back,
    }


def _sorted(done: Rescored) -> list[tuple[tuple[HitKind, Verdict, Verdict], int]]:
    return sorted(done.changed.items(), key=lambda it: (_ORDER.index(it[0][0]), -it[1], it[0]))


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(rescore)
