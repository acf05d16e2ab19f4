"""Macros of a library: what each is called with, and what it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from jinja2 import nodes

from nurture.messages.environment import make_environment
from nurture.messages.lexing import Token, arguments, solid, text_of, tokens_of, within
from nurture.messages.segments import Segment, end_of, join
from nurture.messages.vocabulary import FACTS, JINJA

FOLDER = "macros/"
"""Below templates/email/: what stands in these files is known to every message."""

_DEFINED = re.compile(r"\{%[-+]?\s*macro\s+(\w+)")
_ENVIRONMENT = make_environment(html=True)
_SPECIAL = frozenset({"varargs", "kwargs"})


@dataclass(frozen=True, kw_only=True)
class Macro:
    """One macro: `{% macro button(says, url, kind="plain") %}…{% endmacro %}`."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    """Names in their order, each with its default as it is written; empty: there is none."""
    body: tuple[Segment, ...]
    definition: tuple[Segment, ...]
    """All of it, with its first and last statement."""

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that its body gives values to."""
        return frozenset(it.name for it in self._names if it.ctx in ("store", "param"))

    @cached_property
    def free(self) -> frozenset[str]:
        """The names that it takes from outside: facts, other macros."""
        own = {name for name, _ in self.parameters} | self.bound | JINJA
        return frozenset(it.name for it in self._names if it.ctx == "load") - own

    @cached_property
    def asks(self) -> frozenset[str]:
        """All names that its body asks for."""
        return frozenset(it.name for it in self._names if it.ctx == "load")

    @cached_property
    def holds(self) -> frozenset[str]:
        """The first words of the statements in its body."""
        return frozenset(it.word for it in self.body)

    @cached_property
    def size(self) -> int:
        """Characters of its body."""
        return sum(len(it.text) for it in self.body)

    @cached_property
    def _names(self) -> list[nodes.Name]:
        return list(_ENVIRONMENT.parse(join(self.body)).find_all(nodes.Name))

    @property
    def asks_caller(self) -> bool:
        """Whether it is for `{% call … %}`."""
        return "caller" in self.asks

    @cached_property
    def is_simple(self) -> bool:
        """Whether what it prints can be told from its body and what it is called with."""
        parameters = {name for name, _ in self.parameters}
        marks = [it for it in self.body if it.kind != "data" and re.search(r"\bcaller\b", it.text)]
        return not (
            self.asks & _SPECIAL
            or (self.bound - parameters) & FACTS
            or any(it.kind != "var" or it.rest != "caller()" for it in marks)
            or (marks and "call" in self.holds)
            or self.holds & {"macro", "block", "extends", "import", "from"}
            or any(it.word == "for" and "recursive" in it.rest for it in self.body)
        )


def paths_by_name(parts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The files below macros/ in which each macro stands: more than one is a mistake."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(parts):
        if path.startswith(FOLDER) and path.endswith(".html"):
            for name in dict.fromkeys(_DEFINED.findall(parts[path])):
                found[name] = (*found.get(name, ()), path)
    return found


def read_macros(segments: Sequence[Segment]) -> Iterator[Macro]:
    """The macros that `segments` define at their top: not within a condition, a loop or a block."""
    depth = at = 0
    while at < len(segments):
        word = segments[at].word
        if word == "macro" and not depth:
            end = end_of(segments, at, "macro")
            macro = _macro(segments[at : end + 1])
            if macro is not None:
                yield macro
            at = end
        elif word in ("if", "for", "block", "call", "filter", "with"):
            depth += 1
        elif word in ("endif", "endfor", "endblock", "endcall", "endfilter", "endwith"):
            depth -= 1
        at += 1


def name_of(definition: Segment) -> str:
    """The name in `{% macro name(…) %}`."""
    return definition.rest.partition("(")[0].strip()


def _macro(definition: Sequence[Segment]) -> Macro | None:
    tokens = tokens_of(definition[0].text)
    at = next((no for no, it in enumerate(tokens) if it.text == "("), len(tokens))
    name = next((it.text for it in reversed(tokens[:at]) if it.kind == "name"), "")
    said = arguments(within(tokens[at:]))
    if said is None or not name:
        return None
    parameters = []
    for argument in said:
        if argument.name:
            parameters.append((argument.name, text_of(argument.value)))
        else:
            parameters.append((text_of(argument.value), ""))
    return Macro(
        name=name, parameters=tuple(parameters), body=tuple(definition[1:-1]), definition=tuple(definition)
    )


def called(segment: Segment) -> tuple[str, tuple[Token, ...]]:
    """Which macro `{{ name(…) }}` or `{% call name(…) %}` calls and nothing else, with the tokens of its arguments."""
    tokens = within(tokens_of(segment.text))
    name, bracket = (solid(tokens)[1:] if segment.kind == "stmt" else solid(tokens))[:2]
    if tokens[name].kind != "name" or tokens[bracket].text != "(":
        return "", ()
    return tokens[name].text, tokens[bracket:]
