"""One member of a JSON map in a text column: a contact's attribute, a property of an event."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Numeric,
    Text,
    case,
    cast,
    func,
    literal,
    null,
)
from sqlalchemy.dialects.postgresql import JSONB

from nurture.audience.expressions.values import TOO_BIG, TOO_SMALL
from nurture.clock import NEVER
from nurture.store.expressions.asking import CONTACTS, NO, YES, Asking, flag, is_yes, number, text
from nurture.store.expressions.dates import dated
from nurture.store.expressions.truth import Read

_PLACE = (CONTACTS.c.timezone, CONTACTS.c.country)
_PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f]+')


_Value: TypeAlias = ColumnElement[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The member as each type it may have; NULL where it is missing or has another."""

    number: ColumnElement[float]
    text: ColumnElement[str]
    flag: ColumnElement[int]
    moment: Read
    """A moment as a number, or a date as text in the zone of the contact."""

    def through(self, select: Callable[[_Value], _Value]) -> Cell:
        """The same, each value as `select` selects it from the table that it is in."""

        def asked(condition: ColumnElement[bool]) -> ColumnElement[bool]:
            return is_yes(select(flag(condition)))

        read = self.moment
        moment = replace(
            read,
            value=select(read.value),
            unsure=tuple(asked(it) for it in read.unsure),
            rough=None if read.rough is None else asked(read.rough),
        )
        return Cell(
            number=select(self.number),
            text=select(self.text),
            flag=select(self.flag),
            moment=moment,
        )


def cell(asking: Asking, document: _Value, name: str) -> Cell:
    """The member `name` of `document`, which is JSON text or NULL."""
    if asking.dialect == "sqlite":
        return _on_sqlite(asking, document, name)
    return _on_postgresql(document, name)


def _on_sqlite(asking: Asking, document: _Value, name: str) -> Cell:
    if _PLAIN.fullmatch(name):
        path = text(f'$."{name}"')
    else:
        document, path = func.nurture_member(document, text(name)), text("$")
    kind = func.json_type(document, path, type_=Text)
    value = func.json_extract(document, path, type_=Text)
    # As JSON spells it.
    written = document.op("->")(path)
    numeric = (kind == "integer") | (kind == "real")
    read = func.nurture_moment(written, *_PLACE, text(asking.zone), type_=BigInteger)
    return Cell(
        number=case((numeric, func.nurture_number(written, type_=Double))),
        text=case((kind == "text", value)),
        flag=case((kind == "true", YES), (kind == "false", NO)),
        moment=Read(value=case((numeric | (kind == "text"), read))),
    )


def _on_postgresql(document: _Value, name: str) -> Cell:
    document = cast(document, JSONB)
    kind = func.jsonb_typeof(document.op("->")(text(name)), type_=Text)
    value = document.op("->>", return_type=Text())(text(name))
    exact = cast(value, Numeric)
    reckoned = case(
        (func.abs(exact) >= literal(TOO_BIG, Numeric), None),
        (func.abs(exact) < literal(TOO_SMALL, Numeric), number(0)),
        else_=cast(exact, Double),
    )
    numeric = case((kind == "number", reckoned))
    whole = cast(func.trunc(numeric, type_=Double), BigInteger)
    said = case((kind == "string", value))
    return Cell(
        number=numeric,
        text=said,
        flag=case(((kind == "boolean") & (value == "true"), YES), ((kind == "boolean"), NO)),
        moment=dated(case((func.abs(numeric) < number(NEVER), whole)), said),
    )


def no_cell() -> Cell:
    """What is missing whatever its type."""
    return Cell(
        number=cast(null(), Double),
        text=cast(null(), Text),
        flag=cast(null(), Integer),
        moment=Read(value=null()),
    )
