"""Calls of macros written out: what Jinja would print, with each argument where its parameter stands.

So a link in a macro gets a number of its own for each call, and styles reach it where it stands. A macro that cannot
be written out stays one, and prints the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import nodes

from nurture.messages.bounds import LONGEST
from nurture.messages.environment import make_environment
from nurture.messages.lexing import Argument, Token, arguments, is_free_name, text_of, tokens_of, within
from nurture.messages.macros import Macro, called, name_of, read_macros
from nurture.messages.segments import Segment, end_of
from nurture.messages.settling import Reword, is_constant, settle
from nurture.messages.vocabulary import FACTS

_ENVIRONMENT = make_environment(html=True)
_DEEPEST = 12
_MOST = 2_000
"""Calls that are written out in one message; the rest stay calls."""
_LONGEST_VALUE = 2_000
"""Characters of what a macro is called with: what is longer is not written twice."""
_CALL = re.compile(r"\{(?:\{|% call) \w+\s*\(")
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "if", "else"})


@dataclass(frozen=True, slots=True)
class _Definition(Segment):
    """Stands for a macro of the message's own until it is known whether anybody still calls it."""

    macro: Macro | None = None


def expand(segments: Sequence[Segment], library: Mapping[str, Macro]) -> tuple[Segment, ...]:
    """`segments` with every call written out that can be, and only those macros that are still called."""
    defined = list(read_macros(segments))
    names = [it.name for it in defined]
    # Of two with one name the place decides which is meant: Jinja knows.
    own = {it.name: it for it in defined if names.count(it.name) == 1}
    macros = {**{name: it for name, it in library.items() if name not in names}, **own}
    if not macros:
        return tuple(segments)
    bare = _set_aside(segments, own)
    out = _Writer(macros, frozenset(_bound(bare))).written(bare, ())
    wanted = _still_called(out, macros)
    out = [it for it in out if not isinstance(it, _Definition) or (it.macro and it.macro.name in wanted)]
    added = [macros[name] for name in sorted(wanted) if name not in own]
    return tuple(_inserted([it for segment in out for it in _told(segment)], added))


def _set_aside(segments: Sequence[Segment], own: Mapping[str, Macro]) -> list[Segment]:
    out: list[Segment] = []
    at = 0
    while at < len(segments):
        it = segments[at]
        macro = own.get(name_of(it)) if it.word == "macro" else None
        if macro is not None:
            at = end_of(segments, at, "macro")
            it = _Definition("stmt", it.text, macro)
        out.append(it)
        at += 1
    return out


def _told(segment: Segment) -> Iterable[Segment]:
    return segment.macro.definition if isinstance(segment, _Definition) and segment.macro else (segment,)


def _bound(segments: Iterable[Segment]) -> Iterator[str]:
    """The names that the message gives values to, perhaps one too many: that does no harm."""
    for it in segments:
        if it.word in ("for", "set", "with", "macro", "from", "call") and not isinstance(it, _Definition):
            yield from (token.text for token in _targets(it))


def _targets(statement: Segment) -> Iterator[Token]:
    tokens = [it for it in tokens_of(statement.text) if it.kind != "whitespace"]
    end = {"for": "in", "set": "="}.get(statement.word, "")
    for no, token in enumerate(tokens):
        if end and token.text == end:
            return
        if token.kind == "name" and token.text != statement.word:
            follows = tokens[no + 1].text if no + 1 < len(tokens) else ""
            if statement.word != "with" or follows == "=":
                yield token


@dataclass
class _Writer:
    macros: Mapping[str, Macro]
    taken: frozenset[str]
    """Names that the message gives values to: a macro that asks for one of them stays a macro."""
    written_out: int = 0
    size: int = 0
    """Characters of all the bodies that were written out."""

    def written(self, segments: Sequence[Segment], trail: tuple[str, ...]) -> list[Segment]:
        out: list[Segment] = []
        at = 0
        while at < len(segments):
            it = segments[at]
            found = None
            if it.kind == "var":
                found = self._call(it, trail, None)
            elif it.word == "call":
                end = end_of(segments, at, "call")
                found = self._call(it, trail, segments[at + 1 : end])
                at = at if found is None else end
            out += [it] if found is None else found
            at += 1
        return out

    def _call(
        self, segment: Segment, trail: tuple[str, ...], inside: Sequence[Segment] | None
    ) -> list[Segment] | None:
        if not _CALL.match(segment.text):
            return None
        name, tokens = called(segment)
        macro = self.macros.get(name)
        if macro is None or name in trail or len(trail) > _DEEPEST or self.written_out >= _MOST:
            return None
        if self.size + macro.size > LONGEST:
            return None
        if not macro.is_simple or macro.free & self.taken or macro.asks_caller != (inside is not None):
            return None
        values = _given(macro, arguments(tokens))
        if values is None:
            return None
        self.written_out += 1
        self.size += macro.size
        before, put = self._put(macro, values)
        filled = settle(macro.body, [_putting(put)]) if put else macro.body
        out = self.written(filled, (*trail, name))
        if inside is not None:
            out = _with_caller(out, self.written(inside, trail))
        return [*before, *out]

    def _put(self, macro: Macro, values: Mapping[str, str]) -> tuple[list[Segment], dict[str, str]]:
        """What is set before the body, and what stands in place of each name in it."""
        own = {name: f"_m{self.written_out}_{name}" for name in (*macro.bound, *values)}
        put = {name: own[name] for name in macro.bound}
        before: list[Segment] = []
        for name, value in values.items():
            if name in macro.bound or not self._goes_anywhere(value, macro):
                before.append(Segment("stmt", f"{{% set {own[name]} = {value} %}}"))
                put[name] = own[name]
            else:
                put[name] = value
        return before, put

    def _goes_anywhere(self, value: str, macro: Macro) -> bool:
        """Whether `value` is the same wherever in the body it is worked out, and costs next to nothing."""
        if len(value) > _LONGEST_VALUE:
            return False
        names, callees = _names(value)
        return (
            callees <= self.macros.keys()
            and "caller" not in names
            and not ("loop" in names and "for" in macro.holds)
        )


