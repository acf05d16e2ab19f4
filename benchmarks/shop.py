"""A shop with as many people as wanted, made in a minute: what the benchmarks of ticks and applies measure on.

Its campaigns use what costs something: windows, caps, waits until and for, a hold-out, a weekly letter, a date of the
contact's own, product lines. Everybody was reviewed a day before `NOW`, and nothing is due.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Table
from tests.support.postgres import PostgresServer

from nurture.app import App
from nurture.clock import DAY, HOUR, WEEK, Moment, Span, SystemClock, VirtualClock, to_datetime
from nurture.runner import applying, checking, in_force
from nurture.runner.files import read_files
from nurture.runner.new_workspace import make_workspace
from nurture.runner.world import World
from nurture.settings import load
from nurture.store import agenda, tables
from nurture.store.bulk import insert_many
from nurture.store.engine import Store, Tx, open_store
from nurture.store.partitions import ensure
from nurture.store.statements import table

NOW: Moment = (SystemClock().now() - 4 * DAY - 12 * HOUR) // WEEK * WEEK + 4 * DAY + 12 * HOUR
"""The last Monday, 12:00Z: commands that are run here go by the machine's clock."""

SOON = NOW + HOUR
WAIT: Span = 12 * DAY
"""How long each campaign waits first."""

CHUNK = 50_000
PLACES = (
    ("", "US"), ("America/New_York", "US"), ("America/Los_Angeles", "US"), ("Europe/Berlin", "DE"),
    ("", "DE"), ("Europe/London", "GB"), ("", ""), ("America/Chicago", "US"),
)  # fmt: skip
LINES = (
    "PRODUCE",
    "MEAT",
    "DELI",
    "PASTRY",
    "SEAFOOD",
    "FLORAL",
    "SALAD BAR",
    "GARDEN CENTER",
    "COSMETICS",
    "NUTRITION",
)

CAMPAIGNS: Mapping[str, str] = {
    "hello": """\
topic: offers
enter: {on: visited}
window: mon-fri 09:00-17:00 no holidays
exit: {on: ordered}
sequence:
  - wait: 12 days
  - send: how-it-works
  - wait for: clicked("how-it-works")
    up to: 5 days
  - if: clicked("how-it-works")
    then:
      - send: what-we-do
    else:
      - wait until: tuesday 10:00
      - send: what-kept-you
""",
    "trial": """\
stage: prospect
topic: news
holdout: 10%
on cap: skip
goal: {on: ordered, within: 30 days}
sequence:
  - wait: 12 days
  - send: what-we-do
    when: engagement.within("30 days").clicks == 0
  - split: 50%
    then:
      - wait: 5 days
    else:
      - wait: 9 days
  - send: how-was-it
""",
    "weekly": """\
topic: news
enter: {every: tuesday 10:00}
timezone: workspace
when: contact.tier == "gold"
sequence:
  - wait: 12 days
  - send: what-should-we-stock
""",
    "renewal": """\
topic: news
enter: {at: 30 days before contact.renews_at}
sequence:
  - wait: 12 days
  - send: is-all-well
  - wait until: 2 days before contact.renews_at
  - send: get-the-most
""",
    "department": """\
stage: [customer, client]
lines: each
line stage: prospect
topic: news
goal: {on: ordered, within: 60 days}
sequence:
  - wait: 12 days
  - send: have-you-tried
  - wait: 10 days
  - send: goodbye
    when: line.orders.count == 0
""",
}

Figures = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A workspace in a temporary folder, with its database."""

    app: App
    ids: list[int]
    """Of the contacts, in order."""

    @property
    def store(self) -> Store:
        """Its database."""
        return self.app.store

    @property
    def workspace(self) -> Path:
        """Its folder."""
        return self.app.settings.workspace

    def apply(self) -> World:
        """Put the files in the workspace into force, a day before `NOW`."""
        files = read_files(self.workspace)
        checked = checking.check(self.store, self.app.settings, files)
        applying.apply(self.store, self.app.settings, checked, files, NOW - DAY)
        return in_force.load(self.store, self.app.settings)

    def write(self, campaigns: Mapping[str, str]) -> None:
        """Write campaigns into the workspace."""
        for key, text in campaigns.items():
            (self.workspace / "campaigns" / f"{key}.yaml").write_text(text, "utf-8")


@contextmanager
def shop(url: str = "") -> Iterator[Shop]:
    """A new workspace; its database is at `url`, else in a file. Durable, as the daemon's is. `fill` makes people."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        make_workspace(folder)
        if url:
            file = folder / "nurture.toml"
            file.write_text(
                re.sub("(?m)^database = .*$", f'database = "{url}"', file.read_text("utf-8")), "utf-8"
            )
        settings = load(folder)
        store = open_store(settings.database_url, now=NOW, create=bool(url))
        with App(settings, store, VirtualClock(NOW)) as app:
            yield Shop(app=app, ids=[])


