"""What is wrong with the spelling of an expression, in the words of the person who wrote it."""

from __future__ import annotations

import re

from lark import Token, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from nurture.errors import ExpressionError

LONGEST = 2_000
DEEPEST = 50

_PIECE = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|.", re.DOTALL)
_UNFIT = re.compile("[\0\ud800-\udfff]")
_PAIRS = {"(": ")", "[": "]"}
_COUNTED = re.compile(r"\b[0-9]+\s+(?:minute|hour|day|week|month|year)s?\Z", re.ASCII)

_INSTEAD: tuple[tuple[str, str], ...] = (
    ("=>", "write >= for greater or equal"),
    ("=<", "write <= for less or equal"),
    ("===", "write == to compare"),
    ("<>", "write != for not equal"),
    ("&&", "write and"),
    ("||", "write or"),
    ("//", "write / to divide"),
    ("**", "write x * x"),
    ("{", "write the expression alone, without { }"),
    ("}", "write the expression alone, without { }"),
    ("=", "write == to compare"),
    ("!", "write not, or != for not equal"),
    ("&", "write and"),
    ("|", "filters belong into templates; for one or the other write or"),
    ("%", "a share is written as a number: 0.1 for 10%"),
    ("“", 'write straight quotes: "text"'),
    ("”", 'write straight quotes: "text"'),
    ("„", 'write straight quotes: "text"'),
    ("‘", "write straight quotes: 'text'"),
    ("’", "write straight quotes: 'text'"),
    ("≥", "write >="),
    ("≤", "write <="),
    ("≠", "write !="),
)
_WORDS = {
    "is": "write == to compare",
    "equals": "write == to compare",
    "AND": "write and",
    "OR": "write or",
    "NOT": "write not",
    "IN": "write in",
    "And": "write and",
    "Or": "write or",
    "Not": "write not",
    "contains": 'turn it round: "vip" in contact.tags',
    "if": "an expression has no if; use the step `if:`",
    "xor": "write !=",
}


def look_over(text: str) -> None:
    """Raise ExpressionError for what needs no grammar: empty, too long, unclosed, nested too deep."""
    if not text.strip():
        raise ExpressionError(
            "the expression is empty", column=0, hint="write a condition, such as orders.count >= 1"
        )
    if len(text) > LONGEST:
        raise ExpressionError(
            f"the expression is longer than {LONGEST:,} characters",
            column=LONGEST,
            hint="name parts of it as segments in lifecycle.yaml",
        )
    if unfit := _UNFIT.search(text):
        raise ExpressionError("no text can hold this character", column=unfit.start(), hint="take it out")
    open_at: list[tuple[str, int]] = []
    for match in _PIECE.finditer(text):
        piece, at = match[0], match.start()
        if piece in _PAIRS:
            open_at.append((piece, at))
            if len(open_at) > DEEPEST:
                raise too_deep(at)
        elif piece in ("'", '"'):
            raise ExpressionError(
                "the text that begins here does not end",
                column=at,
                length=len(text) - at,
                hint=f"put {piece} behind its last word",
            )
        elif piece in (")", "]"):
            _close(open_at, piece, at)
    if open_at:
        piece, at = open_at[-1]
        raise ExpressionError(
            f"this {piece} is never closed", column=at, hint=f"put {_PAIRS[piece]} where it ends"
        )


def _close(open_at: list[tuple[str, int]], piece: str, at: int) -> None:
    if not open_at:
        opening = "(" if piece == ")" else "["
        raise ExpressionError(
            f"this {piece} closes nothing", column=at, hint=f"take it out, or put {opening} where it begins"
        )
    opened, _ = open_at.pop()
    if _PAIRS[opened] != piece:
        raise ExpressionError(
            f"{opened} is closed by {piece}", column=at, hint=f"write {_PAIRS[opened]} here"
        )


def too_deep(column: int) -> ExpressionError:
    """The error of an expression that nests beyond what anybody can read."""
    return ExpressionError(
        f"the expression is nested more than {DEEPEST} deep",
        column=column,
        hint="name parts of it as segments in lifecycle.yaml",
    )


def explain(text: str, error: UnexpectedInput) -> ExpressionError:
    """The error that lark found, said plainly."""
    if isinstance(error, UnexpectedEOF):
        return _unfinished(text)
    if isinstance(error, UnexpectedToken):
        token: Token = error.token
        if token.type == "$END":
            return _unfinished(text)
        return _out_of_place(text, token.start_pos or 0, str(token))
    at = (
        error.pos_in_stream
        if isinstance(error, UnexpectedCharacters) and error.pos_in_stream is not None
        else 0
    )
    word = re.match(r"[0-9][\w.]*|\w+|.", text[at:], re.DOTALL)
    return _out_of_place(text, at, word[0] if word else text[at : at + 1])


def _unfinished(text: str) -> ExpressionError:
    words = text.rstrip()
    last = re.search(r"\w+$|[^\w\s]+$", words)
    shown = f" behind {last[0]}" if last else ""
    return ExpressionError(
        f"something is missing{shown} at the end",
        column=last.start() if last else 0,
        length=len(last[0]) if last else 1,
        hint="finish the comparison, or take the last word out",
    )


def _out_of_place(text: str, at: int, found: str) -> ExpressionError:
    before = text[at - 1] if at else ""
    for wrong, hint in _INSTEAD:
        if text.startswith(wrong, at):
            return ExpressionError(f"{wrong} has no meaning here", column=at, length=len(wrong), hint=hint)
        if before and wrong == before + found[0] and wrong in ("**", "//", "=<", "=>", "<>"):
            return ExpressionError(f"{wrong} has no meaning here", column=at - 1, length=2, hint=hint)
    shown = found if len(found) <= 40 else found[:39] + "…"
    length = len(found)
    if found in _WORDS:
        return ExpressionError(
            f"{found} is no word of expressions", column=at, length=length, hint=_WORDS[found]
        )
    if found[0].isdigit():
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", found):
            return _side_by_side(at, shown, length)
        hint = 'write numbers as 12 or 0.5, and times in quotes: "90 days"'
        return ExpressionError(f"{shown} is not a number", column=at, length=length, hint=hint)
    if found[0].isalpha() and found not in ("and", "or", "in", "not"):
        if not found.isascii():
            return ExpressionError(
                f"{shown} is no name", column=at, length=length, hint="put text into quotes"
            )
        if counted := _COUNTED.search(text[: at + length]):
            hint = f'write a length of time in quotes: "{counted[0]}"'
            if counted[0] == text.strip():
                hint = "ask how long something is ago, such as stage.days > 3"
            return ExpressionError(
                f"{shown} cannot stand here", column=counted.start(), length=len(counted[0]), hint=hint
            )
        return _side_by_side(at, shown, length)
    if found[0] in "'\"":
        return _side_by_side(at, shown, length)
    hint = "a value is missing before it" if found in ("and", "or", "in") or found[0] in "<>=!*/)],." else ""
    return ExpressionError(f"{shown} cannot stand here", column=at, length=length, hint=hint)


def _side_by_side(at: int, shown: str, length: int) -> ExpressionError:
    hint = "put and, or, or a comparison such as == before it"
    return ExpressionError(f"{shown} follows without a word between", column=at, length=length, hint=hint)
