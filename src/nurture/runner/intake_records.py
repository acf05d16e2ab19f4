"""The import of rows that come as values and not in a file: they mean what the same rows mean in one.

A row may name its contact by `external_id` in place of `email`; an order brings its lines of goods along; an event that
does not say when it was is of now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from nurture.audience.contact import Contact
from nurture.clock import to_datetime
from nurture.runner import intake_rows
from nurture.runner.intake import SOURCE
from nurture.runner.intake_cells import BadRow, Cell, Record, Setting, text
from nurture.runner.intake_files import unknown
from nurture.runner.intake_json import plain
from nurture.runner.intake_rows import COLUMNS, Kind
from nurture.runner.taking import Terms, since_erased, take_contacts, take_events
from nurture.store import goods, orders, people
from nurture.store.engine import Store, Tx

MOST_LINES = 1_000
"""Lines of goods in one order."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a batch."""

    taken: int
    """Rows that were new or said something new."""
    unchanged: int
    rejected: tuple[tuple[int, str], ...] = ()
    """The place of each row that cannot be taken, from 0, and why."""
    not_used: tuple[str, ...] = ()
    """What rows said under names that mean nothing in this kind."""


Given: TypeAlias = "Record | BadRow"
"""A row, or why it could not even be read."""


@dataclass(frozen=True, slots=True)
class _Way(Generic[T]):
    """How one kind goes in: a row to a value, and values into the store, which tells how many said something new."""

    read: Callable[[Record], T]
    write: Callable[[Tx, Sequence[T]], int]


def take(
    store: Store,
    kind: Kind,
    given: Sequence[Given],
    setting: Setting,
    terms: Terms,
    *,
    events: str = SOURCE,
) -> Taken:
    """Take a batch in, in one transaction: what can be taken is, the rest is told. Raises StoreError.

    `events` is what events are known by: the same id from two of these is two events. Rows about somebody who was
    erased since are left out, and counted as unchanged.
    """
    way = _way(store, kind, setting, terms, events)
    rejected: list[tuple[int, str]] = []
    values = []
    for place, row in enumerate(_named(store, kind, given)):
        try:
            values.append(way.read(_checked(row)))
        except BadRow as error:
            rejected.append((place, str(error)))
    taken = 0
    if values:
        with store.write() as tx:
            taken = way.write(tx, values)
    return Taken(
        taken=taken,
        unchanged=len(values) - taken,
        rejected=tuple(rejected),
        not_used=tuple(sorted(_not_used(kind, given))),
    )


def _checked(row: Given) -> Record:
    if isinstance(row, BadRow):
        raise row
    return row


def _way(store: Store, kind: Kind, setting: Setting, terms: Terms, source: str) -> _Way[Any]:
    ids, columns = store.ids, COLUMNS[kind]
    match kind:
        case "contacts":
            return _Way(
                lambda row: intake_rows.contact(row, unknown(row, columns), setting, ""),
                lambda tx, batch: take_contacts(tx, ids, batch, terms).rows,
            )
        case "products":
            return _Way(
                lambda row: intake_rows.product(row, setting),
                lambda tx, batch: goods.upsert_products(tx, ids, _last(batch, lambda it: it.sku), terms.now),
            )
        case "orders":
            return _Way(
                lambda row: _order(row, setting),
                lambda tx, batch: sum(len(_take_orders(tx, store, part, terms)) for part in _apart(batch)),
            )
        case "events":
            return _Way(
                lambda row: intake_rows.event(_dated(row, setting), unknown(row, columns), setting),
                lambda tx, batch: take_events(tx, ids, batch, terms, source=source).rows,
            )
        case _:
            raise ValueError(f"{kind} come in files only")


def _take_orders(tx: Tx, store: Store, part: Iterable[list[orders.LineGiven]], terms: Terms) -> set[str]:
    lines = [line for order in part for line in order]
    rows = since_erased(tx, lines, [it.ordered_at for it in lines], terms)
    return orders.take_orders(tx, store.ids, rows, terms.now)


def _last(batch: Iterable[T], key: Callable[[T], str]) -> list[T]:
    """The last of those that share a key: the others are out of date already."""
    return list({key(it): it for it in batch}.values())


def _apart(batch: Sequence[list[orders.LineGiven]]) -> Iterator[list[list[orders.LineGiven]]]:
    """Parts in which no order is there twice: lines of one order in one call are added up."""
    part: dict[str, list[orders.LineGiven]] = {}
    for order in batch:
        if order[0].order_id in part:
            yield list(part.values())
            part = {}
        part[order[0].order_id] = order
    yield list(part.values())


def _order(row: Record, setting: Setting) -> list[orders.LineGiven]:
    """An order's lines of goods, each as a row of a file. Raises BadRow."""
    lines = row.get("lines")
    if not isinstance(lines, list) or not lines:
        raise BadRow("lines is missing: a list of what was bought, each with its sku and amount")
    if len(lines) > MOST_LINES:
        raise BadRow(f"it has {len(lines):,} lines; {MOST_LINES:,} are the most")
    whole = {name: value for name, value in row.items() if name != "lines"}
    found = []
    for number, line in enumerate(lines, 1):
        if not isinstance(line, dict):
            raise BadRow(f"line of goods {number} is not a JSON object")
        own = {plain(str(name)): _cell(value) for name, value in line.items()}
        own = {name: own[name] for name in own if name in _OF_LINE}
        try:
            found.append(intake_rows.order_line({**whole, **own}, setting))
        except BadRow as error:
            raise BadRow(f"line of goods {number}: {error}") from None
    return found


_OF_LINE = frozenset({"sku", "quantity", "amount", "status", "refunded_at"})


def _cell(value: object) -> Cell:
    """As `text` expects it: JSON holds nothing else."""
    return value if isinstance(value, (str, int, float, bool, list, dict)) else None


def _dated(row: Record, setting: Setting) -> Record:
    return row if text(row, "at", 60) else {**row, "at": to_datetime(setting.now).isoformat()}


def _named(store: Store, kind: Kind, given: Sequence[Given]) -> Iterator[Given]:
    """Rows with the address of their contact, where they name it otherwise."""
    if kind == "products":
        yield from given
        return
    wanted = {it for row in given if (it := _external(row))}
    known = _contacts(store, wanted) if wanted else {}
    for row in given:
        name = _external(row)
        if not name or isinstance(row, BadRow):
            yield row
        elif name not in known:
            yield BadRow(f"no contact has the external_id {name[:100]!r}, and email is missing")
        else:
            rest = {key: value for key, value in row.items() if kind == "contacts" or key != "external_id"}
            yield {**rest, "email": known[name].email}


def _external(row: Given) -> str:
    """The external id of a row that has no address."""
    if isinstance(row, BadRow) or row.get("email") or not isinstance(row.get("external_id"), (str, int)):
        return ""
    try:
        return text(row, "external_id", 200)
    except BadRow:
        return ""


def _contacts(store: Store, external_ids: set[str]) -> Mapping[str, Contact]:
    with store.read() as tx:
        ids = people.ids_by_external_id(tx, external_ids)
        known = people.by_ids(tx, ids.values())
    return {name: known[key] for name, key in ids.items() if key in known}


def _not_used(kind: Kind, given: Sequence[Given]) -> set[str]:
    if COLUMNS[kind].others:
        return set()
    used = {"lines", "external_id"} if kind == "orders" else set()
    return {
        name
        for row in given
        if not isinstance(row, BadRow)
        for name in unknown(row, COLUMNS[kind])
        if name not in used
    }