@contextmanager
def postgresql() -> Iterator[str]:
    """A server of its own, with its usual care for what is written; the URL of a database on it."""
    server = PostgresServer()
    try:
        for setting in ("fsync = on", "full_page_writes = on", "autovacuum = on"):
            server.execute(f"ALTER SYSTEM SET {setting}")
        server.execute("SELECT pg_reload_conf()")
        yield server.url(server.create())
    finally:
        server.stop()


def size(it: Shop) -> int:
    """Bytes of its database."""
    file = it.app.settings.database_file
    if it.store.dialect == "sqlite" and file is not None:
        return sum(path.stat().st_size for path in file.parent.glob(f"{file.name}*"))
    with it.store.read() as tx:
        return int(tx.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def orders_of(number: int) -> int:
    """How many orders the person of this number has placed: two in five have some."""
    return 1 + number % 3 if number % 5 < 2 else 0


def is_prospect(number: int) -> bool:
    """Whether this person has bought nothing."""
    return orders_of(number) == 0


def fill(it: Shop, people: int) -> None:
    """Make so many people, with what they agreed to, bought and received."""
    it.ids.extend(it.store.ids.take(people, NOW))
    numbered = list(enumerate(it.ids))
    with it.store.write() as tx:
        put(tx, tables.LineRow, ({"id": no, "name": name} for no, name in enumerate(LINES, 1)))
        put(tx, tables.ProductRow, ({"id": no, "sku": f"S-{no}", "line_id": no} for no in range(1, 11)))
    for rows in (_contacts, _consents, _orders, _signs):
        for some in chunked(numbered):
            with it.store.write() as tx:
                rows(tx, some)
    settle(it)


def unreview(it: Shop) -> None:
    """Have nobody reviewed yet, as after an import."""
    with it.store.write() as tx:
        tx.exec_driver_sql("UPDATE contacts SET reviewed_at = 0")
        for name in ("stages", "order_facts", "agenda"):
            tx.exec_driver_sql(f"DELETE FROM {name}")
        tx.exec_driver_sql("INSERT INTO agenda SELECT id, 0, created_at FROM contacts")
    settle(it)


def enroll(it: Shop, world: World, *, each: int, soon: int, keys: Iterable[str] = tuple(CAMPAIGNS)) -> None:
    """Open so many enrollments in each campaign, at its first wait; the first `soon` of each are due at `SOON`, the
    others in ten days."""
    records = {live.record.key: live for live in world.live.values()}
    for place, key in enumerate(keys):
        live = records[key]
        assert live.edition is not None
        first = live.edition.numbers[live.edition.campaign.program.first]
        who = [
            (number, contact)
            for number, contact in enumerate(it.ids)
            if number % 5 == (place if key != "department" else 0) or key in ("hello", "trial")
        ]
        fitting = [pair for pair in who if key != "trial" or is_prospect(pair[0])]
        ids = it.store.ids.take(each, NOW)
        with it.store.write() as tx:
            put(
                tx,
                tables.EnrollmentRow,
                (
                    {
                        "id": id_,
                        "campaign_id": live.record.id,
                        "contact_id": contact,
                        "line_id": (number + 3) % 10 + 1 if key == "department" else 0,
                        "entry_key": "made",
                        "version": world.version,
                        "entered_at": _due(order, soon) - WAIT,
                        "step_no": first,
                        "since": _due(order, soon) - WAIT,
                        "due_at": _due(order, soon),
                    }
                    for order, (id_, (number, contact)) in enumerate(zip(ids, fitting, strict=False))
                ),
            )
    settle(it)


def _due(order: int, soon: int) -> Moment:
    return SOON if order < soon else NOW + 10 * DAY


def put(tx: Tx, row: type[Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, all with the same columns; the others have their defaults."""
    into: Table = table(row)
    more = {name: field.default for name, field in row.model_fields.items() if not field.is_required()}
    iterator = iter(rows)
    while some := list(islice(iterator, CHUNK)):
        columns = [it.name for it in into.c if it.name in some[0] or it.name in more]
        insert_many(
            tx, into, columns, [tuple(it.get(name, more.get(name)) for name in columns) for it in some]
        )


def chunked(values: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """In pieces of `CHUNK`."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def nurture(*arguments: str) -> int:
    """Run a command in a process of its own; returns how many MB it had at most."""
    ran = subprocess.run([sys.executable, "-c", _COMMAND, *arguments], check=True, capture_output=True)
    return int(ran.stderr.split()[-1]) // 1024


# As Linux counts it for the program alone: what getrusage tells has in it the process that started it.
_COMMAND = """
import pathlib, re, sys
from nurture.cli.main import main
try:
    main()
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    print(re.search(r"VmHWM:\\s*(\\d+)", status)[1], file=sys.stderr)
"""


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begin = perf_counter()
    work()
    return perf_counter() - begin


def _contacts(tx: Tx, some: list[tuple[int, int]]) -> None:
    put(
        tx,
        tables.ContactRow,
        (
            {
                "id": contact,
                "email": f"person-{number:07}@example.test",
                "first_name": "Ann",
                "timezone": PLACES[number % 8][0],
                "country": PLACES[number % 8][1],
                "attributes": _attributes(number),
                "created_at": NOW - (30 + number % 700) * DAY,
                "reviewed_at": NOW - DAY,
            }
            for number, contact in some
        ),
    )


def _attributes(number: int) -> str:
    """One in twenty is gold; every other one renews some day of the coming year."""
    own: dict[str, object] = {"tier": "gold" if number % 20 == 0 else "plain", "visits": number % 30}
    if number % 2:
        own["renews_at"] = f"{to_datetime(NOW + (31 + number % 300) * DAY):%Y-%m-%d}"
    return json.dumps(own)


def _consents(tx: Tx, some: list[tuple[int, int]]) -> None:
    put(
        tx,
        tables.ConsentStateRow,
        (
            {"contact_id": contact, "topic": topic, "agreed": number % 10 != 9, "at": NOW - 30 * DAY}
            for number, contact in some
            for topic in ("news", "offers")
        ),
    )


def _orders(tx: Tx, some: list[tuple[int, int]]) -> None:
    """Orders with one product each, the sums of the last review, and the stages that follow."""
    orders, goods, facts, stages, agenda = [], [], [], [], []
    for number, contact in some:
        count = orders_of(number)
        line = number % 10 + 1
        moments = [NOW - (2 + number % 20 + 15 * one) * DAY for one in reversed(range(count))]
        for one, at in enumerate(moments):
            order = number * 4 + one + 1
            orders.append(
                {
                    "id": order,
                    "order_id": str(order),
                    "contact_id": contact,
                    "ordered_at": at,
                    "amount": 2_500,
                }
            )
            goods.append(
                {"order_id": order, "product_id": line, "contact_id": contact, "line_id": line}
                | {"ordered_at": at, "amount": 2_500}
            )
        if count:
            stage = "customer/first-time" if count == 1 else "customer/repeat"
            for place in (0, line):
                whose = {"contact_id": contact, "line_id": place}
                facts.append(
                    whose
                    | {"count": count, "total": 2_500 * count, "first_at": moments[0], "last_at": moments[-1]}
                    | {"usual_gap_days": 15.0 if count == 3 else 30.0}
                )
                stages.append(whose | {"stage": stage, "since": moments[min(1, count - 1)]})
                agenda.append(whose | {"due_at": moments[-1] + 60 * DAY})
    for row, rows in (
        (tables.OrderRow, orders),
        (tables.OrderLineRow, goods),
        (tables.OrderFactsRow, facts),
        (tables.StageRow, stages),
        (tables.AgendaRow, agenda),
    ):
        put(tx, row, rows)


def _signs(tx: Tx, some: list[tuple[int, int]]) -> None:
    """One in five was mailed, one in twenty, customers all, clicked."""
    put(
        tx,
        tables.SignRow,
        (
            {"enrollment_id": number, "step_no": 1, "kind": kind, "contact_id": contact, "at": at}
            for number, contact in some
            for kind, at, each in (("received", NOW - 20 * DAY, 5), ("click", NOW - 20 * DAY + HOUR, 20))
            if number % each == 1
        ),
    )


def settle(it: Shop) -> None:
    """What the database does by itself in time: on PostgreSQL, count its rows."""
    if it.store.dialect == "postgresql":
        with it.store.write() as tx:
            tx.exec_driver_sql("ANALYZE")


def visit(it: Shop, who: Iterable[int]) -> None:
    """Have these people visit the shop at `SOON`."""
    people = list(who)
    ids = it.store.ids.take(len(people), SOON)
    with it.store.write() as tx:
        ensure(tx, "events", [SOON])
        put(
            tx,
            tables.EventRow,
            (
                {"at": SOON, "id": id_, "contact_id": contact, "name": "visited"}
                for id_, contact in zip(ids, people, strict=True)
            ),
        )
        agenda.put_on_agenda(tx, [(contact, 0, SOON) for contact in people])
