"""The page that takes an answer: /q/TOKEN/QUESTION/ANSWER. GET shows it, POST keeps it; again is harmless.

The link in a message only chooses: scanners follow every link, and an answer is what a person sends from the page.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.delivery.outcome import MessageKey
from nurture.errors import NurtureError
from nurture.incoming.mail.text import clean
from nurture.journeys.questions import MOST_COMMENT, Answer, Question
from nurture.store import answers, templates
from nurture.store.answers import Asked, Given, Taken
from nurture.web.deps import WebDeps
from nurture.web.fields import Fields, fields_of, first
from nurture.web.pages import Pages
from nurture.web.question_words import words_for

_log = structlog.get_logger(__name__)

_UP = {"up": "../../../"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Put:
    """A question as it was put in a message, and as it is now."""

    asked: Asked
    question: Question | None
    """In the contact's language; None: it is not asked any more, or not with this answer."""
    answer: Answer | None


class Questions:
    """The routes under /q/."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """One address, two methods."""
        path = "/q/{token}/{question}/{answer}"
        return [Route(path, self.show, methods=["GET"]), Route(path, self.act, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """The question, with the answer chosen that was clicked."""
        try:
            put = await run_in_threadpool(self._put, request)
        except NurtureError as error:
            return self._later(error)
        if put is None or put.question is None:
            return self._no_question(put)
        return self._page(put, put.question)

    async def act(self, request: Request) -> Response:
        """Keep the answer that was sent."""
        given = await fields_of(request)
        try:
            put = await run_in_threadpool(self._put, request)
            if put is None or put.question is None:
                return self._no_question(put)
            chosen = put.question.answer(first(given, "answer"))
            if chosen is None:
                return (
                    self._no_question(put) if "answer" in given else self._page(put, put.question, status=400)
                )
            taken = await run_in_threadpool(self._take, put.asked, put.question, chosen, given)
        except NurtureError as error:
            return self._later(error)
        words = words_for(put.asked.locale)
        values = {"it": put.question, "chosen": chosen, "words": words, "lang": words.language, **_UP}
        if taken == "enough":
            return self._pages.answer("question_enough.html", values, status=429)
        return self._pages.answer("question_thanks.html", values)

    def _put(self, request: Request) -> _Put | None:
        """What the address leads to; None: nobody was asked that. Raises StoreError."""
        token = self._deps.signer.read(request.path_params["token"], "answer")
        if token is None:
            return None
        with self._deps.store.read() as tx:
            asked = answers.asked(tx, MessageKey(*token.key))
            if asked is None:
                return None
            compiled = templates.by_hash(tx, [asked.template_hash]).get(asked.template_hash)
        name, chosen = request.path_params["question"], request.path_params["answer"]
        then = next((it for it in compiled.questions if it.key == name), None) if compiled else None
        if then is None or then.answer(chosen) is None:
            return None
        question = self._deps.world().questions.get(name)
        answer = question.answer(chosen) if question else None
        if question is None or answer is None:
            return _Put(asked=asked, question=None, answer=None)
        question = question.spoken(asked.locale)
        return _Put(asked=asked, question=question, answer=question.answer(chosen))

    def _take(self, asked: Asked, question: Question, answer: Answer, form: Fields) -> Taken:
        value = answer.score if question.sets_score else answer.name
        given = Given(
            question=question.key,
            answer=answer.name,
            score=answer.score,
            comment=comment_of(first(form, "comment")) if question.comment else "",
            sets={question.sets: value} if question.sets and value is not None else {},
        )
        store = self._deps.store
        ids, now = store.ids, self._deps.clock.now()
        with store.write() as tx:
            # Once more: they may have been erased since the page was shown.
            there = answers.asked(tx, asked.key)
            return "again" if there is None else answers.take(tx, ids, there, given, now)

    def _page(self, put: _Put, question: Question, *, status: int = 200) -> Response:
        words = words_for(put.asked.locale)
        values = {
            "it": question,
            "chosen": put.answer.name if put.answer and status == 200 else "",
            "missing": status != 200,
            "words": words,
            "lang": words.language,
            "most": MOST_COMMENT,
            "is_scale": all(len(answer.says) <= 3 for answer in question.answers),
            **_UP,
        }
        return self._pages.answer("question.html", values, status=status)

    def _no_question(self, put: _Put | None) -> Response:
        """Nobody was asked that; or they were, and are not any more."""
        if put is None:
            return self._pages.answer("gone.html", _UP, status=404)
        words = words_for(put.asked.locale)
        values = {"words": words, "lang": words.language, **_UP}
        return self._pages.answer("question_over.html", values, status=410)

    def _later(self, error: NurtureError) -> Response:
        _log.error("an answer could not be taken", where=error.where, why=error.message)
        return self._pages.answer("later.html", _UP, status=503, headers={"retry-after": "60"})


def comment_of(written: str) -> str:
    """A comment as it is kept: without what no database keeps, at most `MOST_COMMENT` characters."""
    return clean(written).strip()[:MOST_COMMENT].rstrip()
