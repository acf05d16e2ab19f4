"""Functions of ours that SQLite calls: what it would reckon or read differently, or cannot.

They are the very functions that the predicate uses. PostgreSQL has none of them: see
`expressions/arithmetic.py` and `expressions/json_cell.py`.
"""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache
from zoneinfo import ZoneInfo

from nurture.audience.contact import Contact
from nurture.audience.expressions import values
from nurture.audience.zones import zone_of
from nurture.clock import Moment


def register(connection: sqlite3.Connection) -> None:
    """Make them known to a connection."""
    for name, count, function in (
        ("nurture_number", 1, _number),
        ("nurture_moment", 4, _moment),
        ("nurture_member", 2, _member),
        ("nurture_add", 2, values.add),
        ("nurture_subtract", 2, values.subtract),
        ("nurture_multiply", 2, values.multiply),
        ("nurture_divide", 2, values.divide),
    ):
        connection.create_function(name, count, function, deterministic=True)


def _number(written: str | None) -> float | None:
    """A number as JSON spells it: SQLite's own reading is out by a last bit on some machines."""
    return None if written is None else values.bounded(float(written))


@lru_cache(maxsize=4096)
def _moment(written: str | None, zone: str, country: str, workspace: str) -> Moment | None:
    """A moment or a date as JSON spells it, by the zone that somebody says they are in, and their country."""
    if written is None:
        return None
    said = Contact(id=0, email="", timezone=zone, country=country)
    return values.moment_in(json.loads(written), zone_of(said, ZoneInfo(workspace)))


def _member(document: str | None, name: str) -> str | None:
    """The member `name`, as JSON: for names that a path cannot spell."""
    if document is None:
        return None
    found = json.loads(document)
    return json.dumps(found[name], ensure_ascii=False) if name in found else None
