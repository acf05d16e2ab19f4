"""Jinja for templates that nobody vouches for: plain data, harmless filters, no way out (reliability.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from jinja2 import StrictUndefined, Undefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from markupsafe import Markup, escape

from nurture.messages.formats import FILTERS as FORMATS
from nurture.messages.group import Group
from nurture.messages.missing import Missing

MOST_STEPS = 1000
"""What `range` gives at most."""
LONGEST_PRODUCT = 10_000
"""How long a text or list may become by `*`."""

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

    intercepted_binops = frozenset({"*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is Group:
            return obj.fact(attribute, self)
        if type(obj) is Missing and not attribute.startswith("_"):
            return obj
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if type(obj) is Group and isinstance(argument, str):
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
        # `str.format` can pad to any width; no template gets hold of it.
        return None

    def is_safe_callable(self, obj: Any) -> bool:
        return not isinstance(obj, type) or isinstance(obj, Macro)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise SecurityError("powers cannot be worked out in a template")
        if operator == "%" and isinstance(left, str) and left:
            raise SecurityError('a text cannot be formatted with "%"; put it together with "~"')
        if operator == "*":
            for one, other in ((left, right), (right, left)):
                if (
                    isinstance(one, str | list | tuple)
                    and isinstance(other, int)
                    and len(one) * other > LONGEST_PRODUCT
                ):
                    raise SecurityError(
                        f"a text of more than {LONGEST_PRODUCT} characters cannot be made by *"
                    )
        return super().call_binop(context, operator, left, right)


def short_range(*args: int) -> range:
    """`range`, of at most MOST_STEPS numbers."""
    steps = range(*args)
    if len(steps) > MOST_STEPS:
        raise OverflowError(f"range gives at most {MOST_STEPS} numbers")
    return steps


def _plain(value: Any) -> str:
    return str(value)


@pass_context
def _track(context: Context, href: Any, no: int) -> str:
    tracker: Callable[[int, str], str] = context["_tracker"]
    if isinstance(href, Markup):
        return escape(tracker(no, href.unescape()))
    return tracker(no, str(href))


def make_environment(*, html: bool, undefined: type[Undefined] = StrictUndefined) -> Sandbox:
    """An environment for the HTML part, or for subject, preview, addresses and the text part."""
    environment = Sandbox(
        autoescape=html, undefined=undefined, keep_trailing_newline=True, cache_size=0, auto_reload=False
    )
    environment.globals = {"range": short_range}
    filters: dict[str, Callable[..., Any]] = {name: FILTERS[name] for name in KEPT_FILTERS}
    if not html:
        filters.update(dict.fromkeys(("e", "escape", "safe"), _plain))
    environment.filters = {**filters, **FORMATS, "_track": _track}
    environment.tests = {name: TESTS[name] for name in KEPT_TESTS}
    return environment
