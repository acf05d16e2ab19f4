"""The spelling of expressions: text to a tree of what was written, with the place of each part.

Nothing is looked up here; `resolve.py` gives the names their meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

from nurture.audience.expressions.mistakes import explain, look_over

_GRAMMAR = r"""
start: or_test
?or_test: and_test (_OR and_test)*                     -> any_of
?and_test: not_test (_AND not_test)*                   -> all_of
?not_test: NOT not_test                                -> unary
         | comparison
?comparison: sum (operator sum)*                       -> compared
operator: COMPARES | IN | NOT IN
?sum: product (SIGN product)*                          -> sums
?product: factor (FACTOR factor)*                      -> sums
?factor: SIGN factor                                   -> unary
       | value
?value: chain
      | NUMBER                                         -> number
      | STRING                                         -> text
      | YES                                            -> yes
      | NO                                             -> no
      | NONE                                           -> none
      | LPAR or_test RPAR                              -> group
      | LSQB [or_test ("," or_test)* [","]] RSQB       -> list_of
chain: NAME trailer*
?trailer: "." NAME                                     -> dot
        | LSQB or_test RSQB                            -> index
        | LPAR [argument ("," argument)* [","]] RPAR   -> call
?argument: or_test                                     -> plain
         | NAME "=" or_test                            -> named

_OR: /or\b/
_AND: /and\b/
NOT: /not\b/
IN: /in\b/
YES: /[Tt]rue\b/
NO: /[Ff]alse\b/
NONE: /[Nn]one\b/
COMPARES: "==" | "!=" | "<=" | ">=" | "<" | ">"
SIGN: "+" | "-"
FACTOR: "*" | "/"
LPAR: "("
RPAR: ")"
LSQB: "["
RSQB: "]"
NAME: /(?!(?:or|and|not|in|[Tt]rue|[Ff]alse|[Nn]one)\b)[A-Za-z_][A-Za-z_0-9]*/
NUMBER: /[0-9]+(\.[0-9]+)?(?![A-Za-z_0-9.])/
STRING: /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/s
%ignore /\s+/
"""

_ESCAPES = {"n": "\n", "t": "\t", "'": "'", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Part of an expression's text, from `start` up to `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenValue(Written):
    """A number, text, true, false or none."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenList(Written):
    """`[a, b]`."""

    items: tuple[Spelled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot(Written):
    """`.name` behind something."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Written):
    """`[…]` behind something."""

    of: Spelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument(Written):
    """One argument of a call; `name` is empty where it has none."""

    name: str
    value: Spelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Written):
    """`(…)` behind something."""

    arguments: tuple[Argument, ...]


Trailer: TypeAlias = Dot | Index | Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Written):
    """A name and what follows it: `orders.within("90 days").count`."""

    name: str
    trailers: tuple[Trailer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Written):
    """`not`, `-` or `+` before something."""

    op: str
    of: Spelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Series(Written):
    """Parts with operators between them, all of one rank, read from the left."""

    parts: tuple[Spelled, ...]
    ops: tuple[str, ...]


Spelled: TypeAlias = WrittenValue | WrittenList | Chain | Unary | Series


@v_args(inline=True)
class _Build(Transformer[Token, Any]):
    """Makes the nodes while lark parses, without recursion."""

    def start(self, whole: Spelled) -> Spelled:
        return whole

    def any_of(self, *parts: Spelled) -> Spelled:
        return _series(parts, ("or",) * (len(parts) - 1))

    def all_of(self, *parts: Spelled) -> Spelled:
        return _series(parts, ("and",) * (len(parts) - 1))

    def compared(self, *parts: Any) -> Spelled:
        return _series(parts[::2], parts[1::2])

    def sums(self, *parts: Any) -> Spelled:
        return _series(parts[::2], tuple(str(op) for op in parts[1::2]))

    def operator(self, *words: Token) -> str:
        return " ".join(words)

    def unary(self, op: Token, of: Spelled) -> Spelled:
        return Unary(start=_start(op), end=of.end, op=str(op), of=of)

    def number(self, token: Token) -> Spelled:
        value = float(token) if "." in token else int(token[:18])
        return WrittenValue(start=_start(token), end=_end(token), value=value)

    def text(self, token: Token) -> Spelled:
        value = re.sub(r"\\(.)", lambda it: _ESCAPES.get(it[1], it[0]), token[1:-1], flags=re.DOTALL)
        return WrittenValue(start=_start(token), end=_end(token), value=value)

    def yes(self, token: Token) -> Spelled:
        return WrittenValue(start=_start(token), end=_end(token), value=True)

    def no(self, token: Token) -> Spelled:
        return WrittenValue(start=_start(token), end=_end(token), value=False)

    def none(self, token: Token) -> Spelled:
        return WrittenValue(start=_start(token), end=_end(token), value=None)

    def group(self, _opens: Token, inside: Spelled, _closes: Token) -> Spelled:
        return inside

    def list_of(self, opens: Token, *rest: Any) -> Spelled:
        items = tuple(item for item in rest[:-1] if item is not None)
        return WrittenList(start=_start(opens), end=_end(rest[-1]), items=items)

    def chain(self, name: Token, *trailers: Trailer) -> Spelled:
        end = trailers[-1].end if trailers else _end(name)
        return Chain(start=_start(name), end=end, name=str(name), trailers=trailers)

    def dot(self, name: Token) -> Trailer:
        return Dot(start=_start(name), end=_end(name), name=str(name))

    def index(self, opens: Token, of: Spelled, closes: Token) -> Trailer:
        return Index(start=_start(opens), end=_end(closes), of=of)

    def call(self, opens: Token, *rest: Any) -> Trailer:
        arguments = tuple(item for item in rest[:-1] if item is not None)
        return Call(start=_start(opens), end=_end(rest[-1]), arguments=arguments)

    def plain(self, value: Spelled) -> Argument:
        return Argument(start=value.start, end=value.end, name="", value=value)

    def named(self, name: Token, value: Spelled) -> Argument:
        return Argument(start=_start(name), end=value.end, name=str(name), value=value)


def _series(parts: tuple[Spelled, ...], ops: tuple[str, ...]) -> Spelled:
    if not ops:
        return parts[0]
    return Series(start=parts[0].start, end=parts[-1].end, parts=parts, ops=ops)


def _start(token: Token) -> int:
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0


_PARSER = Lark(_GRAMMAR, parser="lalr", transformer=_Build(), maybe_placeholders=False)


def read(text: str) -> Spelled:
    """What `text` spells. Raises ExpressionError where it is not spelled as an expression."""
    look_over(text)
    try:
        spelled: Any = _PARSER.parse(text)
    except UnexpectedInput as error:
        raise explain(text, error) from None
    result: Spelled = spelled
    return result
