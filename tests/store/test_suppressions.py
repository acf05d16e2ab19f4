"""Addresses that are never mailed again."""

from __future__ import annotations

from sqlalchemy import select

from nurture.store import suppressions
from nurture.store.engine import Store
from nurture.store.statements import table
from nurture.store.tables import SuppressionRow
from support.databases import START

KEY = b"k" * 32


def test_a_suppressed_address_is_known_however_it_is_written(store: Store) -> None:
    with store.write() as tx:
        suppressions.suppress(tx, KEY, ["Ann@Shop.Example"], reason="hard bounce", at=START)
        found = suppressions.suppressed(tx, KEY, ["ann@shop.example", "bob@shop.example"])
        assert found == {"ann@shop.example": "hard bounce"}
        assert suppressions.suppressed(tx, b"another", ["ann@shop.example"]) == {}


def test_the_address_itself_is_not_kept(store: Store) -> None:
    with store.write() as tx:
        suppressions.suppress(tx, KEY, ["ann@shop.example"], reason="erased", at=START)
        (row,) = tx.execute(select(table(SuppressionRow))).all()
    assert "ann" not in str(row)
    assert len(row.address_hash) == 64


def test_the_first_reason_stays_until_the_address_is_released(store: Store) -> None:
    with store.write() as tx:
        for reason in ("complaint", "hard bounce"):
            suppressions.suppress(tx, KEY, ["a@x.example"], reason=reason, at=START)
        assert suppressions.suppressed(tx, KEY, ["a@x.example"]) == {"a@x.example": "complaint"}
        assert suppressions.release(tx, KEY, ["A@x.example", "b@x.example"]) == 1
        assert suppressions.suppressed(tx, KEY, ["a@x.example"]) == {}
