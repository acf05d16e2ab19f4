"""Codes of questions that messages ask."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

QUESTIONS: Mapping[str, Code] = {
    "unknown-question": Code(
        says="A message puts a question that is not in questions.yaml.",
        why="There would be nothing to ask, no answers to choose from, and no page that takes one.",
        wrong="""\
# campaigns/questions.yaml
how-was-it:
  asks: How did we do?
  scale: 1-5
# templates/email/hello.md
subject: Hello

{{ question("how-was-itt").asks }}
""",
        right="""\
# campaigns/questions.yaml
how-was-it:
  asks: How did we do?
  scale: 1-5
# templates/email/hello.md
subject: Hello

{{ question("how-was-it").asks }}
""",
    ),
    "unknown-answer": Code(
        says="A question says in another language an answer that it does not have.",
        why="Answers are known by their names, which are the same in every language.",
        wrong="""\
# campaigns/questions.yaml
how-was-it:
  asks: How did we do?
  answers: {good: Good, poor: Not good}
  in:
    de: {answers: {good: Gut, bad: Nicht gut}}
""",
        right="""\
# campaigns/questions.yaml
how-was-it:
  asks: How did we do?
  answers: {good: Good, poor: Not good}
  in:
    de: {answers: {good: Gut, poor: Nicht gut}}
""",
    ),
    "answers": Code(
        says="A question has no answers to choose from, just one, too many, or both answers and a scale.",
        why="A question in a message is answered with one click on one of a few words, or on a number of a scale. More "
        "than 11 do not fit on a phone.",
        wrong="""\
# campaigns/questions.yaml
how-was-it:
  asks: How did we do?
""",
        right="""\
# campaigns/questions.yaml
how-was-it:
  asks: How did we do?
  answers:
    good: {says: Good, score: 3}
    poor: {says: Not good, score: 1}
""",
    ),
    "not-a-scale": Code(
        says="A scale is not two whole numbers, the lower one first.",
        why="Each number from the first to the last becomes an answer. More than 11 do not fit on a phone.",
        wrong="""\
# campaigns/questions.yaml
recommend-us:
  asks: Would you recommend us?
  scale: 10 stars
""",
        right="""\
# campaigns/questions.yaml
recommend-us:
  asks: Would you recommend us?
  scale: 0-10
""",
    ),
    "not-an-attribute": Code(
        says="What an answer is to set is no attribute of a contact, or one that is not for answers to change.",
        why="An attribute has a name of its own, behind contact. An address or a name is the contact's to change.",
        wrong="""\
# campaigns/questions.yaml
how-was-it:
  asks: How did we do?
  scale: 1-5
  sets: contact.email
""",
        right="""\
# campaigns/questions.yaml
how-was-it:
  asks: How did we do?
  scale: 1-5
  sets: contact.satisfaction
""",
    ),
}
