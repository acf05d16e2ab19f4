"""What is bought together: counted as orders come in, and read to recommend."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, product
from operator import itemgetter

from sqlalchemy import select, text

from nurture.clock import Moment
from nurture.store import marks
from nurture.store.bulk import among
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import OrderFactsRow

LARGEST = 60
"""Orders with more products say little about any two of them, and cost the square of their size."""

SEEDS = 40
"""From how many of the products bought last the others are looked for."""

BEST = 200
"""How many of a line's best sellers are looked at; who owns them all is offered none."""

_facts = table(OrderFactsRow)
_COUNTED = "orders counted for pairs"
_LINES = "lines bought together"

_SINGLE = """
CREATE TEMPORARY TABLE counted AS
SELECT l.order_id, l.product_id FROM order_lines l WHERE l.order_id IN (
    SELECT o.id FROM orders o JOIN order_lines x ON x.order_id = o.id
    WHERE o.ordered_at > {since} AND o.ordered_at <= {until}
      AND (o.undone_at = 0 OR o.undone_at > {until})
    GROUP BY o.id HAVING count(*) <= {largest})
"""

_COUNTS = """
INSERT INTO product_counts (product_id, orders)
SELECT product_id, count(*) FROM counted WHERE true GROUP BY product_id
ON CONFLICT (product_id) DO UPDATE SET orders = product_counts.orders + excluded.orders
"""

_PAIRS = """
INSERT INTO product_pairs (product_id, other_id, orders)
SELECT a.product_id, b.product_id, count(*)
FROM counted a JOIN counted b ON b.order_id = a.order_id AND b.product_id <> a.product_id
WHERE true GROUP BY a.product_id, b.product_id ORDER BY a.product_id, b.product_id
ON CONFLICT (product_id, other_id) DO UPDATE SET orders = product_pairs.orders + excluded.orders
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A product that a contact may be offered, and why."""

    product_id: int
    line_id: int
    because_id: int
    """The product of theirs that it is bought with; 0: it sells best on its line."""
    orders: int
    """How many orders held both; for a best seller, how many held it."""
    lift: float
    """How much oftener the two are bought together than chance would have it; 0 for a best seller."""


def count_pairs(tx: Tx, since: Moment, until: Moment) -> int:
    """Add the orders of (since, until] to the counts; returns how many rows of goods they had.

    Orders with more than `LARGEST` products are left out. Call it once for each span of time.
    """
    tx.exec_driver_sql("DROP TABLE IF EXISTS counted")
    tx.exec_driver_sql(_SINGLE.format(since=int(since), until=int(until), largest=LARGEST))
    tx.exec_driver_sql("CREATE INDEX counted_by_order ON counted (order_id)")
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("ANALYZE counted")
    rows, orders = tx.exec_driver_sql("SELECT count(*), count(DISTINCT order_id) FROM counted").one()
    tx.exec_driver_sql(_COUNTS)
    tx.exec_driver_sql(_PAIRS)
    tx.exec_driver_sql("DROP TABLE counted")
    before = int(marks.get_for_update(tx, _COUNTED, "0"))
    marks.put(tx, _COUNTED, str(before + orders))
    return int(rows)


_BEST = """
WITH wishes AS ({wishes}),
bought AS (
    SELECT l.contact_id, l.product_id, max(l.ordered_at) AS last_at
    FROM order_lines l JOIN orders o ON o.id = l.order_id
    WHERE l.contact_id IN (SELECT contact_id FROM wishes)
      AND o.ordered_at <= :now AND (o.undone_at = 0 OR o.undone_at > :now)
    GROUP BY l.contact_id, l.product_id),
seeds AS (
    SELECT contact_id, product_id FROM (
        SELECT contact_id, product_id,
               row_number() OVER (PARTITION BY contact_id ORDER BY last_at DESC, product_id) AS place
        FROM bought) ranked
    WHERE place <= :seeds),
together AS (
    SELECT w.contact_id, w.line_id, p.id AS product_id, p.line_id AS on_line, s.product_id AS because_id,
           pairs.orders, 1.0 * pairs.orders * :all_orders / (mine.orders * theirs.orders) AS lift
    FROM wishes w
    JOIN seeds s ON s.contact_id = w.contact_id
    JOIN product_pairs pairs ON pairs.product_id = s.product_id AND pairs.orders >= :at_least
    JOIN products p ON p.id = pairs.other_id AND p.in_stock AND (w.line_id = 0 OR p.line_id = w.line_id)
    JOIN product_counts mine ON mine.product_id = s.product_id
    JOIN product_counts theirs ON theirs.product_id = p.id
    WHERE NOT EXISTS (
        SELECT 1 FROM bought b WHERE b.contact_id = w.contact_id AND b.product_id = p.id)),
strongest AS (
    SELECT together.*, row_number() OVER (
        PARTITION BY contact_id, line_id, product_id ORDER BY lift DESC, orders DESC, because_id) AS reason
    FROM together)
SELECT contact_id, line_id, product_id, on_line, because_id, orders, lift FROM (
    SELECT strongest.*, row_number() OVER (
        PARTITION BY contact_id, line_id ORDER BY lift DESC, orders DESC, product_id) AS place
    FROM strongest WHERE reason = 1) ranked
WHERE place <= :count ORDER BY contact_id, line_id, place
"""

