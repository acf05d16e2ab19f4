"""What resolving one expression carries along, and how it complains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from nurture.audience.expressions.grammar import (
    Call,
    Chain,
    Dot,
    Index,
    Spelled,
    Trailer,
    Written,
    WrittenValue,
)
from nurture.audience.expressions.names import OWN_EVENTS, listed, near
from nurture.audience.expressions.tree import Node, Rule
from nurture.audience.expressions.types import Known, Type
from nurture.audience.spans import SpanError, parse_span
from nurture.clock import Span
from nurture.errors import ExpressionError

Resolve: TypeAlias = Callable[[Spelled, int], Node]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One expression on its way from text to tree."""

    text: str
    segments: Mapping[str, Rule]
    known: Known
    resolve: Resolve
    """Reads a value at a depth."""
    unsure: list[tuple[int, str]] = field(default_factory=list)

    def slice(self, part: Written) -> str:
        """The text of `part`, shortened where it is long."""
        text = " ".join(self.text[part.start : part.end].split())
        return text if len(text) <= 60 else text[:59] + "…"

    def know(self, at: Written, name: str, recorded: Iterable[str] | None, what: str) -> None:
        """Note where `name` is none of `recorded`."""
        if recorded is None:
            return
        names = set(recorded)
        if name not in names:
            hint = near(name, names)
            self.unsure.append((at.start, f'{what} "{name}"' + (f"; {hint}" if hint else "")))

    def know_event(self, at: Written, name: str) -> None:
        """Note an event that nobody ever recorded."""
        events = self.known.events
        self.know(at, name, None if events is None else events | OWN_EVENTS, "nobody ever recorded an event")

    def field(
        self,
        chain: Chain,
        owner: str,
        rest: tuple[Trailer, ...],
        fields: Mapping[str, Type],
        *,
        within: str = "",
    ) -> tuple[str, Type]:
        """The one field that `rest` names. `within` is a call that may stand before it."""
        said = listed([*fields, within] if within else fields)
        if not rest:
            example = next(iter(fields))
            raise error(chain, f"{owner} alone is no value", f"write {owner}.{example}; it has {said}")
        first = rest[0]
        if not isinstance(first, Dot):
            raise error(first, f"nothing like this follows {owner}", f"{owner} has {said}")
        if first.name not in fields:
            hint = near(first.name, [*fields, *([within.partition("(")[0]] if within else [])])
            raise error(first, f"{owner} has no {first.name}", hint or f"it has {said}")
        self.end(rest[1:], f"{owner}.{first.name}")
        return first.name, fields[first.name]

    def name_behind(
        self, chain: Chain, owner: str, rest: tuple[Trailer, ...], example: str
    ) -> tuple[str, Written]:
        """The free name behind `owner`, written `.name` or `["name"]`."""
        if not rest:
            raise error(chain, f"{owner} alone is no value", f"write {owner}.{example}")
        match rest[0]:
            case Dot(name=name):
                self.end(rest[1:], f"{owner}.{name}")
                return name, rest[0]
            case Index(of=WrittenValue(value=str() as name)):
                self.end(rest[1:], f'{owner}["{name}"]')
                return name, rest[0].of
        raise error(rest[0], f"nothing like this follows {owner}", f"write {owner}.{example}")

    def end(self, rest: tuple[Trailer, ...], owner: str) -> None:
        """Complain of what follows where nothing can."""
        if rest:
            raise error(rest[0], f"nothing can follow {owner}", "take this out")

    def only_text(self, chain: Chain, rest: tuple[Trailer, ...], what: str) -> tuple[str, Written]:
        """The text in `name("text")`, which is all there is."""
        if not rest or not isinstance(rest[0], Call):
            raise error(chain, f"{chain.name} asks about {what}", f'write {chain.name}("…")')
        self.end(rest[1:], self.slice(chain))
        call = rest[0]
        if len(call.arguments) != 1 or call.arguments[0].name:
            raise error(call, f"{chain.name} takes one name", f'write {chain.name}("…") with {what}')
        return self.text_of(call.arguments[0].value, what)

    def text_of(self, spelled: Spelled, what: str) -> tuple[str, Written]:
        """A text written in quotes."""
        if isinstance(spelled, WrittenValue) and isinstance(spelled.value, str) and spelled.value:
            return spelled.value, spelled
        raise error(
            spelled, f"the name of {what} is wanted here", f'in quotes, such as "{self.slice(spelled)}"'
        )

    def span_of(self, spelled: Spelled) -> Span:
        """A length of time written in quotes."""
        if not isinstance(spelled, WrittenValue) or not isinstance(spelled.value, str):
            raise error(spelled, "a length of time is wanted here", 'write it in quotes, such as "30 days"')
        try:
            return parse_span(spelled.value)
        except SpanError as wrong:
            raise error(spelled, wrong.message, wrong.hint) from None


def error(part: Written, message: str, hint: str = "") -> ExpressionError:
    """The error that points at `part`."""
    return ExpressionError(message, column=part.start, length=part.end - part.start, hint=hint)
