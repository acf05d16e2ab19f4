"""A list as one parameter of a statement, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from nurture.store.engine import Store
from nurture.store.statements import one_of, table
from nurture.store.tables import ContactRow, LineRow

_contacts = table(ContactRow)
_lines = table(LineRow)
BY_ID = select(_lines.c.id).where(one_of(_lines.c.id, "ids")).order_by(_lines.c.id)
BY_NAME = select(_lines.c.id).where(one_of(_lines.c.name, "names"))


@pytest.mark.parametrize("ids", [[], [2], {3, 1, 9}, range(10_000)])
def test_any_number_of_values_may_be_asked_for(store: Store, ids: list[int]) -> None:
    with store.write() as tx:
        tx.execute(_lines.insert(), [{"id": id_, "name": f"line {id_}"} for id_ in (1, 2, 3)])
    with store.read() as tx:
        assert tx.execute(BY_ID, {"ids": ids}).scalars().all() == [it for it in (1, 2, 3) if it in ids]


def test_text_is_asked_for_as_it_is(store: Store) -> None:
    names = ['a "quoted" one', "Käse", "back\\slash", "[1]"]
    with store.write() as tx:
        tx.execute(_lines.insert(), [{"id": at, "name": name} for at, name in enumerate(names, 1)])
    with store.read() as tx:
        assert sorted(tx.execute(BY_NAME, {"names": [*names, "no such line"]}).scalars()) == [1, 2, 3, 4]


def test_an_index_answers(store: Store) -> None:
    """Spelled as a comparison of a Boolean it would be tried on every row."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL chooses by how many rows there are")
    statement = select(_contacts.c.id).where(one_of(_contacts.c.email, "emails"))
    with store.read() as tx:
        spelled = str(statement.compile(dialect=tx.dialect))
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {spelled}", ("[]",)).all()
    assert any(row.detail.startswith("SEARCH contacts") for row in plan)
    assert not any(row.detail.startswith("SCAN contacts") for row in plan)
