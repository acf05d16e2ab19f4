"""Importing files, whole and broken."""

from __future__ import annotations

import csv
import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from nurture.clock import DAY
from nurture.errors import IntakeError
from nurture.runner.intake import Imported, import_file
from nurture.runner.intake_rows import Kind
from nurture.store import consents, people
from nurture.store.engine import Store, open_store
from nurture.store.statements import table
from nurture.store.tables import ContactRow, EventRow, OrderLineRow, OrderRow, ProductRow
from support.databases import START

GROCERY = Path(__file__).parents[2] / "examples" / "grocery"
NOW = START + 400 * DAY

Take = Callable[..., Imported]


def _taker(store: Store) -> Take:
    def take(kind: Kind, path: Path, **others: object) -> Imported:
        arguments: dict[str, object] = {
            "now": NOW,
            "zone": ZoneInfo("Europe/Berlin"),
            "currency": "USD",
            "address_key": b"k" * 32,
            "topics": ["offers", "news"],
            "workspace": path.parent,
        }
        return import_file(store, kind, path, **{**arguments, **others})  # type: ignore[arg-type]

    return take


@pytest.fixture
def small(sqlite_url: str) -> Iterator[Store]:
    """A store on SQLite, for what has to do with files alone."""
    opened = open_store(sqlite_url, now=START, durable=False)
    yield opened
    opened.close()


@pytest.fixture
def take(small: Store) -> Take:
    return _taker(small)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def _count(store: Store, row: type) -> int:
    with store.read() as tx:
        return tx.execute(select(func.count()).select_from(table(row))).scalar_one()


@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)], indirect=True
)
@pytest.mark.nightly
def test_the_grocers_year_goes_in_once_and_a_second_time_changes_nothing(
    store: Store, tmp_path: Path
) -> None:
    take = _taker(store)
    files: list[tuple[Kind, str, int]] = [
        ("contacts", "contacts.csv", 162),
        ("products", "products.csv.gz", 21_019),
        ("orders", "orders.csv.gz", 93_319),
    ]
    started = time.monotonic()
    for kind, name, rows in files:
        path = tmp_path / name
        path.write_bytes((GROCERY / name).read_bytes())
        assert take(kind, path).taken == rows
    assert time.monotonic() - started < 30, "it takes two seconds on a quiet machine"
    for kind, name, rows in files:
        again = take(kind, tmp_path / name)
        assert (again.taken, again.unchanged, again.rejected) == (0, rows, 0)
    assert (_count(store, OrderRow), _count(store, OrderLineRow)) == (10_525, 93_319)
    with gzip.open(GROCERY / "orders.csv.gz", "rt") as lines:
        paid = sum(round(float(row["amount"]) * 100) for row in csv.DictReader(lines))
    with store.read() as tx:
        assert tx.execute(select(func.sum(table(OrderRow).c.amount))).scalar() == paid


def test_contacts_bring_attributes_of_three_types_and_blanks_are_missing(
    store: Store, file: Callable[..., Path]
) -> None:
    path = file(
        "Email,First Name,Age,ZIP,Owns Home,Note\nAnn@X.example, Ann ,41,01067,yes,a\nb@x.example,,,,,\n"
    )
    assert _taker(store)("contacts", path).taken == 2
    with store.read() as tx:
        ann, other = people.by_email(tx, "ann@x.example"), people.by_email(tx, "b@x.example")
    assert ann is not None
    assert other is not None
    assert ann.first_name == "Ann"
    assert ann.attributes == {"age": 41, "zip": "01067", "owns_home": True, "note": "a"}
    assert other.attributes == {}
    assert ann.created_at == NOW


def test_ndjson_is_told_apart_by_what_is_in_it(store: Store, file: Callable[..., Path]) -> None:
    rows = [
        {"email": "a@x.example", "tags": ["one", "two"], "age": 41, "share": 0.5, "vip": True, "none": None},
        {"email": "b@x.example", "other": "thing", "first_name": None},
    ]
    path = file(gzip.compress("\n".join(map(json.dumps, rows)).encode()), "contacts.txt")
    assert _taker(store)("contacts", path).taken == 2
    with store.read() as tx:
        ann, other = people.by_email(tx, "a@x.example"), people.by_email(tx, "b@x.example")
    assert ann is not None
    assert other is not None
    assert ann.tags == ("one", "two")
    assert ann.attributes == {"age": 41, "share": 0.5, "vip": True}
    assert other.attributes == {"other": "thing"}


