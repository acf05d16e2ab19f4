"""Expressions as SQL where databases differ from Python, and what they cost."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from nurture.audience.expressions import parse, values
from nurture.runner.facts import gather
from nurture.store.engine import Store, open_store
from nurture.store.expressions import Asking, Narrowed, condition, narrowed
from nurture.store.statements import table
from nurture.store.tables import ContactRow, LineRow
from support.strangers import LINES, NOW, fill, world

_contacts = table(ContactRow)
_lines = table(LineRow)


def asking(store: Store, **more: Any) -> Asking:
    return Asking(
        dialect=store.dialect,
        now=NOW,
        first_stage="prospect",
        usual_gap_days=25.5,
        zone="UTC",
        lines=LINES,
        **more,
    )


def people(store: Store, attributes: Mapping[int, Mapping[str, object]], **more: str) -> None:
    """Contacts by id, with these attributes."""
    blank = {
        "external_id": "",
        "first_name": "",
        "last_name": "",
        "locale": "",
        "timezone": "",
        "country": "",
    }
    rows = [
        {
            **blank, "id": id_, "email": f"{id_}@example.test", "tags": "[]", "created_at": 0, "reviewed_at": 0,
            "attributes": json.dumps(given), **more,
        }
        for id_, given in attributes.items()
    ]  # fmt: skip
    with store.write() as tx:
        tx.execute(_contacts.insert(), rows)


def who(store: Store, where: Any) -> set[int]:
    with store.read() as tx:
        return set(tx.execute(select(_contacts.c.id).where(where)).scalars())


def asked(store: Store, text: str) -> Narrowed:
    return narrowed(parse(text), asking(store))


def test_sums_and_products_are_the_same_to_the_last_bit_and_to_the_bounds(store: Store) -> None:
    """Each contact holds two numbers and what Python makes of them."""
    chance = random.Random(1)

    def some() -> float:
        size = chance.choice((1, 15, 150, 299))
        return chance.choice((0, 1, -1, 1 / 3, chance.uniform(-10, 10) * 10 ** chance.randint(-size, size)))

    for op, reckon in values.ARITHMETIC.items():
        pairs = {id_: (some(), some()) for id_ in range(1, 301)}
        sums = {id_: reckon(*pair) for id_, pair in pairs.items()}
        known = {
            id_: {"a": a, "b": b} | ({} if sums[id_] is None else {"sum": sums[id_]})
            for id_, (a, b) in pairs.items()
        }
        with store.write() as tx:
            tx.execute(_contacts.delete())
        people(store, known)
        found = asked(store, f"contact.a {op} contact.b == contact.sum and contact.a * 1 == contact.a")
        assert found.exact
        assert who(store, found.possible) == set(pairs)


@pytest.mark.parametrize(
    "form", ["contact.a + {}", "-{} - contact.a", "contact.a * ({})", "({}) / contact.a"]
)
def test_however_long_a_sum_is_nobody_is_lost(store: Store, form: str) -> None:
    text = "contact.a"
    for _ in range(20):
        text = form.format(text)
    people(store, {1: {"a": 2}, 2: {}})
    assert 1 in who(store, asked(store, f"{text} != none").possible)
    assert who(store, asked(store, f"{text} == none").certain) <= {2}


@pytest.mark.parametrize("form", ["not ({})", "(contact.a == 1 or ({}))", '(did("x", a=({})) == false)'])
@pytest.mark.parametrize("depth", [2, 6, 14])
def test_however_deep_conditions_lie_in_one_another_nobody_is_lost(
    store: Store, form: str, depth: int
) -> None:
    text = "contact.a == 1"
    for _ in range(depth):
        text = form.format(text)
    people(store, {1: {"a": 1}, 2: {}})
    found = asked(store, text)
    if depth == 2:
        assert found.exact
    assert who(store, found.certain) <= who(store, found.possible)


def test_a_date_is_in_doubt_only_within_a_day(store: Store) -> None:
    """And only on PostgreSQL; a day that is none is missing."""
    dates = {
        1: "2023-11-01", 2: "2023-12-01 10:00", 3: "2023-11-14", 4: "2023-02-30", 5: "no date", 6: "1.11.2023",
        7: "2024-02-29", 8: "0000-01-01", 9: "2023-13-01", 10: "2023-11-10T10:00:00",
    }  # fmt: skip
    people(store, {id_: {"due": date} for id_, date in dates.items()}, timezone="Asia/Tokyo")
    for text in ("contact.due < now", "days_since(contact.due) > 0", "0 > -days_since(contact.due)"):
        found = asked(store, text)
        if store.dialect == "sqlite":
            assert found.exact
            assert who(store, found.possible) == {1, 3, 10}
        else:
            assert who(store, found.certain) == {1, 10}
            assert who(store, found.doubt) == {3, 4, 6, 8, 9}


def test_on_postgresql_a_reckoned_date_is_in_doubt(store: Store) -> None:
    people(store, {1: {"due": "2020-01-01"}, 2: {"due": 5}, 3: {}})
    found = asked(store, "days_since(contact.due) + 1 > 0")
    assert who(store, found.possible) == {1, 2}
    assert who(store, found.certain) == ({1, 2} if store.dialect == "sqlite" else {2})


def test_text_is_compared_by_code_points_and_never_as_a_pattern(store: Store) -> None:
    people(store, {1: {"a": "Z"}, 2: {"a": "a"}, 3: {"a": "ä"}, 4: {"a": "50%"}, 5: {"a": "\U0001f600"}})
    assert who(store, condition(parse('contact.a < "a"'), asking(store))) == {1, 4}
    assert who(store, condition(parse('contact.a > "\uffff"'), asking(store))) == {5}
    assert who(store, condition(parse('"%" in contact.a'), asking(store))) == {4}
    assert who(store, condition(parse('"" in contact.a'), asking(store))) == {1, 2, 3, 4, 5}


def test_the_line_may_be_a_column_of_the_query(store: Store, tmp_path: Path) -> None:
    ids = fill(store, 3)
    expression = parse(
        'line.stage == "customer" or line.orders.within("90 days").count > 0 or line.name == "SEAFOOD"'
        " and line.orders.usual_gap_days == 25.5"
    )
    found = narrowed(expression, asking(store, line=_lines.c.id))
    both = select(_contacts.c.id, _lines.c.id).select_from(_contacts.join(_lines, _lines.c.id > 0))
    with store.read() as tx:
        rows = {tuple(row) for row in tx.execute(both.where(found.possible))}
        batch = gather(tx, world(tmp_path), ids, NOW, expression.needs)
    assert rows == {
        (id_, line)
        for id_ in ids
        for line in LINES.values()
        if expression.holds(batch.on_line(batch.of(id_), line), NOW)
    }
    assert 0 < len(rows) < len(ids) * len(LINES)


def test_no_expression_is_everybody(store: Store) -> None:
    people(store, {1: {}, 2: {}})
    assert who(store, condition(None, asking(store))) == {1, 2}


def test_what_only_python_can_tell_is_no_condition(store: Store) -> None:
    with pytest.raises(ValueError, match="only Python"):
        condition(parse('orders.within("90 days").usual_gap_days > 3'), asking(store))


SEEKS = [
    'orders.within("90 days").count >= 2',
    'lines["FLORAL"].orders.within("90 days").total > 10',
    '"R-12" in orders.skus',
    'engagement.within("90 days").clicks >= 1',
    'did("viewed", within="30 days", sku="R-12")',
    'last("answered").score == 3',
    'clicked("intro/welcome")',
    'in_campaign("intro")',
    'stage == "customer" and lines["FLORAL"].stage != "customer"',
    "orders.days_since_last > 3 * orders.usual_gap_days",
]


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, now=NOW, durable=False)
    yield opened
    opened.close()


@pytest.mark.parametrize("text", SEEKS)
def test_an_index_finds_what_is_asked_of_each_contact(sqlite: Store, text: str) -> None:
    """Only the contacts are walked over, and the few campaigns. PostgreSQL chooses by how many rows there are."""
    statement = select(_contacts.c.id).where(condition(parse(text), asking(sqlite)))
    with sqlite.read() as tx:
        spelled: Any = statement.compile(dialect=tx.dialect, compile_kwargs={"render_postcompile": True})
        given = tuple(spelled.params[name] for name in spelled.positiontup)
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {spelled}", given).all()
    walked = {row.detail.split()[1] for row in plan if row.detail.startswith("SCAN")}
    assert walked <= {"contacts", "campaigns_1", "campaigns_2", "CONSTANT"}
    assert any(row.detail.startswith("SEARCH") for row in plan)
