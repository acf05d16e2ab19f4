"""What answers come to: counts in the order of the file, means, and the net promoter score."""

from __future__ import annotations

import pytest

from nurture.journeys.questions import Answer, Question
from nurture.reports.answers import MOST_SHOWN, Counted, question_report

SCALE = Question(
    key="nps", asks="?", answers=tuple(Answer(name=str(n), says=str(n), score=float(n)) for n in range(11))
)
WORDS = Question(key="why", asks="Why?", answers=(Answer(name="price", says="The price"),))


def counted(scores: dict[str, int], message: str = "a/b") -> list[Counted]:
    return [
        Counted(question="nps", message=message, answer=name, score=float(name), people=people)
        for name, people in scores.items()
    ]


@pytest.mark.parametrize(
    ("scores", "nps", "mean"),
    [
        ({"10": 5, "9": 5}, 100, 9.5),
        ({"0": 1, "6": 1}, -100, 3.0),
        ({"7": 3, "8": 4}, 0, 53 / 7),
        ({"10": 1, "7": 1, "6": 1}, 0, 23 / 3),
        ({"9": 2, "8": 5, "3": 1}, 12, 61 / 8),
        ({}, None, None),
    ],
)
def test_the_net_promoter_score_is_fans_less_critics(
    scores: dict[str, int], nps: int | None, mean: float | None
) -> None:
    it = question_report("nps", SCALE, counted(scores))
    assert (it.nps, it.mean, it.count) == (nps, mean, sum(scores.values()))
    assert [one.name for one in it.answers] == [str(n) for n in range(11)]


def test_only_a_scale_from_0_to_10_has_one() -> None:
    five = Question(key="five", asks="?", answers=SCALE.answers[1:6])
    assert question_report("five", five, counted({"5": 2})).nps is None
    assert question_report("nps", None, counted({"10": 2})).nps is None


def test_messages_are_told_apart_the_fullest_first() -> None:
    it = question_report("nps", SCALE, [*counted({"4": 1}, "a/b"), *counted({"6": 2, "9": 1}, "c/d")])
    assert [(one.message, one.count, one.mean) for one in it.messages] == [("c/d", 3, 7.0), ("a/b", 1, 4.0)]


def test_answers_that_are_gone_stand_last_by_their_names_and_not_without_end() -> None:
    gone = [Counted(question="why", message="", answer=f"x{n}", score=None, people=n + 1) for n in range(20)]
    it = question_report("why", WORDS, gone)
    assert [(one.name, one.says, one.count) for one in it.answers[:2]] == [
        ("price", "The price", 0),
        ("x19", "x19", 20),
    ]
    assert len(it.answers) == 1 + MOST_SHOWN
    assert it.count == sum(range(1, 21))
    assert it.mean is None
