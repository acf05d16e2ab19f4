"""Stand-ins for facts that take every branch of a template: the same question always gets the same answer."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, Template

from nurture.messages.bounds import TooMuch
from nurture.messages.environment import Sandbox, make_environment
from nurture.messages.vocabulary import FACTS

ANSWERS = ("yes", "no", "some", "others")
"""Ways to answer: every question with yes, with no, or by the question's own wording, in two ways."""
YES_BUT = "yes, but to "
"""Begins a way to answer one question with no, all others with yes. The question follows."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Stands for any value. Its name says how it was come by, and decides whether it is true."""

    name: str
    answers: str
    asked: set[str]
    """Takes in every question that was asked."""

    def _then(self, name: str) -> Sample:
        return Sample(f"{self.name}{name}", self.answers, self.asked)

    def _says(self, question: str) -> bool:
        self.asked.add(f"{self.name} {question}")
        if self.answers in ("yes", "no"):
            return self.answers == "yes"
        if self.answers.startswith(YES_BUT):
            return self.answers != f"{YES_BUT}{self.name} {question}"
        return bool(zlib.crc32(f"{self.name} {question} {self.answers}".encode()) & 4)

    def __bool__(self) -> bool:
        return self._says("is")

    def __iter__(self) -> Iterator[Sample]:
        return iter([self._then("[0]"), self._then("[1]")] if self else [])

    def __len__(self) -> int:
        return 2 if self else 0

    def __index__(self) -> int:
        return len(self)

    __int__ = __index__

    def __float__(self) -> float:
        return float(len(self))

    def __str__(self) -> str:
        return "7"

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return self is other or self._says(f"== {other}")

    def __lt__(self, other: object) -> bool:
        return self._says(f"< {other}")

    def __le__(self, other: object) -> bool:
        return self._says(f"<= {other}")

    def __gt__(self, other: object) -> bool:
        return self._says(f"> {other}")

    def __ge__(self, other: object) -> bool:
        return self._says(f">= {other}")

    def __contains__(self, other: object) -> bool:
        return self._says(f"has {other}")

    def __call__(self, *args: object, **kwargs: object) -> Sample:
        return self._then(f"({args}{kwargs})")

    def _with(self, other: object) -> Sample:
        return self._then(f"+{other}")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _with
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _with

    def __neg__(self) -> Sample:
        return self


class _SampleSandbox(Sandbox):
    def getattr(self, obj: Any, attribute: str) -> Any:
        return obj._then(f".{attribute}") if isinstance(obj, Sample) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return obj._then(f"[{argument}]") if isinstance(obj, Sample) else super().getitem(obj, argument)

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, Sample) or super().is_safe_callable(obj)


@functools.cache
def environment() -> Environment:
    """An HTML environment that works with samples. Not to be changed."""
    plain = make_environment(html=True)
    it = _SampleSandbox(autoescape=True, keep_trailing_newline=True, cache_size=0, auto_reload=False)
    it.globals = plain.globals
    it.filters = {name: _through(filter) for name, filter in plain.filters.items()}
    it.filters["_track"] = lambda href, no: "7"
    it.filters["_tagged"] = lambda href: href
    tests: dict[str, Any] = dict(plain.tests)
    it.tests = {name: _asked(name, test) for name, test in tests.items()}
    return it


def values(answers: str, links: int, asked: set[str]) -> dict[str, object]:
    """A sample for every fact, and for our own marks. What is asked goes to `asked`."""
    names = [*FACTS, "_pixel", "_hidden", *(f"_{no}" for no in range(1, links + 1))]
    return {name: Sample(name, answers, asked) for name in names}


def rendered(template: Template, answers: str, links: int, asked: set[str] | None = None) -> str | None:
    """The template for this sample contact; None where it does not go with samples. `asked`: what it asked.

    Raises TooMuch and MemoryError: what is too much with samples is too much for everybody.
    """
    try:
        return template.render(values(answers, links, set() if asked is None else asked))
    except (TooMuch, MemoryError):
        raise
    except Exception:
        return None


def _through(filter: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, but a sample goes through it as it is. Filters that see the context take it first."""
    at = 1 if hasattr(filter, "jinja_pass_arg") else 0

    @functools.wraps(filter)
    def sampled(*args: Any, **kwargs: Any) -> Any:
        return args[at] if isinstance(args[at], Sample) else filter(*args, **kwargs)

    return sampled


def _asked(name: str, test: Callable[..., Any]) -> Callable[..., Any]:
    at = 1 if hasattr(test, "jinja_pass_arg") else 0

    @functools.wraps(test)
    def sampled(*args: Any, **kwargs: Any) -> Any:
        return args[at]._says(f"is {name}") if isinstance(args[at], Sample) else test(*args, **kwargs)

    return sampled
