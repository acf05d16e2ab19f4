"""nurture answers: what people said, as whoever reads it asks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.app import open_app
from nurture.cli.console import out
from nurture.clock import DAY
from nurture.store import happenings
from nurture.store.happenings import EventGiven
from support.cli import Nurture, copy_of

QUESTIONS = """\
how-was-it:
  asks: How did we do with the very last of all your orders?
  answers:
    good: {says: "Good, I would come again", score: 3}
    fair: {says: "All right, but there is something that you could do better", score: 2}
    poor: {says: Not good, score: 1}
recommend-us: {asks: Would you recommend us?, scale: 0-10}
"""
HOSTILE = "Cold \x1b[31m[/b] =cmd()\nand \u202elate"


@pytest.fixture(scope="module")
def answered(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Nurture:
    """Three answers to one question, in two messages, and none to the other; not to be changed."""
    nurture = copy_of(made, tmp_path_factory.mktemp("asked") / "workspace")
    for path in (nurture.workspace / "campaigns").iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    for path in (nurture.workspace / "templates/email").glob("*.*"):
        path.unlink()
    (nurture.workspace / "campaigns/questions.yaml").write_text(QUESTIONS)
    nurture.ok("apply", "--yes")
    given = [
        EventGiven(
            key=email,
            email=email,
            name="answered",
            at=at * DAY,
            properties={
                "question": "how-was-it",
                "answer": answer,
                "score": score,
                "message": message,
                "entry": f"{at}.1",
                **({"comment": comment} if comment else {}),
            },
        )
        for email, at, answer, score, message, comment in (
            ("ann@example.test", 17_000, "good", 3, "care/ask", ""),
            ("bob@example.test", 17_001, "good", 3, "care/ask", "Fine"),
            ("eva@example.test", 17_002, "poor", 1, "other/ask", HOSTILE),
        )
    ]
    with open_app(nurture.workspace) as app, app.store.write() as tx:
        happenings.record(tx, app.store.ids, "a test", given, app.clock.now())
    return nurture


@pytest.fixture
def narrow() -> Iterator[None]:
    """A terminal of 40 columns."""
    wide, out.width = out.width, 40
    yield
    out.width = wide


def test_each_question_is_counted_and_the_last_words_come_first(answered: Nurture) -> None:
    lines = answered.ok("answers").out.splitlines()
    assert lines[0] == "how-was-it: How did we do with the very last of all your orders?"
    assert lines[1] == "  3 answers, mean score 2.3"
    assert lines[2].split()[:3] == ["2", "67", "%"]
    assert "Good, I would come again" in lines[2]
    assert lines[2].endswith("█")
    assert "█" not in lines[3]
    assert lines[5:8] == ["  by message", "    2, mean 3.0  care/ask", "    1, mean 1.0  other/ask"]
    assert lines[9].split() == ["2016-07-19", "eva@example.test", "poor"]
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)
    assert "[/b] =cmd()" in lines[10]
    assert lines[-2:] == ["recommend-us: Would you recommend us?", "  Nobody has answered yet."]
    one = answered.ok("answers", "how-was-it", "--comments", "1").out
    assert "Fine" not in one
    assert "recommend-us" not in one


@pytest.mark.usefixtures("narrow")
def test_it_fits_on_forty_columns(answered: Nurture) -> None:
    said = answered.ok("answers").out
    assert max(map(len, said.splitlines())) <= 40
    assert "Not good" in said


def test_as_a_document(answered: Nurture) -> None:
    [first, second] = answered.ok("answers", "--json").document["questions"]
    assert (first["question"], first["count"], first["nps"]) == ("how-was-it", 3, None)
    assert first["answers"][0] == {
        "answer": "good",
        "says": "Good, I would come again",
        "score": 3,
        "count": 2,
    }
    assert first["messages"][1] == {"message": "other/ask", "count": 1, "mean": 1.0}
    assert first["comments"][0]["comment"] == HOSTILE
    assert (second["count"], second["mean"], second["comments"]) == (0, None, [])


def test_a_question_that_is_none_names_the_near_one(answered: Nurture) -> None:
    ran = answered("answers", "how-wasit")
    assert (ran.status, 'Did you mean "how-was-it"?' in ran.err) == (2, True)
