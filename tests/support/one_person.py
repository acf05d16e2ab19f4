"""A database in which one person stands wherever one can stand, beside another one, and a look through all of it."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, LargeBinary, SmallInteger, Table, select
from sqlmodel import SQLModel

from nurture.clock import Moment
from nurture.store import happenings
from nurture.store.engine import Store, Tx
from nurture.store.partitions import ensure
from nurture.store.personal import BY_CONTACT, BY_ENROLLMENT, OTHERWISE

ANN, BOB = "ann.lee@x.example", "bob@x.example"
NAMES = {ANN: "Ann Lee", BOB: "Bob Ray"}
_JSON = ("attributes", "properties", "cause", "event", "saw", "extra", "told")
_JSON_LISTS = ("tags", "topics", "reasons")
EVERYWHERE = {*(it.name for it in BY_CONTACT), *BY_ENROLLMENT, *OTHERWISE, "contacts"}
"""Tables whose rows belong to somebody."""


def tables() -> dict[str, Table]:
    """All of them, by name."""
    return dict(SQLModel.metadata.tables)


def fill(store: Store, at: Moment) -> dict[str, int]:
    """Put a row of each of the two into every table that holds people; returns their ids."""
    ids = {who: store.ids.take(1, at)[0] for who in (ANN, BOB)}
    with store.write() as tx:
        for who, contact in ids.items():
            entry = store.ids.take(1, at)[0]
            ensure(tx, "messages", [entry])
            ensure(tx, "events", [at])
            ensure(tx, "hits", [at])
            for name in sorted(EVERYWHERE):
                _put(tx, tables()[name], who, contact, entry, at)
    return ids


def mention(store: Store, at: Moment) -> None:
    """Let Ann's address stand where it may besides: in what servers and other systems said."""
    said = f"550 5.1.1 <{ANN.title()}>: no such user"
    event = happenings.key_of(ANN, "visited", at, {"page": "p"})
    rows: dict[str, dict[str, Any]] = {
        "suppressions": {"address_hash": "h", "reason": f"bounced: {said}", "at": at},
        "destinations": {"key": "k", "reply": said, "stopped": said, "at": at},
        "subscribers": {"name": "crm", "last_reply": said},
        "idempotent": {"key_id": 1, "key": "k", "request": "r", "answer": json.dumps([ANN]), "at": at},
        "seen": {"source": "import", "key": event, "at": at},
        "arrivals": {
            "id": 1,
            "at": at,
            "source": "smtp",
            "recipient": ANN,
            "content": zlib.compress(b"to Ann Lee"),
        },
        "inbox": {
            "enrollment_id": 1,
            "step_no": 1,
            "at": at,
            "recipient": ANN,
            "content": zlib.compress(b"Ann Lee"),
        },
        "notices": {"enrollment_id": 1, "step_no": 1, "target": ANN, "contact_id": 1},
        "replies": {"id": 1, "contact_id": 1, "owner": ANN, "answered_by": ANN, "at": at},
    }
    with store.write() as tx:
        for name, values in rows.items():
            _insert(tx, tables()[name], values)
        _insert(tx, tables()["seen"], {"source": "shop", "key": f"order of {ANN}", "at": at})
        found = tx.exec_driver_sql(f"SELECT id FROM contacts WHERE email = '{ANN}'").scalar_one()
        _insert(
            tx,
            tables()["events"],
            {"at": at, "id": 3, "contact_id": found, "name": "visited", "properties": '{"page": "p"}'},
        )


def found(store: Store, *words: str) -> list[str]:
    """Tables and columns in which one of the words stands, in any case, packed or not."""
    seen = set()
    with store.read() as tx:
        for name, table in tables().items():
            for row in tx.execute(select(table)).mappings():
                for column, value in row.items():
                    text = _text(value)
                    if any(word.lower() in text for word in words):
                        seen.add(f"{name}.{column}")
    return sorted(seen)


def counts(store: Store) -> dict[str, int]:
    """Rows of each table."""
    with store.read() as tx:
        return {
            name: len(tx.execute(select(*table.primary_key.columns)).all())
            for name, table in tables().items()
        }


def _text(value: Any) -> str:
    if not isinstance(value, (bytes, memoryview)):
        return str(value).lower()
    packed = bytes(value)
    with suppress(zlib.error):
        packed = zlib.decompress(packed)
    return packed.decode(errors="replace").lower()


def _put(tx: Tx, table: Table, who: str, contact: int, entry: int, at: Moment) -> None:
    row = {column.name: _cell(column, who, at) for column in table.c}
    row |= {name: entry for name in ("enrollment_id", "feed_id", "order_id") if name in row}
    row |= {name: contact for name in ("contact_id", "moves_id") if name in row}
    if table.name == "orders":
        row["order_id"] = f"of {who}"
    if table.name == "contacts":
        row |= {"id": contact, "email": who}
    elif "id" in row:
        row["id"] = entry
    _insert(tx, table, row)


def _cell(column: Column[Any], who: str, at: Moment) -> Any:
    said = f"{who} {NAMES[who]}"
    match column.type:
        case SmallInteger():
            return 0
        case BigInteger():
            return at if column.name.endswith(("at", "until", "since")) else 0
        case Boolean():
            return False
        case Float():
            return 0.5
        case LargeBinary():
            return zlib.compress(said.encode())
    if column.name in _JSON:
        return json.dumps({"said": said})
    return json.dumps([said]) if column.name in _JSON_LISTS else said


def _insert(tx: Tx, table: Table, row: dict[str, Any]) -> None:
    blank = {column.name: _blank(column) for column in table.c if column.name not in row}
    tx.execute(table.insert(), [{**blank, **row}])


def _blank(column: Column[Any]) -> Any:
    match column.type:
        case BigInteger() | SmallInteger():
            return 0
        case Boolean():
            return False
        case Float():
            return 0.0
        case LargeBinary():
            return b""
    return "{}" if column.name in _JSON else "[]" if column.name in _JSON_LISTS else ""