def test_events_are_known_by_their_id_or_by_all_they_say(store: Store, file: Callable[..., Path]) -> None:
    path = file(
        "id,email,name,at,page\n1,a@x.example,viewed,2017-05-01,/a\n1,a@x.example,viewed,2017-05-01,/a\n"
        ",a@x.example,viewed,2017-05-02T10:00,/b\n,a@x.example,viewed,2017-05-02T10:00,/b\n"
    )
    take = _taker(store)
    first, again = take("events", path), take("events", path)
    assert (first.taken, first.unchanged, again.taken, again.unchanged) == (2, 2, 0, 4)
    with store.read() as tx:
        events = table(EventRow)
        assert [
            json.loads(it) for it in tx.execute(select(events.c.properties).order_by(events.c.at)).scalars()
        ] == [
            {"page": "/a"},
            {"page": "/b"},
        ]


def test_consent_comes_from_the_column_or_the_basis_and_never_undoes_an_unsubscribe(
    small: Store, take: Take, file: Callable[..., Path]
) -> None:
    path = file("email,consent\na@x.example,newsletter form 2016\nb@x.example,\nc@x.example,no\n")
    take("contacts", path, basis="not used")
    plain = file("email\nd@x.example\n", "plain.csv")
    assert "no consent" in " ".join(take("contacts", plain).notes)
    with small.read() as tx:
        ids = people.ids_by_email(tx, [f"{it}@x.example" for it in "abcd"])
        assert consents.agreed(tx, ids.values(), "offers") == {ids["a@x.example"]}
    with small.write() as tx:
        consents.withdraw(tx, small.ids, ids["a@x.example"], ["offers"], at=NOW + 1, basis="one-click")
    take("contacts", path)
    take("contacts", plain, basis="paper form")
    with small.read() as tx:
        assert consents.agreed(tx, ids.values(), "offers") == {ids["d@x.example"]}
        assert consents.agreed(tx, ids.values(), "news") == {ids["a@x.example"], ids["d@x.example"]}


BAD_ORDERS = {
    "1,,2017-05-01,s,1,1.00,,": "email is missing",
    "2,ann,2017-05-01,s,1,1.00,,": "not an e-mail address",
    "3,a@x.example,2099-01-01,s,1,1.00,,": "in the future",
    "4,a@x.example,1911-01-01,s,1,1.00,,": "before 1970",
    "5,a@x.example,yesterday,s,1,1.00,,": "not a time",
    "6,a@x.example,2017-05-01,s,many,1.00,,": "not a number",
    '7,a@x.example,2017-05-01,s,1,"1,00",,': "not a number",
    "8,a@x.example,2017-05-01,s,1,NaN,,": "not a number",
    "9,a@x.example,2017-05-01,s,1,,,": "amount is missing",
    "10,a@x.example,2017-05-01,s,1,1.00,lost,": "status is 'lost'",
    "11,a@x.example,2017-05-01,s,1,1.00,,EUR": "keeps its amounts in USD",
    "12,a@x.example,2017-05-01,,1,1.00,,": "sku is missing",
    "13,a@x.example,2017-05-01,s,1,1.00,,,extra": "9 cells",
    f"14,a@x.example,2017-05-01,{'s' * 300},1,1.00,,": "longer than 200",
    "15,a@localhost,2017-05-01,s,1,1.00,,": "not an e-mail address",
    "16,a@x.example,9999-12-31T23:59:59-12:00,s,1,1.00,,": "a",
}


