"""Jinja for templates that nobody vouches for: plain data, harmless filters, no way out (reliability.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from jinja2 import StrictUndefined, Undefined, pass_context
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from markupsafe import Markup, escape

from nurture.messages.bounded_filters import BOUNDED, replaced
from nurture.messages.bounds import LONGEST, MOST_BITS, MOST_STEPS, MOST_TIMES, TooMuch, joined, too_long
from nurture.messages.formats import FILTERS as FORMATS
from nurture.messages.generating import Generator, chained
from nurture.messages.group import Group
from nurture.messages.missing import Missing
from nurture.messages.text import underlined

# fmt: off
KEPT_FILTERS = frozenset({
    "abs", "batch", "capitalize", "count", "d", "default", "e", "escape", "filesizeformat",
    "first", "float", "int", "join", "last", "length", "list", "lower", "map", "max", "min",
    "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "slice",
    "sort", "striptags", "sum", "title", "trim", "truncate", "unique", "upper", "urlencode",
    "wordcount",
})
# fmt: on
KEPT_TESTS = frozenset(TESTS) - {"callable", "escaped", "filter", "test"}
# fmt: off
_TEXT = frozenset({
    "capitalize", "count", "endswith", "find", "lower", "lstrip", "replace", "rstrip", "split",
    "startswith", "strip", "title", "upper",
})
_DAY = frozenset({
    "year", "month", "day", "hour", "minute", "second", "weekday", "isoweekday", "date", "time",
    "isoformat",
})
_LOOP = frozenset({
    "index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem",
    "depth", "depth0", "cycle", "changed",
})
# fmt: on
_TABLE = frozenset({"items", "keys", "values", "get"})


class Sandbox(ImmutableSandboxedEnvironment):
    """Attributes and methods by a list of what is allowed, never by what is forbidden."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = Generator
    concat = staticmethod(joined)
    chained = staticmethod(chained)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Group):
            return obj.fact(attribute, self)
        if type(obj) is Missing and not attribute.startswith("_"):
            return obj
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Group) and isinstance(argument, str):
            return obj.fact(argument, self)
        if type(obj) is Missing and not str(argument).startswith("_"):
            return obj
        return super().getitem(obj, argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if attr.startswith("_"):
            return False
        if isinstance(obj, str):
            return attr in _TEXT
        if isinstance(obj, date):
            return attr in _DAY
        if isinstance(obj, LoopContext):
            return attr in _LOOP
        return isinstance(obj, dict) and attr in _TABLE

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        # Called with whatever an attribute gives. `str.format` can pad to any width: no template gets hold of it.
        text = getattr(value, "__self__", None)
        if isinstance(text, str) and value.__name__ == "replace":
            return partial(replaced, text)
        return None

    def is_safe_callable(self, obj: Any) -> bool:
        return not isinstance(obj, type) or isinstance(obj, Macro)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        return _OPERATORS[operator](left, right)


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str) and len(left) + len(right) > LONGEST:
        raise too_long()
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        _must_be_few(len(left) + len(right), "+")
    return left + right


def _times(left: Any, right: Any) -> Any:
    for one, other in ((left, right), (right, left)):
        if isinstance(other, int):
            if isinstance(one, str | list | tuple):
                _must_be_few(len(one) * other, "*")
            elif isinstance(one, int) and one.bit_length() + other.bit_length() > MOST_BITS:
                raise TooMuch(f"a number of more than {MOST_BITS * 3 // 10:,} digits cannot be made by *")
    return left * right


def _must_be_few(length: int, sign: str) -> None:
    if length > MOST_TIMES:
        raise TooMuch(f"a text or list of more than {MOST_TIMES:,} cannot be made by {sign}")


def _power(left: Any, right: Any) -> Any:
    raise TooMuch("powers cannot be worked out in a template")


def _rest(left: Any, right: Any) -> Any:
    if isinstance(left, str) and left:
        raise TooMuch('a text cannot be formatted with "%"; put it together with "~"')
    return left % right


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {"+": _add, "*": _times, "**": _power, "%": _rest}


def short_range(*args: int) -> range:
    """`range`, of at most MOST_STEPS numbers. Raises TooMuch."""
    steps = range(*args)
    if steps[MOST_STEPS:]:
        raise TooMuch(f"range gives at most {MOST_STEPS:,} numbers")
    return steps


GLOBALS: Mapping[str, Any] = {"range": short_range}
"""What templates have besides the values of a message."""


def _plain(value: Any) -> str:
    return str(value)


@pass_context
def _track(context: Context, href: Any, no: int) -> str:
    tracker: Callable[[int, str], str] = context["_tracker"]
    if isinstance(href, Markup):
        return escape(tracker(no, href.unescape()))
    return tracker(no, str(href))


@pass_context
def _tagged(context: Context, href: Any) -> str:
    tagger: Callable[[str], str] = context["_tagger"]
    return escape(tagger(href.unescape())) if isinstance(href, Markup) else tagger(str(href))


def _underlined(said: Any, line: str) -> str:
    return underlined(str(said), line)


_OURS: Mapping[str, Callable[..., Any]] = {"_tagged": _tagged, "_track": _track, "_underlined": _underlined}
"""Filters that only compiling puts into a source."""

OUR_FILTERS = frozenset(_OURS)


def make_environment(*, html: bool, undefined: type[Undefined] = StrictUndefined) -> Sandbox:
    """An environment for the HTML part, or for subject, preview, addresses and the text part."""
    environment = Sandbox(
        autoescape=html, undefined=undefined, keep_trailing_newline=True, cache_size=0, auto_reload=False
    )
    environment.globals = dict(GLOBALS)
    filters: dict[str, Callable[..., Any]] = {name: FILTERS[name] for name in KEPT_FILTERS}
    if not html:
        filters.update(dict.fromkeys(("e", "escape", "safe"), _plain))
    environment.filters = {**filters, **BOUNDED, **FORMATS, **_OURS}
    environment.tests = {name: TESTS[name] for name in KEPT_TESTS}
    return environment
