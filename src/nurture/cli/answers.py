"""nurture answers: what people answered to the questions that messages ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from nurture.app import open_app
from nurture.campaigns.findings import printable
from nurture.cli.console import Json, Workspace, hanging, near_miss, out, print_json, say
from nurture.clock import format_iso, to_datetime
from nurture.errors import UsageError
from nurture.journeys.questions import Question, whole
from nurture.reports.answers import AnswerReport, Comment, Counted, QuestionReport, question_report
from nurture.reports.figures import decimal, number, share
from nurture.runner.in_force import load
from nurture.store import report_answers

_WIDEST_BAR = 30


def answers(
    question: Annotated[str, typer.Argument(metavar="[QUESTION]", help="Only this one.")] = "",
    comments: Annotated[
        int, typer.Option("--comments", metavar="N", min=0, max=10_000, help="The last N comments of each.")
    ] = 5,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show what people answered to the questions in messages.

    How many said what, and their comments. Of each message to each person, the last answer counts.

    \b
    nurture answers
    nurture answers how-was-it --comments 50
    """
    with open_app(workspace) as app:
        known = load(app.store, app.settings).questions
        with app.store.read() as tx:
            counted = report_answers.counted(tx, question)
            reports = _reports(question, known, counted)
            added = report_answers.comments(tx, question, comments)
        said = {it.key: [one for one in added if one.question == it.key] for it in reports}
        zone = app.settings.zone
    if as_json:
        print_json({"questions": [_as_dict(it, said[it.key]) for it in reports]})
        return
    if not reports:
        say("No message asks anything: questions stand in campaigns/questions.yaml.")
    for no, it in enumerate(reports):
        if no:
            say("")
        for line in _told(it, said[it.key], zone):
            say(line)


def _reports(asked: str, known: Mapping[str, Question], counted: Sequence[Counted]) -> list[QuestionReport]:
    """Those that are in force, then those that are not any more. Raises UsageError for one that never was."""
    found = {it.question for it in counted}
    if asked and asked not in known and asked not in found:
        raise UsageError(f'no question is called "{asked}"', remedy=near_miss(asked, known))
    keys = [asked] if asked else [*known, *sorted(found - set(known))]
    return [
        question_report(key, known.get(key), [it for it in counted if it.question == key]) for key in keys
    ]


def _told(it: QuestionReport, said: Sequence[Comment], zone: ZoneInfo) -> Iterator[str]:
    yield hanging(printable(f"{it.key or '(no name)'}: {_plain(it.asks) or 'not asked any more'}"), 4, 0)
    if not it.count:
        yield "  Nobody has answered yet."
        return
    figures = [f"{number(it.count)} {'answer' if it.count == 1 else 'answers'}"]
    figures += [] if it.mean is None else [f"mean score {decimal(it.mean)}"]
    figures += [] if it.nps is None else [f"NPS {it.nps:+d}"]
    yield hanging(", ".join(figures), 4)
    yield from _bars(it)
    if len(it.messages) > 1:
        yield "  by message"
        for one in it.messages:
            mean = "" if one.mean is None else f", mean {decimal(one.mean)}"
            yield hanging(f"{number(one.count)}{mean}  {printable(one.message) or '(none of ours)'}", 8, 4)
    if said:
        yield "  comments, the last first"
    for comment in said:
        head = f"{to_datetime(comment.at, zone):%Y-%m-%d}  {comment.email}  {comment.answer}"
        yield hanging(printable(head), 6, 4)
        for line in comment.text.splitlines():
            yield hanging(printable(line), 6, 6)


def _bars(it: QuestionReport) -> Iterator[str]:
    """A row an answer; what it says is cut where the terminal is narrow, and the bar is left out."""
    counts = [number(one.count) for one in it.answers]
    widest = max(map(len, counts))
    room = out.width - widest - 12
    words = min(max(len(one.says) for one in it.answers), max(room - (_WIDEST_BAR if room > 60 else 0), 10))
    bar = min(_WIDEST_BAR, room - words - 2)
    most = max(one.count for one in it.answers)
    for one, count in zip(it.answers, counts, strict=True):
        drawn = "█" * round(bar * one.count / most) if bar >= 8 else ""
        part = share(one.count / it.count)
        yield f"  {count:>{widest}}  {part:>6}  {_cut(one, words):{words}}  {drawn}".rstrip()


def _cut(it: AnswerReport, room: int) -> str:
    says = printable(_plain(it.says))
    return says if len(says) <= room else says[: room - 1] + "…"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _as_dict(it: QuestionReport, said: Sequence[Comment]) -> dict[str, Any]:
    return {
        "question": it.key,
        "asks": it.asks or None,
        "count": it.count,
        "mean": it.mean,
        "nps": it.nps,
        "answers": [
            {
                "answer": one.name,
                "says": one.says,
                "score": None if one.score is None else whole(one.score),
                "count": one.count,
            }
            for one in it.answers
        ],
        "messages": [
            {"message": one.message or None, "count": one.count, "mean": one.mean} for one in it.messages
        ],
        "comments": [
            {
                "at": format_iso(one.at),
                "email": one.email,
                "answer": one.answer,
                "message": one.message or None,
                "comment": one.text,
            }
            for one in said
        ],
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(answers)
