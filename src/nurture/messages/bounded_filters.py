"""Jinja's filters that could make much of little, each told how much it may make. What others make is no longer
than what they are given, or a little."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import pass_eval_context
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.nodes import EvalContext

from nurture.messages.bounds import LONGEST, MOST_STEPS, TooMuch, too_long

_LONGEST_NUMBER = 1_000
"""Characters of a text that is read as a number: reading long ones takes the square of their length."""
_DIGITS = range(-15, 16)

_join: Callable[..., Any] = FILTERS["join"]


def replaced(text: str, old: str, new: str, count: int = -1) -> str:
    """`text.replace(old, new, count)`, of at most LONGEST characters. Raises TooMuch."""
    times = text.count(old) if count < 0 else min(count, text.count(old))
    if len(text) + times * (len(new) - len(old)) > LONGEST:
        raise too_long()
    return text.replace(old, new, count)


@pass_eval_context
def _replace(context: EvalContext, text: Any, old: Any, new: Any, count: int | None = None) -> Any:
    replaced(str(text), str(old), str(new), -1 if count is None else count)
    return FILTERS["replace"](context, text, old, new, count)


@pass_eval_context
def _joined(context: EvalContext, value: Any, d: Any = "", attribute: Any = None) -> Any:
    if attribute is not None:
        value = map(make_attrgetter(context.environment, attribute), value)
    items = list(value)
    if sum(len(it) for it in items if isinstance(it, str)) + len(items) * len(str(d)) > LONGEST:
        raise too_long()
    return _join(context, items, d)


def _guarded(name: str, guard: Callable[..., None]) -> Callable[..., Any]:
    filter = FILTERS[name]

    @functools.wraps(filter)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        guard(*args[1:] if hasattr(filter, "jinja_pass_arg") else args, **kwargs)
        return filter(*args, **kwargs)

    return guarded


def _round(value: Any, precision: Any = 0, method: Any = "common") -> None:
    if isinstance(precision, int) and precision not in _DIGITS:
        raise TooMuch(f"a number is rounded to at most {_DIGITS[-1]} digits")


def _cut(value: Any, count: Any, fill_with: Any = None) -> None:
    if isinstance(count, int) and count > MOST_STEPS:
        raise TooMuch(f"a list is cut into parts of at most {MOST_STEPS:,}, and into no more than that")


def _sum(iterable: Any, attribute: Any = None, start: Any = 0) -> None:
    if isinstance(start, list | tuple):
        raise TooMuch("sum adds numbers up, so it starts with one")


def _int(value: Any, *args: Any, **kwargs: Any) -> None:
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        raise TooMuch(f"a text of more than {_LONGEST_NUMBER:,} characters is no number")


BOUNDED: Mapping[str, Callable[..., Any]] = {
    "replace": _replace,
    "join": _joined,
    "round": _guarded("round", _round),
    "batch": _guarded("batch", _cut),
    "slice": _guarded("slice", _cut),
    "sum": _guarded("sum", _sum),
    "int": _guarded("int", _int),
    "float": _guarded("float", _int),
}
"""By the names that templates use."""
