"""The brand and the language of a message, put in place of their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from nurture.messages.lexing import Token, is_free_name, solid, written
from nurture.messages.settling import Reword

Words: TypeAlias = Mapping[str, str | int]

LANGUAGE = "language"
BRAND = "brand"

_SETTLED = re.compile(rf"\b(?:{BRAND}|{LANGUAGE})\b")


def say_brand(brand: Words, language: str) -> Reword:
    """Puts values in place of `brand.color` and `language`."""

    def reword(tokens: Sequence[Token]) -> list[Token] | None:
        out: list[Token] = []
        at, changed = 0, False
        while at < len(tokens):
            value, end = _said(tokens, at, brand, language)
            if value is None:
                out.append(tokens[at])
                at += 1
            else:
                out.append(_token(value))
                at, changed = end, True
        return out if changed else None

    return Reword(_SETTLED, reword)


def _said(tokens: Sequence[Token], at: int, brand: Words, language: str) -> tuple[str | int | None, int]:
    name = tokens[at].text
    if name not in (BRAND, LANGUAGE) or not is_free_name(tokens, at):
        return None, at
    if name == LANGUAGE:
        return language, at + 1
    behind = [no for no in solid(tokens) if no > at][:3]
    texts = [tokens[no].text for no in behind]
    if texts[:1] == ["."] and texts[1] in brand:
        return brand[texts[1]], behind[1] + 1
    if len(texts) == 3 and texts[0] == "[" and texts[2] == "]" and texts[1][1:-1] in brand:
        return brand[texts[1][1:-1]], behind[2] + 1
    return None, at


def _token(value: str | int) -> Token:
    return Token("string" if isinstance(value, str) else "integer", written(value))