_SELLERS = """
WITH wishes AS ({wishes}),
sellers AS (
    SELECT * FROM (
        SELECT on_lines.line_id AS wished, p.id AS product_id, p.line_id AS on_line, c.orders,
               row_number() OVER (PARTITION BY on_lines.line_id ORDER BY c.orders DESC, p.id) AS place
        FROM (SELECT DISTINCT line_id FROM wishes) on_lines
        JOIN products p ON p.in_stock AND (on_lines.line_id = 0 OR p.line_id = on_lines.line_id)
        JOIN product_counts c ON c.product_id = p.id) ranked
    WHERE place <= :best),
bought AS (
    SELECT DISTINCT contact_id, product_id FROM order_lines
    WHERE contact_id IN (SELECT contact_id FROM wishes) AND ordered_at <= :now)
SELECT contact_id, line_id, product_id, on_line, 0 AS because_id, orders, 0.0 AS lift FROM (
    SELECT w.contact_id, w.line_id, s.product_id, s.on_line, s.orders,
           row_number() OVER (
               PARTITION BY w.contact_id, w.line_id ORDER BY s.orders DESC, s.product_id) AS place
    FROM wishes w JOIN sellers s ON s.wished = w.line_id
    LEFT JOIN bought b ON b.contact_id = w.contact_id AND b.product_id = s.product_id
    WHERE b.product_id IS NULL) ranked
WHERE place <= :count ORDER BY contact_id, line_id, place
"""

Wish = tuple[int, int]
"""A contact and the line to recommend from; line 0: from all."""


def best_pairs(
    tx: Tx, wishes: Collection[Wish], now: Moment, *, count: int = 6, at_least: int = 3
) -> dict[Wish, tuple[Candidate, ...]]:
    """What goes with what each contact owns, as at `now`: not owned yet, in stock, the greatest lift first.

    Two products count as bought together from `at_least` orders on. A wish with nothing to it is left out.
    """
    parameters = {"all_orders": int(marks.get(tx, _COUNTED, "0")), "at_least": at_least, "seeds": SEEDS}
    return _read(tx, _BEST, wishes, {**parameters, "count": count, "now": now})


def best_sellers(
    tx: Tx, wishes: Collection[Wish], now: Moment, *, count: int = 6
) -> dict[Wish, tuple[Candidate, ...]]:
    """What sells best on each wish's line that the contact does not own yet: for where no pair is known."""
    return _read(tx, _SELLERS, wishes, {"count": count, "now": now, "best": BEST})


def _read(
    tx: Tx, statement: str, wishes: Collection[Wish], parameters: Mapping[str, int]
) -> dict[Wish, tuple[Candidate, ...]]:
    if not wishes:
        return {}
    picked = "SELECT json_extract(value, '$[0]') AS contact_id, json_extract(value, '$[1]') AS line_id"
    source = f"{picked} FROM json_each(:wishes)"
    if tx.dialect.name == "postgresql":
        picked = "SELECT CAST(value->>0 AS bigint) AS contact_id, CAST(value->>1 AS bigint) AS line_id"
        source = f"{picked} FROM jsonb_array_elements(CAST(:wishes AS jsonb))"
    rows = tx.execute(
        text(statement.format(wishes=source)), {**parameters, "wishes": json.dumps(list(wishes))}
    )
    found: dict[Wish, list[Candidate]] = defaultdict(list)
    for contact, line, product_id, on_line, because, orders, lift in rows:
        candidate = Candidate(
            product_id=product_id, line_id=on_line, because_id=because, orders=orders, lift=float(lift)
        )
        found[contact, line].append(candidate)
    return {wish: tuple(candidates) for wish, candidates in found.items()}


_BOUGHT_FROM = (
    select(_facts.c.contact_id, _facts.c.line_id)
    .where(_facts.c.line_id > 0, _facts.c.count > 0)
    .order_by(_facts.c.contact_id)
)


def count_lines(tx: Tx) -> None:
    """Work out from all contacts how often who buys from one line buys from another: work for the night."""
    together: Counter[tuple[int, int]] = Counter()
    # Paired here: joined with itself in SQL it takes four times as long.
    rows = tx.execute(_BOUGHT_FROM, execution_options={"yield_per": 10_000})
    for _, of in groupby(rows, key=itemgetter(0)):
        lines = [line for _, line in of]
        together.update(product(lines, lines))
    marks.put(tx, _LINES, json.dumps([[a, b, count] for (a, b), count in sorted(together.items())]))


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
