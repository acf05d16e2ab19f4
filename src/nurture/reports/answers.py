"""What people answered to a question: how many said what, its mean score and net promoter score, and their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nurture.clock import Moment
from nurture.journeys.questions import Question

MOST_SHOWN = 11
"""Answers of a question that nobody asks any more which are told apart; whatever was imported, it ends somewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How often one answer was given in one message. Of each message to each person, the last answer counts."""

    question: str
    message: str
    """As conditions name it: `campaign/step`; empty where it came by import."""
    answer: str
    score: float | None
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody added."""

    at: Moment
    contact_id: int
    email: str
    question: str
    answer: str
    message: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReport:
    """One answer."""

    name: str
    says: str
    """In the words of questions.yaml; the name where they are gone."""
    score: float | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """One message in which the question stood."""

    message: str
    count: int
    mean: float | None
    """The mean score; None where no answer has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionReport:
    """One question."""

    key: str
    asks: str
    """Empty: it is not asked any more."""
    count: int
    answers: tuple[AnswerReport, ...]
    """In the order of the file; those that are not in it any more behind them."""
    mean: float | None
    nps: int | None
    """The net promoter score, -100 to 100; None where the scale is not 0 to 10, or nobody answered."""
    messages: tuple[MessageReport, ...]
    """The one with most answers first."""


def question_report(key: str, question: Question | None, counted: Sequence[Counted]) -> QuestionReport:
    """What `counted`, which is all of this question, comes to."""
    by_answer: Counter[str] = Counter()
    by_message: Counter[str] = Counter()
    scores: dict[str, float | None] = {}
    for it in counted:
        by_answer[it.answer] += it.people
        by_message[it.message] += it.people
        scores[it.answer] = it.score
    known = {it.name: it for it in question.answers} if question else {}
    gone = [name for name, _ in by_answer.most_common() if name not in known][:MOST_SHOWN]
    answers = [
        AnswerReport(name=name, says=it.says, score=it.score, count=by_answer[name])
        for name, it in known.items()
    ]
    answers += [
        AnswerReport(name=name, says=name, score=scores[name], count=by_answer[name]) for name in gone
    ]
    return QuestionReport(
        key=key,
        asks=question.asks if question else "",
        count=by_answer.total(),
        answers=tuple(answers),
        mean=_mean(counted),
        nps=_nps(counted) if question and question.is_nps else None,
        messages=tuple(
            MessageReport(message=name, count=count, mean=_mean(it for it in counted if it.message == name))
            for name, count in by_message.most_common()
        ),
    )


def _mean(counted: Iterable[Counted]) -> float | None:
    scored = [(it.score, it.people) for it in counted if it.score is not None]
    people = sum(people for _, people in scored)
    return sum(score * people for score, people in scored) / people if people else None


def _nps(counted: Iterable[Counted]) -> int | None:
    """The share of those who gave 9 or 10 less that of those who gave 0 to 6 (Reichheld 2003), in per cent."""
    scored = [(it.score, it.people) for it in counted if it.score is not None]
    people = sum(people for _, people in scored)
    fans = sum(people for score, people in scored if score >= 9)
    critics = sum(people for score, people in scored if score <= 6)
    return round(100 * (fans - critics) / people) if people else None
