"""What the expressions of a campaign ask about, though there is nothing there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from nurture.audience.expressions import Expression
from nurture.audience.expressions.tree import Touched, walk
from nurture.campaigns.campaign_file import Draft
from nurture.campaigns.source import Source
from nurture.campaigns.tree import Loc
from nurture.campaigns.vocabulary import message_names
from nurture.campaigns.wording import Complaint
from nurture.journeys.program import walk as walk_steps
from nurture.journeys.spelling import near, quoted
from nurture.lifecycle.stages import Lifecycle

_WORD = re.compile(r"""'[^']*'|"[^"]*"|\.?\w+""")


def doubt_campaign(draft: Draft) -> None:
    """Steps that the campaign does not have, facts of a line where there is none, names nobody recorded."""
    sent = message_names(draft.source)
    for loc, expression in _expressions(draft):
        own = {it.step for it in walk(expression.tree) if isinstance(it, Touched) and not it.campaign}
        for step in sorted(own - sent - {""}):
            draft.source.complain(_no_step(expression, step, sent), loc)
        _doubt(draft.source, loc, expression, own)
        if draft.shape and not draft.shape.lines and (expression.needs.line or expression.needs.line_orders):
            message = "`line` is known in a campaign with `lines:` only"
            hint = 'add `lines: each`, or name one: lines["FLORAL"]'
            draft.source.complain(_at(expression, "line", "lines-wanted", message, hint), loc)


def doubt_lifecycle(source: Source, lifecycle: Lifecycle) -> None:
    """Names in the rules and segments that nobody recorded."""
    for number, stage in enumerate(lifecycle.stages):
        if stage.rule is not None:
            _doubt(source, ("stages", number, stage.name), stage.rule, frozenset())
    for name, rule in lifecycle.segments.items():
        _doubt(source, ("segments", name), rule, frozenset())


def _expressions(draft: Draft) -> Iterator[tuple[Loc, Expression]]:
    shape = draft.shape
    if shape is not None:
        if shape.when is not None:
            yield ("when",), shape.when
        if isinstance(shape.goal, Expression):
            yield ("goal",), shape.goal
        for number, it in enumerate(shape.exit):
            if isinstance(it, Expression):
                yield ("exit", number), it
    for path, step in walk_steps(draft.steps):
        for key, expression in step.expressions().items():
            yield ("sequence", *path, key), expression


def _doubt(source: Source, loc: Loc, expression: Expression, own: Collection[str]) -> None:
    """Warn of what the expression is unsure of, except of the campaign's own steps."""
    for column, said in expression.unsure:
        message, _, hint = said.partition("; ")
        word = _WORD.match(expression.text, column)
        if word is None or word[0].strip("'\"") not in own:
            length = len(word[0]) if word else 1
            source.complain(Complaint("unsure", message, hint, column, length), loc, "warning")


def _no_step(expression: Expression, step: str, sent: frozenset[str]) -> Complaint:
    message = f"this campaign sends no {quoted(step)}"
    hint = near(step, sent) or 'name it as "campaign/step" where another sends it'
    return _at(expression, step, "unknown-step", message, hint)


def _at(expression: Expression, word: str, code: str, message: str, hint: str) -> Complaint:
    """A complaint about the first `word` in the expression."""
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", expression.text)
    if found is None:
        return Complaint(code, message, hint)
    return Complaint(code, message, hint, found.start(), len(word))
