"""The import: files of contacts, products, orders, events and suppressions into the store, in batches, with constant
memory.

Each batch is one transaction. The same file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
from nurture.runner.intake_rows import COLUMNS, Kind
from nurture.runner.taking import (
    Taken,
    Terms,
    take_contacts,
    take_events,
    take_orders,
    take_suppressions,
)
from nurture.store import goods
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
    write: Callable[[Tx, Sequence[Any]], Taken]
    belongs: Callable[[Any], str | None] = lambda _value: None


def import_file(
    store: Store,
    kind: Kind,
    path: Path,
    *,
    now: Moment,
    zone: ZoneInfo,
    currency: str,
    address_key: bytes,
    topics: Sequence[str] = (),
    basis: str = "",
    wording: str = "",
    since: Moment = 0,
    campaigns: Mapping[str, Collection[int]] | None = None,
    progress: Progress = lambda _bytes, _rows: None,
    workspace: Path = Path(),
    batch_size: int = BATCH,
) -> Imported:
    """Import one file; `topics` are those that the consent of its contacts, with `basis` and `wording`, covers.

    `since` is when contacts came whose row does not say; 0: now. `address_key` is that of suppressions; `campaigns`
    are the ids of those that write on each topic, for the messages that a no to it stops.

    Rows that cannot be taken are listed in FILE.rejects.csv, beside the file or else in `workspace`. Raises
    IntakeError where the file cannot be read, with nothing imported for a wrong header, and with what was
    taken so far kept where it breaks later; StoreError.
    """
    with open_source(path) as source:
        others = source.check(kind, COLUMNS[kind])
        setting = Setting(
            now=now, since=since, zone=zone, currency=currency, digits=get_currency_precision(currency)
        )
        terms = Terms(now=now, address_key=address_key, topics=topics, source=path.name, wording=wording)
        way = _way(store, kind, _others(source, kind, others), setting, terms, basis, campaigns or {})
        rejects = Rejects(path, ("row",) if source.is_json else source.header, fallback=workspace)
        taken = read = left_out = refused = 0
        try:
            for batch in _batches(source, way, rejects, batch_size):
                with store.write() as tx:
                    done = way.write(tx, batch)
                taken += done.rows
                left_out += done.left_out
                refused += done.refused
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
            notes=(*_notes(kind, source, others, topics, basis), *_noes(left_out, refused)),
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
    store: Store,
    kind: Kind,
    others: _Others,
    setting: Setting,
    terms: Terms,
    basis: str,
    campaigns: Mapping[str, Collection[int]],
) -> _Way:
    ids = store.ids
    match kind:
        case "contacts":
            return _Way(
                lambda record: intake_rows.contact(record, others(record), setting, basis),
                lambda tx, batch: take_contacts(tx, ids, batch, terms),
            )
        case "products":
            return _Way(
                lambda record: intake_rows.product(record, setting),
                lambda tx, batch: Taken(rows=goods.upsert_products(tx, ids, batch, terms.now)),
            )
        case "orders":
            return _Way(
                lambda record: intake_rows.order_line(record, setting),
                lambda tx, batch: take_orders(tx, ids, batch, terms),
                lambda line: str(line.order_id),
            )
        case "events":
            return _Way(
                lambda record: intake_rows.event(record, others(record), setting),
                lambda tx, batch: take_events(tx, ids, batch, terms, source=SOURCE),
            )
        case "suppressions":
            return _Way(
                lambda record: intake_rows.suppression(record, setting, terms.topics),
                lambda tx, batch: take_suppressions(tx, ids, batch, terms, campaigns),
            )


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


def _noes(left_out: int, refused: int) -> list[str]:
    notes = []
    if left_out:
        rows = "row belongs" if left_out == 1 else "rows belong"
        notes.append(f"{left_out:,} {rows} to people who were erased, and stay out")
    if refused:
        rows = "row has an address" if refused == 1 else "rows have addresses"
        notes.append(
            f"{refused:,} {rows} that said no, so no consent was recorded: they have to agree again themselves"
        )
    return notes


def _broken(error: IntakeError, taken: int, unchanged: int) -> IntakeError:
    before = f"{taken:,} rows before it were taken" + (
        f", {unchanged:,} were known already" if unchanged else ""
    )
    return IntakeError(
        f"{error.message}; {before}",
        where=error.where,
        remedy=f"{error.remedy} Importing it again is harmless.",
    )