def test_rows_that_cannot_be_taken_are_listed_with_their_reasons_and_the_rest_goes_in(
    small: Store, take: Take, file: Callable[..., Path]
) -> None:
    head = "order_id,email,ordered_at,sku,quantity,amount,status,currency\n"
    good = ["a,a@x.example,2017-05-01,s,1,1.00,,usd", "b,a@x.example,2017-05-01,s,,2,cancelled,"]
    path = file(head + "\n".join([good[0], "", *BAD_ORDERS, good[1]]) + "\n", "orders.csv")
    done = take("orders", path)
    assert (done.taken, done.rejected) == (2, len(BAD_ORDERS))
    assert done.rejects_path == path.with_name("orders.csv.rejects.csv")
    with done.rejects_path.open(newline="") as listed:
        rows = list(csv.DictReader(listed))
    for line, (row, reason) in enumerate(zip(rows, BAD_ORDERS.values(), strict=True), 4):
        assert row["rejected_line"] == str(line)
        assert reason in row["rejected_because"]
    assert _count(small, OrderRow) == 2


def test_a_list_of_rejects_can_be_put_right_and_imported_and_goes_when_all_is_well(
    take: Take, file: Callable[..., Path]
) -> None:
    path = file("email,age\nann,41\nb@x.example,7\n", "c.csv")
    listed = take("contacts", path).rejects_path
    assert listed is not None
    listed.write_text(listed.read_text().replace(",ann,", ",ann@x.example,"))
    fixed = listed.rename(listed.with_name("fixed.csv"))
    assert (take("contacts", fixed).taken, take("contacts", fixed).rejected) == (1, 0)
    take("contacts", path)
    file("email,age\nann@x.example,41\n", "c.csv")
    assert take("contacts", path).rejects_path is None
    assert not listed.exists()


def test_no_cell_of_a_rejects_file_is_a_formula(take: Take, file: Callable[..., Path]) -> None:
    path = file("email,note\n=cmd|' /C calc'!A0,\"@SUM(1)\"\n+x,-2\n")
    listed = take("contacts", path).rejects_path
    assert listed is not None
    with listed.open(newline="") as rows:
        cells = [cell for row in csv.reader(rows) for cell in row]
    assert not [it for it in cells if it.startswith(("=", "+", "@", "\t", "\r"))]
    assert "-2" in cells


def test_rejects_go_to_the_workspace_where_the_files_folder_cannot_be_written(
    take: Take, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "c.csv"
    path.write_text("email\nann\n")
    (folder / "c.csv.rejects.csv").mkdir()
    assert take("contacts", path, workspace=tmp_path).rejects_path == tmp_path / "c.csv.rejects.csv"
    (tmp_path / "c.csv.rejects.csv").unlink()
    (tmp_path / "c.csv.rejects.csv").mkdir()
    with pytest.raises(IntakeError, match="no place to list them"):
        take("contacts", path, workspace=tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b"mail,name\na@x.example,A\n",
            r"needs email, and its columns are: mail, name\n.*'mail' meant to be 'email'",
        ),
        (b"", "the file is empty"),
        (b"\n\n\n", "the file is empty"),
        (b"email,email\n", "'email' is there twice"),
        (b"PK\x03\x04rest", "Excel or zip"),
        (b"%PDF-1.7", "a PDF"),
        (b"a\0b,email\n", "not text"),
        (b"\xff\xfee\0m\0a\0i\0l\0", "not UTF-8"),
        (b"\x1f\x8bnot really gzip", "compression breaks off"),
        (b'{"mail": "a@x.example"}\n', "needs email"),
        (b'{"email": \n', "it is not JSON"),
        (b"x" * 1_100_000, "longer than"),
    ],
)
def test_a_file_that_is_none_is_refused_with_nothing_imported(
    small: Store, take: Take, file: Callable[..., Path], content: bytes, says: str
) -> None:
    path = file(content)
    with pytest.raises(IntakeError, match=says) as caught:
        take("contacts", path)
    assert str(path) in str(caught.value)
    assert _count(small, ContactRow) == 0


