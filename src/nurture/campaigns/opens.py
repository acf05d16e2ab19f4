"""Steps that branch on opens, which mail programs make and hide as they please."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nurture.audience.expressions import Expression
from nurture.audience.expressions.tree import EngagementFact, Node, SegmentUse, Touched, walk
from nurture.campaigns.campaign_file import Draft
from nurture.campaigns.wording import Complaint
from nurture.journeys.program import walk as walk_steps

_HINT = "Apple's mail programs open everything by themselves: ask for a click"


def check_opens(draft: Draft) -> None:
    """Warn of each `if`, `when` and `wait for` of a step that rests on opens."""
    for path, step in walk_steps(draft.steps):
        for key, expression in step.expressions().items():
            for word in sorted(set(_opens(expression))):
                found = re.search(word, expression.text)
                place = (found.start(), len(found[0])) if found else (-1, 1)
                message = "this rests on opens, which cannot be told from those that nobody made"
                draft.source.complain(
                    Complaint("opens", message, _HINT, *place), ("sequence", *path, key), "warning"
                )


def _opens(expression: Expression) -> Iterator[str]:
    """A pattern of the text for each way in which opens are asked for."""
    for node in walk(expression.tree):
        word = _open(node)
        if word:
            yield word
        elif isinstance(node, SegmentUse) and _any_below(node):
            yield rf"segment\(\s*[\"']{re.escape(node.name)}[\"']\s*\)"


def _open(node: Node) -> str:
    match node:
        case Touched(kind="opened"):
            return r"\bopened\b"
        case EngagementFact(name="opens" | "last_open_at" as name):
            return rf"(?<=\.){name}\b"
        case _:
            return ""


def _any_below(segment: SegmentUse, deep: int = 20) -> bool:
    return deep > 0 and any(
        _open(node) or (isinstance(node, SegmentUse) and _any_below(node, deep - 1))
        for node in walk(segment.rule.tree)
    )
