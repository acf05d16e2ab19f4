"""A question that a message asks, with a row of answers, and what an answer does: the meaning of questions.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

ANSWERED = "answered"
"""The event that an answer is."""

MOST_COMMENT = 1_000
"""Characters of a comment that are kept."""

_NPS = tuple(float(score) for score in range(11))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of the answers that can be given."""

    name: str
    says: str
    score: float | None = None
    """What it counts; None: nothing, it is only a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words of a question in another language; what is empty stays as it is in the first."""

    asks: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    """What an answer says, by its name."""
    comment: str = ""
    thanks: str = ""
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One entry of questions.yaml."""

    key: str
    asks: str
    answers: tuple[Answer, ...]
    comment: str = ""
    """What stands above the box for a comment; empty: there is none."""
    sets: str = ""
    """The contact's attribute that takes the answer; empty: none."""
    sets_score: bool = False
    """The attribute takes the answer's score, not its name."""
    thanks: str = ""
    low: str = ""
    """What stands at the low end of a scale."""
    high: str = ""
    languages: Mapping[str, Wording] = field(default_factory=dict)
    """By language, in lower case: `de`, `de-at`."""

    def answer(self, name: str) -> Answer | None:
        """The answer of this name; None where there is none (any more)."""
        return next((it for it in self.answers if it.name == name), None)

    @property
    def is_nps(self) -> bool:
        """Whether it is asked on a scale from 0 to 10, from which a net promoter score is worked out."""
        return tuple(it.score for it in self.answers) == _NPS

    def spoken(self, locale: str) -> Question:
        """As it is put to somebody of this locale: in de-at, else in de, else as it is."""
        wanted = locale.replace("_", "-").lower()
        said = self.languages.get(wanted) or self.languages.get(wanted.partition("-")[0])
        if said is None:
            return replace(self, languages={}) if self.languages else self
        return replace(
            self,
            asks=said.asks or self.asks,
            answers=tuple(replace(it, says=said.answers.get(it.name) or it.says) for it in self.answers),
            comment=self.comment and (said.comment or self.comment),
            thanks=said.thanks or self.thanks,
            low=said.low or self.low,
            high=said.high or self.high,
            languages={},
        )


def whole(score: float) -> int | float:
    """3 rather than 3.0."""
    return int(score) if score.is_integer() else score