def test_a_file_that_is_not_there_is_named(take: Take, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(IntakeError, match="cannot be opened"):
            take("contacts", path)


def _many(count: int) -> bytes:
    return b"email\n" + b"".join(b"p%d@x.example\n" % n for n in range(count))


def test_a_file_that_breaks_off_keeps_what_was_taken_and_says_how_much(
    small: Store, take: Take, file: Callable[..., Path]
) -> None:
    broken = {
        "gzip.csv.gz": (gzip.compress(_many(3_000), 1)[:-4_000], "breaks off"),
        "crc.csv.gz": (gzip.compress(_many(3_000), 1)[:-8] + bytes(8), "breaks off"),
        "latin.csv": (_many(3_000) + "Zoë@x.example\n".encode("latin-1"), "not UTF-8"),
        "quote.csv": (_many(3_000) + b'"' + b"x\n" * 100_000, "quotation mark"),
    }
    for name, (content, says) in broken.items():
        with pytest.raises(IntakeError, match=f"(?s){says}.*harmless") as caught:
            take("contacts", file(content, name), batch_size=10)
        assert "rows before it were taken" in str(caught.value)
    taken = _count(small, ContactRow)
    assert 10 <= taken <= 3_000
    again = take("contacts", file(_many(3_000), "whole.csv"))
    assert again.unchanged == taken
    assert again.taken == 3_000 - taken


def test_rows_of_one_order_stay_in_one_batch(take: Take, small: Store, file: Callable[..., Path]) -> None:
    rows = "".join(f"{n // 15},a@x.example,2017-05-01,same,1,1.00\n" for n in range(60))
    path = file("order_id,email,ordered_at,sku,quantity,amount\n" + rows)
    assert take("orders", path, batch_size=10).taken == 60
    assert take("orders", path, batch_size=10).taken == 0
    with small.read() as tx:
        assert tx.execute(select(table(OrderRow).c.amount)).scalars().all() == [1500] * 4


def test_progress_is_told_in_bytes_of_the_file_and_rows(take: Take, file: Callable[..., Path]) -> None:
    told: list[tuple[int, int]] = []
    path = file(gzip.compress(_many(1_000)), "c.csv.gz")
    take("contacts", path, batch_size=10, progress=lambda size, rows: told.append((size, rows)))
    assert told[-1] == (path.stat().st_size, 1_000)
    assert told == sorted(told)


def test_json_rows_that_are_none_are_turned_away_one_by_one(take: Take, file: Callable[..., Path]) -> None:
    bad = [
        "{",
        "[1]",
        "[" * 100_000,
        '{"email": "a@x.example", "n": NaN}',
        '{"email": "a@x.example", "n": ' + "9" * 5_000 + "}",
        '{"email": "a@x.example", "n": "\\ud800"}',
        '{"email": ["a@x.example"]}',
        '{"email": "a@x.example", "n": {"deep": 1}}',
        '{"first_name": "nobody"}',
        '{"email": "a@x.example", ' + ", ".join(f'"n{n}": 1' for n in range(300)) + "}",
    ]
    path = file('{"email": "first@x.example"}\n' + "\n".join(bad), "c.ndjson")
    done = take("contacts", path)
    assert (done.taken, done.rejected) == (1, len(bad))


def test_semicolons_and_a_byte_order_mark_are_read_as_spreadsheets_write_them(
    small: Store, take: Take, file: Callable[..., Path]
) -> None:
    path = file("\ufeffemail;first_name\r\na@x.example;Ann\r\n")
    assert take("contacts", path).taken == 1
    with small.read() as tx:
        found = people.by_email(tx, "a@x.example")
    assert found is not None
    assert found.first_name == "Ann"


def test_products_name_the_columns_that_are_not_used(
    small: Store, take: Take, file: Callable[..., Path]
) -> None:
    path = file("sku,name,price,in_stock,brand,size\n1,Rose,4.99,no,Own,L\n")
    assert take("products", path).notes == ("not used: brand, size",)
    with small.read() as tx:
        row = tx.execute(select(table(ProductRow))).one()
    assert (row.price, bool(row.in_stock)) == (499, False)


def test_a_currency_without_cents_has_none(small: Store, take: Take, file: Callable[..., Path]) -> None:
    path = file("sku,price\n1,1200\n")
    take("products", path, currency="JPY")
    with small.read() as tx:
        assert tx.execute(select(table(ProductRow).c.price)).scalar() == 1200
