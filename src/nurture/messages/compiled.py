"""A compiled message: all that is needed to render it, without any file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from nurture.journeys.questions import Answer, Question

FORMAT = 2
"""Goes into every hash: a change of what compiling makes of the same sources raises it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One message in one language, compiled. All texts are Jinja sources that name no other file."""

    name: str
    locale: str = ""
    """Of the file it was made from, in lower case: `de`, `de-at`; empty for the one for everybody."""
    hash: str
    """Of all sources and versions that went in: 32 hexadecimal digits."""
    subject: str
    preview: str = ""
    written: tuple[str, str] = ("", "")
    """Subject and preview as they stand in the files, by which it is found."""
    html: str
    text: str
    links: tuple[str, ...] = ()
    """Where the tracked links lead, as written. Link number n is `links[n - 1]`."""
    inline_each: str = ""
    """Where styles have to be inlined per recipient: a sentence that names the construct. Else empty."""
    needs: frozenset[str] = frozenset()
    """Facts that it names: `contact.first_name`, `orders.within(90 days).count`, `recommend`, `question.how-was-it`."""
    questions: tuple[Question, ...] = field(default=(), hash=False)
    """What it asks, in its language: the answers of a message that has gone stay as they were."""

    def to_json(self) -> str:
        """As one JSON object, keys sorted."""
        return json.dumps({**asdict(self), "needs": sorted(self.needs)}, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Compiled:
        """The reverse of `to_json`."""
        raw = json.loads(text)
        asked = tuple(_question(it) for it in raw.get("questions", ()))
        return cls(
            **{
                **raw,
                "links": tuple(raw["links"]),
                "needs": frozenset(raw["needs"]),
                "questions": asked,
                "written": tuple(raw.get("written", ("", ""))),
            }
        )


def _question(raw: dict[str, Any]) -> Question:
    return Question(**{**raw, "answers": tuple(Answer(**it) for it in raw["answers"])})
