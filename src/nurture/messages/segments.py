"""A Jinja source cut into text, expressions and statements by Jinja's own lexer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from jinja2 import Environment

Kind: TypeAlias = Literal["data", "var", "stmt"]

_LEXER = Environment(keep_trailing_newline=True, autoescape=True).lexer
_OPENING = re.compile(r"\{(?=[{%#])")
_WORD = re.compile(r"\{% ?(\w+)")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of source: text, `{{ … }}` or `{% … %}` (whitespace control is already applied)."""

    kind: Kind
    text: str

    @property
    def word(self) -> str:
        """The first word of a statement: if, endif, block …; empty for the others."""
        match = _WORD.match(self.text) if self.kind == "stmt" else None
        return match[1] if match else ""

    @property
    def rest(self) -> str:
        """What a statement says behind its first word, or what an expression says."""
        inner = self.text[2:-2].strip()
        return inner.removeprefix(self.word).strip() if self.kind == "stmt" else inner


def split(source: str) -> tuple[Segment, ...]:
    """Cut `source` up. Comments vanish; raw blocks become text whose braces stay text."""
    return tuple(_merged(_pieces(source)))


def join(segments: Iterable[Segment]) -> str:
    """The source again."""
    return "".join(segment.text for segment in segments)


def end_of(segments: Sequence[Segment], at: int, word: str) -> int:
    """Where the statement `word` that begins at `at` ends: its own `end…`; the last segment where there is none."""
    depth = 0
    for no in range(at, len(segments)):
        depth += {word: 1, f"end{word}": -1}.get(segments[no].word, 0)
        if depth == 0:
            return no
    return len(segments) - 1


def literal(text: str) -> Iterator[Segment]:
    """`text` as segments that print it unchanged, whatever braces it holds."""
    at = 0
    for match in _OPENING.finditer(text):
        if match.start() > at:
            yield Segment("data", text[at : match.start()])
        yield Segment("var", '{{ "{" }}')
        at = match.end()
    if at < len(text):
        yield Segment("data", text[at:])


def _pieces(source: str) -> Iterator[Segment]:
    inner: list[str] = []
    opened = ""
    for _, token, value in _LEXER.tokeniter(source, None):
        if token in ("variable_begin", "block_begin"):
            opened, inner = token, []
        elif token == "variable_end":
            opened = ""
            yield Segment("var", "{{ " + "".join(inner).strip() + " }}")
        elif token == "block_end":
            opened = ""
            yield Segment("stmt", "{% " + "".join(inner).strip() + " %}")
        elif token == "data" and opened == "raw":
            yield from literal(value)
        elif token == "data":
            yield Segment("data", value)
        elif token in ("raw_begin", "raw_end"):
            opened = "raw" if token == "raw_begin" else ""
        elif opened:
            inner.append(value)


def _merged(pieces: Iterator[Segment]) -> Iterator[Segment]:
    held = ""
    for piece in pieces:
        if piece.kind == "data":
            # Two texts that meet because a comment between them vanished must not make an opening together.
            if held.endswith("{") and piece.text[:1] in ("{", "%", "#"):
                yield Segment("data", held[:-1])
                yield Segment("var", '{{ "{" }}')
                held = ""
            held += piece.text
            continue
        if held:
            yield from literal(held) if held.endswith("{") else (Segment("data", held),)
            held = ""
        yield piece
    if held:
        yield Segment("data", held)
