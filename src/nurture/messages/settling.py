"""What is known when a message is compiled goes into its source, and what it decides is decided.

Then styles can be inlined and links numbered as if it had been written out.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import nodes
from jinja2.nodes import EvalContext
from markupsafe import escape

from nurture.messages.bounds import MOST_BITS
from nurture.messages.deciding import Told, decided
from nurture.messages.environment import make_environment
from nurture.messages.lexing import Token, text_of, tokens_of
from nurture.messages.places import Scanner
from nurture.messages.segments import Segment, join, literal, split


@dataclass(frozen=True, slots=True)
class Reword:
    """Puts something in place of some tokens of a mark."""

    hint: re.Pattern[str]
    """Found in every mark that it may change: most are none, and reading tokens takes time."""
    tokens: Callable[[Sequence[Token]], Sequence[Token] | None]
    """A mark's tokens with something put in; None where there is nothing to put in."""


_ENVIRONMENT = make_environment(html=True)


def settle(segments: Sequence[Segment], rewords: Sequence[Reword]) -> tuple[Segment, ...]:
    """`segments` with what `rewords` put in; what has become the same for everybody is written out."""
    changed = False
    out: list[Segment] = []
    for segment in segments:
        tokens = None if segment.kind == "data" else _reworded(segment, rewords)
        changed = changed or tokens is not None
        out.append(segment if tokens is None else _worked_out(Segment(segment.kind, text_of(tokens))))
    return _printed(decided(out)) if changed else tuple(segments)


def _reworded(segment: Segment, rewords: Sequence[Reword]) -> Sequence[Token] | None:
    found = None
    for reword in rewords:
        if reword.hint.search(segment.text):
            tokens = reword.tokens(tokens_of(segment.text) if found is None else found)
            found = found if tokens is None else tokens
    return found


def put_in(source: str, rewords: Sequence[Reword]) -> str:
    """A source that is no HTML with what `rewords` put in, as expressions."""
    if "{" not in source:
        return source
    out = [it if it.kind == "data" else _put(it, rewords) for it in split(source)]
    return join(out)


def _put(segment: Segment, rewords: Sequence[Reword]) -> Segment:
    tokens = _reworded(segment, rewords)
    return segment if tokens is None else Segment(segment.kind, text_of(tokens))


def _worked_out(segment: Segment) -> Segment:
    """A value as text, a condition as what it comes to, where nothing about it depends on who reads it."""
    if segment.kind == "var":
        value = constant(segment.rest)
        return segment if value is _UNKNOWN else _Value("var", segment.text, value)
    if segment.word in ("if", "elif"):
        value = constant(segment.rest)
        return segment if value is _UNKNOWN else Told("stmt", segment.text, bool(value))
    return segment


@dataclass(frozen=True, slots=True)
class _Value(Segment):
    """An expression that is the same for everybody, and its value."""

    value: Any = None


_UNKNOWN = object()


@lru_cache(maxsize=4096)
def constant(expression: str) -> Any:
    """What `expression` comes to for everybody; `_UNKNOWN` where that depends on something."""
    try:
        printed = _ENVIRONMENT.parse("{{ " + expression + " }}").body[0]
        node = printed.nodes[0] if isinstance(printed, nodes.Output) and len(printed.nodes) == 1 else None
        if node is None:
            return _UNKNOWN
        number = _number(node)
        value = node.as_const(EvalContext(_ENVIRONMENT)) if number is None else number
    except Exception:
        # Impossible: it depends on something. A mistake in it is told by those who read the texts one by one.
        return _UNKNOWN
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        # Python prints no number that long: whoever renders it is told so.
        return _UNKNOWN
    return value if value is None or isinstance(value, str | int | float) else _UNKNOWN


# The sandbox keeps its + and * for the time of rendering: numbers are worked out all the same.
def _number(node: nodes.Node) -> int | float | None:
    if isinstance(node, nodes.Const):
        return node.value if type(node.value) in (int, float) else None
    work = _ARITHMETIC.get(type(node))
    if work is None or not isinstance(node, nodes.BinExpr):
        return None
    left, right = _number(node.left), _number(node.right)
    return None if left is None or right is None else work(left, right)


_ARITHMETIC: Mapping[type[nodes.Node], Callable[[Any, Any], Any]] = {
    nodes.Add: operator.add,
    nodes.Sub: operator.sub,
    nodes.Mul: operator.mul,
}


def is_constant(expression: str) -> bool:
    """Whether `expression` is the same for everybody."""
    return constant(expression) is not _UNKNOWN


def _printed(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Values as they are printed where they stand: Jinja escapes for HTML, which would spoil a style sheet."""
    out: list[Segment] = []
    scanner = Scanner()
    for segment in segments:
        if segment.kind == "data":
            scanner.feed(segment.text)
            out.append(segment)
            continue
        place = scanner.meet_mark()
        if not isinstance(segment, _Value):
            out.append(segment)
            continue
        in_styles = place.kind == "raw" and place.element == "style"
        text = str(segment.value) if in_styles else str(escape(segment.value))
        # Not fed to the scanner: it stands for a mark, wherever that is.
        out += literal(text)
    return tuple(out)
