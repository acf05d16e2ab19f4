"""Which lines go together."""

from __future__ import annotations

from sqlalchemy import insert

from nurture.store import affinity
from nurture.store.engine import Store
from nurture.store.statements import table
from nurture.store.tables import OrderFactsRow


def test_lines_are_ranked_by_what_people_with_the_same_lines_buy(store: Store) -> None:
    facts = table(OrderFactsRow)
    owned = {1: [1, 2], 2: [1, 2], 3: [1, 3], 4: [1], 5: [], 6: [2]}
    with store.write() as tx:
        rows = [
            {"contact_id": who, "line_id": line, "count": 1} for who, lines in owned.items() for line in lines
        ]
        tx.execute(insert(facts), rows)
        assert affinity.line_affinity(tx, [4]) == {4: ()}
        affinity.keep_lines(tx, affinity.count_lines(tx))
        assert affinity.line_affinity(tx, [4, 5, 6]) == {4: (2, 3), 5: (1, 2, 3), 6: (1, 3)}
