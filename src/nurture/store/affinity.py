"""Which product lines go together: who buys from one buys from which others."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, product
from operator import itemgetter

from sqlalchemy import select

from nurture.store import marks
from nurture.store.bulk import among
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import OrderFactsRow

_facts = table(OrderFactsRow)
_LINES = "lines bought together"

_BOUGHT_FROM = (
    select(_facts.c.contact_id, _facts.c.line_id)
    .where(_facts.c.line_id > 0, _facts.c.count > 0)
    .order_by(_facts.c.contact_id)
)


def count_lines(tx: Tx) -> str:
    """From all contacts, how often who buys from one line buys from another, for `keep_lines`: work for the night."""
    together: Counter[tuple[int, int]] = Counter()
    # Paired here: joined with itself in SQL it takes four times as long.
    rows = tx.execute(_BOUGHT_FROM, execution_options={"yield_per": 10_000})
    for _, of in groupby(rows, key=itemgetter(0)):
        lines = [line for _, line in of]
        together.update(product(lines, lines))
    return json.dumps([[a, b, count] for (a, b), count in sorted(together.items())])


def keep_lines(tx: Tx, counted: str) -> None:
    """Put what was counted in the place of what was counted before."""
    marks.put(tx, _LINES, counted)


def line_affinity(tx: Tx, contact_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """For each contact the lines they do not buy from yet, that people like them buy from most first.

    A line's rank is the mean, over the lines that the contact buys from, of the share of its buyers who buy
    from both.
    """
    buyers, shares_of = _lines_together(marks.get(tx, _LINES, "[]"))
    lines = buyers.keys()
    owned: dict[int, set[int]] = {contact: set() for contact in contact_ids}
    rows = tx.execute(
        _facts.select()
        .with_only_columns(_facts.c.contact_id, _facts.c.line_id)
        .where(among(tx, _facts.c.contact_id, contact_ids), _facts.c.line_id > 0, _facts.c.count > 0)
    )
    for contact, line in rows:
        owned[contact].add(line)
    found = {}
    for contact, mine in owned.items():
        known = [shares_of[own] for own in mine if own in lines]
        shares = {line: sum(shares.get(line, 0.0) for shares in known) for line in lines - mine}
        if not mine:
            shares = dict(buyers)
        found[contact] = tuple(sorted(shares, key=lambda line: (-shares[line], line)))
    return found


@lru_cache(maxsize=4)
def _lines_together(counted: str) -> tuple[dict[int, float], dict[int, dict[int, float]]]:
    """The buyers of each line, and for each line which share of its buyers buys from which other.

    Remembered, since it is counted once a night and asked with each batch.
    """
    rows = json.loads(counted)
    buyers = {a: float(together) for a, b, together in rows if a == b}
    shares: dict[int, dict[int, float]] = defaultdict(dict)
    for a, b, together in rows:
        shares[a][b] = together / buyers[a]
    return buyers, shares
