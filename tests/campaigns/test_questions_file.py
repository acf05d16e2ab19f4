"""questions.yaml: what it comes to, and what conditions may ask about it."""

from __future__ import annotations

from nurture.campaigns.book import read
from nurture.campaigns.findings import Finding
from nurture.campaigns.known import Known
from nurture.campaigns.questions_file import questions_in
from nurture.journeys.questions import Answer
from support.sound import REST

PATH = "campaigns/questions.yaml"
FILE = """\
how-was-it:
  asks: How was it?
  answers: {good: {says: Good, score: 2.5}, poor: Not good}
  sets: {contact.mood: answer}
  in: {de_AT: {asks: "Wie war's?", answers: {poor: Net guat}}, de: {asks: "Wie war es?"}}
nps: {asks: Would you?, scale: 0 - 10, sets: {contact.fan: score}}
"""


def test_a_question_is_read_with_its_answers_and_what_they_set() -> None:
    found = questions_in({PATH: FILE})
    it = found["how-was-it"]
    assert it.answers == (Answer(name="good", says="Good", score=2.5), Answer(name="poor", says="Not good"))
    assert (it.sets, it.sets_score, it.is_nps) == ("mood", False, False)
    nps = found["nps"]
    assert [one.name for one in nps.answers] == [str(n) for n in range(11)]
    assert (nps.sets, nps.sets_score, nps.is_nps) == ("fan", True, True)
    assert questions_in({}) == {}
    assert questions_in({PATH: "a: [1, 2"}) == {}


def test_it_is_spoken_in_the_nearest_language() -> None:
    it = questions_in({PATH: FILE})["how-was-it"]
    assert it.spoken("de-AT").asks == "Wie war's?"
    assert [one.says for one in it.spoken("de_at").answers] == ["Good", "Net guat"]
    assert it.spoken("de-CH").asks == "Wie war es?"
    assert it.spoken("fr").asks == "How was it?"
    assert it.spoken("").languages == {}


def findings(condition: str) -> list[Finding]:
    campaign = f"topic: offers\nstage: prospect\nwhen: {condition}\nsequence:\n  - send: welcome\n"
    files = {PATH: FILE, "campaigns/hello.yaml": campaign, "campaigns/rest.yaml": REST}
    known = Known(attributes={"city": str}, events=frozenset({"ordered"}))
    codes = ("unsure", "expression")
    return [it for it in read(files, known).findings if it.code in codes and it.path.endswith("hello.yaml")]


def test_conditions_may_ask_for_answers_and_the_attributes_that_they_set() -> None:
    for condition in (
        'did("answered", question="how-was-it", answer="poor", within="9 days")',
        'did("answered", question="nps", answer="10")',
        'did("answered")',
        'last("answered").score <= 1',
        'contact.mood == "good" and contact.fan > 8',
    ):
        assert findings(condition) == [], condition


def test_a_misspelled_question_or_answer_is_doubted_with_what_was_meant() -> None:
    [question] = findings('did("answered", question="how-wasit")')
    assert (question.message, question.hint) == (
        'there is no question "how-wasit"',
        'did you mean "how-was-it"?',
    )
    [answer] = findings('did("answered", question="how-was-it", answer="por")')
    assert answer.message == 'the question "how-was-it" has no answer "por"'
    assert answer.hint == 'did you mean "poor"?'
    assert answer.severity == "warning"
    assert answer.source[answer.column - 1 :].startswith('"por"')
