"""The import: files of contacts, products, orders and events into the store, in batches, with constant
memory.

Each batch is one transaction. The same file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from nurture.clock import Moment
from nurture.errors import IntakeError
from nurture.runner import intake_rows
from nurture.runner.intake_cells import BadRow, Record, Setting
from nurture.runner.intake_files import Progress, Row, Source, open_source, unknown
from nurture.runner.intake_rejects import Rejects
from nurture.runner.intake_rows import COLUMNS, ContactRead, Kind
from nurture.store import consents, goods, happenings, orders, people
from nurture.store.consents import Word
from nurture.store.engine import Store, Tx

BATCH = 5_000
"""Rows in one transaction."""

SOURCE = "import"
"""What imported events are known by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file."""

    taken: int
    """Rows that were new or said something new."""
    unchanged: int
    rejected: int
    rejects_path: Path | None = None
    """Where rejected rows are listed, with reasons."""
    notes: tuple[str, ...] = ()
    """What a person should know besides, one sentence each."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How one kind goes in: a row to a value, values into the store, and what may not be cut apart."""

    read: Callable[[Record], Any]
    write: Callable[[Tx, Sequence[Any]], int]
    belongs: Callable[[Any], str | None] = lambda _value: None


def import_file(
    store: Store,
    kind: Kind,
    path: Path,
    *,
    now: Moment,
    zone: ZoneInfo,
    currency: str,
    topics: Sequence[str] = (),
    basis: str = "",
    since: Moment = 0,
    progress: Progress = lambda _bytes, _rows: None,
    workspace: Path = Path(),
    batch_size: int = BATCH,
) -> Imported:
    """Import one file; `topics` are those that the consent of its contacts, with `basis`, covers.

    `since` is when contacts came whose row does not say; 0: now.

    Rows that cannot be taken are listed in FILE.rejects.csv, beside the file or else in `workspace`. Raises
    IntakeError where the file cannot be read, with nothing imported for a wrong header, and with what was
    taken so far kept where it breaks later; StoreError.
    """
    with open_source(path) as source:
        others = source.check(kind, COLUMNS[kind])
        setting = Setting(
            now=now, since=since, zone=zone, currency=currency, digits=get_currency_precision(currency)
        )
        way = _way(store, kind, _others(source, kind, others), setting, topics, basis)
        rejects = Rejects(path, ("row",) if source.is_json else source.header, fallback=workspace)
        taken = read = 0
        try:
            for batch in _batches(source, way, rejects, batch_size):
                with store.write() as tx:
                    taken += way.write(tx, batch)
                read += len(batch)
                progress(source.bytes_read, read + rejects.count)
        except IntakeError as error:
            raise _broken(error, taken, read - taken) from None
        finally:
            rejects.close()
        return Imported(
            taken=taken,
            unchanged=read - taken,
            rejected=rejects.count,
            rejects_path=rejects.path,
            notes=_notes(kind, source, others, topics, basis),
        )


_Others: TypeAlias = Callable[[Record], tuple[str, ...]]
"""The columns of a row that its kind does not know."""


def _others(source: Source, kind: Kind, in_header: tuple[str, ...]) -> _Others:
    """The same for each row of a CSV; each object of an NDJSON has its own."""
    if not source.is_json:
        return lambda _record: in_header
    columns = COLUMNS[kind]
    return lambda record: unknown(record, columns)


def _batches(source: Source, way: _Way, rejects: Rejects, size: int) -> Iterator[list[Any]]:
    """Values in lists of about `size`; what belongs and stands together is never cut apart."""
    batch: list[Any] = []
    last: str | None = None
    for row in source.rows():
        value = _value(row, way, rejects)
        if value is None:
            continue
        group = way.belongs(value)
        if len(batch) >= size and (group is None or group != last):
            yield batch
            batch = []
        batch.append(value)
        last = group
    if batch:
        yield batch


def _value(row: Row, way: _Way, rejects: Rejects) -> Any:
    try:
        if row.trouble:
            raise BadRow(row.trouble)
        return way.read(row.record)
    except BadRow as error:
        rejects.add(row, str(error))
        return None


def _way(
    store: Store, kind: Kind, others: _Others, setting: Setting, topics: Sequence[str], basis: str
) -> _Way:
    ids, now = store.ids, setting.now
    match kind:
        case "contacts":
            return _Way(
                lambda record: intake_rows.contact(record, others(record), setting, basis),
                lambda tx, batch: _write_contacts(store, tx, batch, topics, now),
            )
        case "products":
            return _Way(
                lambda record: intake_rows.product(record, setting),
                lambda tx, batch: goods.upsert_products(tx, ids, batch, now),
            )
        case "orders":
            return _Way(
                lambda record: intake_rows.order_line(record, setting),
                lambda tx, batch: orders.upsert_orders(tx, ids, batch, now),
                lambda line: str(line.order_id),
            )
        case "events":
            return _Way(
                lambda record: intake_rows.event(record, others(record), setting),
                lambda tx, batch: happenings.record(tx, ids, SOURCE, batch, now),
            )


def _write_contacts(
    store: Store, tx: Tx, batch: Sequence[ContactRead], topics: Sequence[str], now: Moment
) -> int:
    done = people.upsert(tx, store.ids, [it.given for it in batch], now)
    words = [
        Word(
            contact_id=done.ids[it.given.email],
            topic=topic,
            agreed=True,
            at=it.given.created_at or now,
            basis=f"import: {it.basis}",
        )
        for it in batch
        if it.basis
        for topic in topics
    ]
    agreed = consents.record_first(tx, store.ids, words)
    return len(done.new | done.changed | agreed)


def _notes(
    kind: Kind, source: Source, others: tuple[str, ...], topics: Sequence[str], basis: str
) -> tuple[str, ...]:
    notes = []
    if others and not COLUMNS[kind].others:
        notes.append(f"not used: {', '.join(others)}")
    if kind == "contacts" and topics and not basis and "consent" not in source.columns:
        notes.append(
            "no consent was recorded, so nobody here is mailed marketing: --consent BASIS says on what basis"
        )
    return tuple(notes)


def _broken(error: IntakeError, taken: int, unchanged: int) -> IntakeError:
    before = f"{taken:,} rows before it were taken" + (
        f", {unchanged:,} were known already" if unchanged else ""
    )
    return IntakeError(
        f"{error.message}; {before}",
        where=error.where,
        remedy=f"{error.remedy} Importing it again is harmless.",
    )
