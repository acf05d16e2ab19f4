"""What a template gets for `question("how-was-it")`: the words, and an address for each answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nurture.journeys.questions import Answer, Question, whole
from nurture.messages.group import Group
from nurture.messages.missing import MISSING
from nurture.messages.views import known

AnswerUrl = Callable[[str, str], str]
"""Where an answer is taken, by the names of the question and the answer."""


def no_page(question: str, answer: str) -> str:
    """An answer's address in a message that goes to nobody."""
    return f"https://example.com/q/{question}/{answer}"


def asking(questions: Mapping[str, Question], url: AnswerUrl) -> Callable[[str], Group]:
    """The function `question` of one message."""

    def question(name: str) -> Group:
        it = questions.get(str(name))
        if it is None:
            return Group("question", dict, open=True, exists=False)
        return Group("question", lambda: _question(it, url), label=it.asks)

    return question


def _question(it: Question, url: AnswerUrl) -> Mapping[str, Any]:
    return {
        "name": it.key,
        "asks": it.asks,
        "answers": tuple(_answer(it, answer, url) for answer in it.answers),
        "comment": known(it.comment),
        "low": known(it.low),
        "high": known(it.high),
        "thanks": known(it.thanks),
    }


def _answer(question: Question, it: Answer, url: AnswerUrl) -> Group:
    def build() -> Mapping[str, Any]:
        return {
            "name": it.name,
            "says": it.says,
            "score": MISSING if it.score is None else whole(it.score),
            "url": url(question.key, it.name),
        }

    return Group("answer", build, label=it.says)