def _given(macro: Macro, asked: Sequence[Argument] | None) -> dict[str, str] | None:
    """The expression for each parameter; None where they do not fit, which is said elsewhere."""
    names = [name for name, _ in macro.parameters]
    values: dict[str, str] = {}
    for no, argument in enumerate(asked or ()):
        name = argument.name or (names[no] if no < len(names) else "")
        if name not in names or name in values or argument.value[0].text in ("*", "**"):
            return None
        values[name] = text_of(argument.value)
    for name, default in macro.parameters:
        if name not in values:
            if not default or not (is_constant(default) or _names(default)[0] <= FACTS):
                return None
            values[name] = default
    return None if asked is None else values


@lru_cache(maxsize=1024)
def _names(expression: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names in it, and what it calls; "" for what has no name of its own."""
    tree = _ENVIRONMENT.parse("{{ " + expression + " }}")
    calls = (it.node for it in tree.find_all(nodes.Call))
    callees = frozenset(it.name if isinstance(it, nodes.Name) else "" for it in calls)
    return frozenset(it.name for it in tree.find_all(nodes.Name)), callees


def _putting(put: Mapping[str, str]) -> Reword:
    tokens = {name: _bracketed(value) for name, value in put.items()}

    def reword(mark: Sequence[Token]) -> list[Token] | None:
        out: list[Token] = []
        for no, token in enumerate(mark):
            if token.text in tokens and is_free_name(mark, no):
                out += tokens[token.text]
            else:
                out.append(token)
        return out if len(out) != len(mark) or out != list(mark) else None

    return Reword(re.compile(rf"\b(?:{'|'.join(map(re.escape, put))})\b"), reword)


@lru_cache(maxsize=1024)
def _bracketed(value: str) -> tuple[Token, ...]:
    tokens = within(tokens_of("{{ " + value + " }}"))[1:-1]
    plain = all(it.kind != "operator" or it.text in ".()[]," for it in tokens)
    if plain and not any(it.kind == "name" and it.text in _KEYWORDS for it in tokens):
        return tokens
    return (Token("operator", "("), *tokens, Token("operator", ")"))


def _with_caller(segments: Sequence[Segment], inside: Sequence[Segment]) -> list[Segment]:
    if any(it.word == "set" for it in inside):
        # What is set within a call does not count behind it.
        inside = [Segment("stmt", "{% with %}"), *inside, Segment("stmt", "{% endwith %}")]
    out: list[Segment] = []
    for it in segments:
        out += inside if it.kind == "var" and it.rest == "caller()" else [it]
    return out


def _still_called(segments: Iterable[Segment], macros: Mapping[str, Macro]) -> set[str]:
    found: set[str] = set()
    named = re.compile(rf"\b(?:{'|'.join(map(re.escape, macros))})\b")
    waiting = [
        token.text
        for it in segments
        if it.kind != "data" and not isinstance(it, _Definition) and named.search(it.text)
        for token in tokens_of(it.text)
        if token.kind == "name" and token.text in macros
    ]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += macros[name].asks & macros.keys()
    return found


def _inserted(segments: Sequence[Segment], macros: Sequence[Macro]) -> list[Segment]:
    """The definitions at the beginning of <body>, where styles can reach them; else before everything."""
    definitions = [it for macro in macros for it in macro.definition]
    out = list(segments)
    for no, it in enumerate(segments) if definitions else ():
        match = _BODY.search(it.text) if it.kind == "data" else None
        if match:
            head, tail = it.text[: match.end()], it.text[match.end() :]
            return [*out[:no], Segment("data", head), *definitions, Segment("data", tail), *out[no + 1 :]]
    return [*definitions, *out]
