"""What may be recommended to a contact: what goes with what they own, the next step up, what sells best."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import text

from nurture.clock import Moment
from nurture.offers.recommending import MOST
from nurture.store.engine import Tx

SEEDS = 20
"""From how many of the products bought last the others are looked for."""

BEST = 200
"""How many of a line's best sellers are looked at; who owns them all is offered none."""

Wish = tuple[int, int]
"""A contact and the line to recommend from; line 0: from all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A product that a contact may be offered, and why."""

    product_id: int
    line_id: int
    because_id: int
    """The product of theirs that it goes with, or is the next step up from; 0: it sells best on its line."""
    held: int
    """How many orders, or people, had both; for a best seller, how many orders held it; for a step up, how often they
    bought what it is instead of."""
    by_people: bool
    ratio: float
    """How much oftener the two are had together than chance would have it; for a step up, its price divided by that
    of what they buy; for a best seller 0."""


# Owned is what stands in an order that stands. Only what can be shown is recommended: in a shop whose products have
# pictures, none without one.
_BOUGHT = """
wishes AS ({wishes}),
bought AS (
    SELECT l.contact_id, l.product_id, max(l.ordered_at) AS last_at, count(*) AS times
    FROM order_lines l JOIN orders o ON o.id = l.order_id
    WHERE l.contact_id IN (SELECT contact_id FROM wishes)
      AND l.ordered_at <= :now AND (o.undone_at = 0 OR o.undone_at > :now)
    GROUP BY l.contact_id, l.product_id),
"""
_SEEDS = """
seeds AS (
    SELECT contact_id, product_id, times, last_at FROM (
        SELECT bought.*, row_number() OVER (PARTITION BY contact_id ORDER BY last_at DESC, product_id) AS place
        FROM bought) latest
    WHERE place <= :seeds),
"""
_FIT = "p.in_stock AND (p.image_url <> '' OR NOT EXISTS (SELECT 1 FROM products x WHERE x.image_url <> ''))"
_NEW = """NOT EXISTS (SELECT 1 FROM bought b WHERE b.contact_id = w.contact_id AND b.product_id = p.id)"""

# CROSS JOIN keeps SQLite from looking through all wishes for each product.
_TOGETHER = f"""
WITH {_BOUGHT} {_SEEDS}
found AS (
    SELECT w.contact_id, w.line_id, p.id AS product_id, p.line_id AS on_line, s.product_id AS because_id,
           pairs.held, pairs.by_people, pairs.lift AS ratio, pairs.strength AS rank
    FROM wishes w CROSS JOIN seeds s CROSS JOIN product_pairs pairs CROSS JOIN products p
    WHERE s.contact_id = w.contact_id AND pairs.product_id = s.product_id AND p.id = pairs.other_id
      AND (w.line_id = 0 OR p.line_id = w.line_id) AND {_FIT} AND {_NEW}),
"""

_UP = f"""
WITH {_BOUGHT} {_SEEDS}
steps AS (
    SELECT w.contact_id, w.line_id, p.id AS product_id, p.line_id AS on_line, s.product_id AS because_id,
           s.times AS held, st.ratio, st.place AS sells, s.last_at
    FROM wishes w CROSS JOIN seeds s CROSS JOIN product_steps st CROSS JOIN products p
    WHERE s.contact_id = w.contact_id AND st.product_id = s.product_id AND p.id = st.other_id
      AND (w.line_id = 0 OR p.line_id = w.line_id) AND {_FIT} AND {_NEW}),
found AS (
    SELECT contact_id, line_id, product_id, on_line, because_id, held, 0 AS by_people, ratio,
           -1.0 * row_number() OVER (
               PARTITION BY contact_id, line_id ORDER BY best, held DESC, last_at DESC, product_id) AS rank
    FROM (
        SELECT steps.*, row_number() OVER (
            PARTITION BY contact_id, line_id, because_id ORDER BY sells) AS best
        FROM steps) stepped),
"""

