"""One member of a JSON map in a text column: a contact's attribute, a property of an event."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

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
from nurture.store.expressions.asking import CONTACTS, NO, YES, Asking, Read, holds, number, text

_PLACE = (CONTACTS.c.timezone, CONTACTS.c.country)
_PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The member as each type it may have; NULL where it is missing or has another."""

    number: ColumnElement[float]
    text: ColumnElement[str]
    flag: ColumnElement[int]
    moment: Read
    """A moment as a number, or a date as text in the zone of the contact."""


def cell(asking: Asking, document: ColumnElement[Any], name: str) -> Cell:
    """The member `name` of `document`, which is JSON text or NULL."""
    if asking.dialect == "sqlite":
        return _on_sqlite(asking, document, name)
    return _on_postgresql(document, name)


def _on_sqlite(asking: Asking, document: ColumnElement[Any], name: str) -> Cell:
    if _PLAIN.fullmatch(name):
        path = text(f'$."{name}"')
    else:
        document, path = func.nurture_member(document, text(name)), text("$")
    kind = func.json_type(document, path, type_=Text)
    value = func.json_extract(document, path, type_=Text)
    # As JSON spells it.
    written = document.op("->")(path)
    numeric = kind.in_(("integer", "real"))
    read = func.nurture_moment(written, *_PLACE, text(asking.zone), type_=BigInteger)
    return Cell(
        number=case((numeric, func.nurture_number(written, type_=Double))),
        text=case((kind == "text", value)),
        flag=case((kind == "true", YES), (kind == "false", NO)),
        moment=Read(value=case((kind.in_(("integer", "real", "text")), read))),
    )


def _on_postgresql(document: ColumnElement[Any], name: str) -> Cell:
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
    moment = cast(func.trunc(numeric, type_=Double), BigInteger)
    dated = holds((kind == "string") & value.regexp_match("[0-9]{4}"))
    return Cell(
        number=numeric,
        text=case((kind == "string", value)),
        flag=case(((kind == "boolean") & (value == "true"), YES), ((kind == "boolean"), NO)),
        moment=Read(value=case((func.abs(numeric) < number(NEVER), moment)), unsure=(dated,)),
    )


def no_cell() -> Cell:
    """What is missing whatever its type."""
    return Cell(
        number=cast(null(), Double),
        text=cast(null(), Text),
        flag=cast(null(), Integer),
        moment=Read(value=null()),
    )
