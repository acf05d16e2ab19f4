"""A Jinja expression or statement as the tokens that it is written in, each with the blanks around it kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment

_LEXER = Environment(keep_trailing_newline=True, autoescape=True).lexer
_OPEN = frozenset("([{")
_CLOSE = frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: name, string, integer, float, operator, whitespace, or the braces of the mark."""

    kind: str
    text: str


@lru_cache(maxsize=4096)
def tokens_of(mark: str) -> tuple[Token, ...]:
    """The tokens of `{{ … }}` or `{% … %}`; their texts together are the mark again."""
    return tuple(Token(kind, text) for _, kind, text in _LEXER.tokeniter(mark, None))


def text_of(tokens: Sequence[Token]) -> str:
    """The reverse of `tokens_of`."""
    return "".join(it.text for it in tokens)


def within(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Without the braces of the mark."""
    return tuple(it for it in tokens if not it.kind.endswith(("_begin", "_end")))


def solid(tokens: Sequence[Token]) -> list[int]:
    """Where the tokens stand that are no blanks."""
    return [no for no, it in enumerate(tokens) if it.kind != "whitespace"]


def is_free_name(tokens: Sequence[Token], at: int) -> bool:
    """Whether the name at `at` is a variable, and not an attribute, a filter, a test or the name of an argument."""
    if tokens[at].kind != "name":
        return False
    before = [it.text for it in tokens[:at] if it.kind != "whitespace"][-2:]
    behind = next((it.text for it in tokens[at + 1 :] if it.kind != "whitespace"), "")
    if before[-1] in (".", "|", "is") or before == ["is", "not"]:
        return False
    return not (behind == "=" and before[-1] in ("(", ",") and _depth(tokens[:at]))


def _depth(tokens: Sequence[Token]) -> int:
    signs = [it.text for it in tokens if it.kind == "operator"]
    return sum(it in _OPEN for it in signs) - sum(it in _CLOSE for it in signs)


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands between two commas of a call, without the blanks around it; `name`: of `name=value`."""

    name: str
    value: tuple[Token, ...]


def arguments(tokens: Sequence[Token]) -> tuple[Argument, ...] | None:
    """Those of `(a, b=c)`, the tokens beginning with its parenthesis; None where it ends before the last of them."""
    found: list[list[Token]] = [[]]
    depth = 0
    for no, token in enumerate(tokens):
        if token.kind == "operator" and token.text in _OPEN:
            depth += 1
            if depth == 1:
                continue
        elif token.kind == "operator" and token.text in _CLOSE:
            depth -= 1
            if depth == 0:
                rest = [it for it in tokens[no + 1 :] if it.kind != "whitespace"]
                return None if rest else tuple(_argument(it) for it in found if _stripped(it))
        if depth == 1 and token.text == "," and token.kind == "operator":
            found.append([])
        else:
            found[-1].append(token)
    return None


def _argument(tokens: Sequence[Token]) -> Argument:
    it = _stripped(tokens)
    at = solid(it)
    if len(at) > 1 and it[0].kind == "name" and it[at[1]].text == "=":
        return Argument(it[0].text, tuple(_stripped(it[at[1] + 1 :])))
    return Argument("", tuple(it))


def _stripped(tokens: Sequence[Token]) -> list[Token]:
    at = solid(tokens)
    return list(tokens[at[0] : at[-1] + 1]) if at else []


def written(value: str | int) -> str:
    """`value` as a Jinja expression spells it."""
    if isinstance(value, int):
        return str(value)
    plain = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{plain}"'