_FIRST = """
strongest AS (
    SELECT found.*, row_number() OVER (
        PARTITION BY contact_id, line_id, product_id ORDER BY rank DESC, held DESC, because_id) AS reason
    FROM found)
SELECT contact_id, line_id, product_id, on_line, because_id, held, by_people, ratio FROM (
    SELECT strongest.*, row_number() OVER (
        PARTITION BY contact_id, line_id ORDER BY rank DESC, held DESC, product_id) AS place
    FROM strongest WHERE reason = 1) ranked
WHERE place <= :count ORDER BY contact_id, line_id, place
"""

_SELLERS = f"""
WITH {_BOUGHT}
sellers AS (
    SELECT * FROM (
        SELECT on_lines.line_id AS wished, p.id AS product_id, p.line_id AS on_line, c.orders,
               row_number() OVER (PARTITION BY on_lines.line_id ORDER BY c.orders DESC, p.id) AS place
        FROM (SELECT DISTINCT line_id FROM wishes) on_lines
        CROSS JOIN product_counts c CROSS JOIN products p
        WHERE CASE WHEN on_lines.line_id = 0 THEN c.place ELSE c.place_on_line END <= :looked_at
          AND p.id = c.product_id AND (on_lines.line_id = 0 OR p.line_id = on_lines.line_id) AND {_FIT}) ranked
    WHERE place <= :best)
SELECT contact_id, line_id, product_id, on_line, 0 AS because_id, orders, 0 AS by_people, 0.0 AS ratio FROM (
    SELECT w.contact_id, w.line_id, s.product_id, s.on_line, s.orders,
           row_number() OVER (PARTITION BY w.contact_id, w.line_id ORDER BY s.orders DESC, s.product_id) AS place
    FROM wishes w JOIN sellers s ON s.wished = w.line_id
    LEFT JOIN bought b ON b.contact_id = w.contact_id AND b.product_id = s.product_id
    WHERE b.product_id IS NULL) ranked
WHERE place <= :count ORDER BY contact_id, line_id, place
"""

Found = dict[Wish, tuple[Candidate, ...]]
"""What was found for each wish, the best first; a wish with nothing to it is left out."""


def best_pairs(tx: Tx, wishes: Collection[Wish], now: Moment, *, count: int = MOST) -> Found:
    """What goes with what each contact owns, as at `now`: not owned yet, in stock, the surest first."""
    return _read(tx, _TOGETHER + _FIRST, wishes, {"count": count, "now": now, "seeds": SEEDS})


def steps_up(tx: Tx, wishes: Collection[Wish], now: Moment, *, count: int = MOST) -> Found:
    """The next larger or better of what each contact buys: of the same line and category, and dearer.

    Of those that cost a tenth to one and a half times more, for each product of theirs the one that sells best; first
    for what they buy most often.
    """
    return _read(tx, _UP + _FIRST, wishes, {"count": count, "now": now, "seeds": SEEDS})


def best_sellers(tx: Tx, wishes: Collection[Wish], now: Moment, *, count: int = MOST) -> Found:
    """What sells best on each wish's line that the contact does not own yet: for where no pair is known."""
    return _read(tx, _SELLERS, wishes, {"count": count, "now": now, "best": BEST, "looked_at": 10 * BEST})


def _read(tx: Tx, statement: str, wishes: Collection[Wish], parameters: Mapping[str, int | float]) -> Found:
    if not wishes:
        return {}
    picked = "SELECT json_extract(value, '$[0]') AS contact_id, json_extract(value, '$[1]') AS line_id"
    source = f"{picked} FROM json_each(:wishes)"
    if tx.dialect.name == "postgresql":
        picked = "SELECT CAST(value->>0 AS bigint) AS contact_id, CAST(value->>1 AS bigint) AS line_id"
        source = f"{picked} FROM jsonb_array_elements(CAST(:wishes AS jsonb))"
        statement = statement.replace("0 AS by_people", "false AS by_people")
    rows = tx.execute(
        text(statement.format(wishes=source)), {**parameters, "wishes": json.dumps(list(wishes))}
    )
    found: dict[Wish, list[Candidate]] = defaultdict(list)
    for contact, line, product_id, on_line, because, held, by_people, ratio in rows:
        candidate = Candidate(
            product_id=product_id,
            line_id=on_line,
            because_id=because,
            held=held,
            by_people=bool(by_people),
            ratio=float(ratio),
        )
        found[contact, line].append(candidate)
    return {wish: tuple(candidates) for wish, candidates in found.items()}
