"""Answers counted over all events: the last one of each person to each message, whatever else came in."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.audience.contact import Scalar
from nurture.clock import DAY, HOUR
from nurture.reports.answers import Counted
from nurture.store import happenings, report_answers
from nurture.store.engine import Store
from nurture.store.happenings import EventGiven
from support.databases import START

ANN, BOB = "ann@x.example", "bob@x.example"


def answered(email: str, at: int, answer: str, score: Scalar | None, **more: Scalar) -> EventGiven:
    told: Mapping[str, Scalar] = {"question": "how-was-it", "answer": answer, **more}
    if score is not None:
        told = {**told, "score": score}
    key = f"{email} {at} {answer}"
    return EventGiven(key=key, email=email, name="answered", at=at, properties=told)


def keep(store: Store, *given: EventGiven) -> None:
    with store.write() as tx:
        happenings.record(tx, store.ids, "a test", given, START)


def test_of_each_person_and_message_the_last_answer_counts(store: Store) -> None:
    one, two = {"entry": "1.1", "message": "care/ask"}, {"entry": "2.1", "message": "care/ask"}
    keep(
        store,
        answered(ANN, START - 3 * DAY, "poor", 1, comment="Cold", **one),
        answered(ANN, START - 2 * DAY, "good", 3, **one),
        answered(ANN, START - DAY, "fair", 2, comment="Late", **two),
        answered(BOB, START - HOUR, "good", 3, comment="Fine", **one),
        EventGiven(key="x", email=BOB, name="asked", at=START, properties={"question": "how-was-it"}),
    )
    with store.read() as tx:
        found = report_answers.counted(tx, "how-was-it")
        said = report_answers.comments(tx, "how-was-it", 5)
        [newest] = report_answers.comments(tx, "", 1)
        assert report_answers.counted(tx, "other") == []
        assert report_answers.counted(tx) == found
    about = {"question": "how-was-it", "message": "care/ask"}
    assert found == [
        Counted(answer="good", score=3, people=2, **about),
        Counted(answer="fair", score=2, people=1, **about),
    ]
    assert [(it.email, it.answer, it.text) for it in said] == [(BOB, "good", "Fine"), (ANN, "fair", "Late")]
    assert newest == said[0]


def test_what_others_bring_in_as_answers_is_counted_as_far_as_it_goes(store: Store) -> None:
    keep(
        store,
        answered(ANN, START - DAY, "7", "seven"),
        answered(BOB, START - DAY, "7", True, comment=5.0),
        EventGiven(key="bare", email="eva@x.example", name="answered", at=START, properties={}),
    )
    with store.read() as tx:
        found = {(it.question, it.answer, it.score): it.people for it in report_answers.counted(tx)}
        assert len(report_answers.comments(tx, "", 9)) == 1
    assert found == {("how-was-it", "7", None): 2, ("", "", None): 1}
