"""What is bought together, counted anew over the latest orders and people: work for the night.

Counting reads one snapshot and holds no lock; what is found is then written in small transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nurture.clock import DAY, Moment
from nurture.offers.recommending import DOUBT, LEAST_LIFT, support
from nurture.store.engine import Tx

WINDOW = 730 * DAY
"""Orders that are so much older than the latest say little of what goes together today."""

MOST_ORDERS = 500_000
"""Of those the newest; more would tell the same, and the work would grow with the history."""

MOST_PEOPLE = 50_000
"""Those who ordered last: over whose purchases pairs are counted, besides over orders."""

LATEST = 40
"""Of each of them so many products, those bought last: whoever bought 400 says little about any two."""

MOST_PAIRS = 50_000_000
"""Two products of one order, all orders together: where there are more, the largest orders are left out."""

BEST = 30
"""How many are kept that go with a product."""

BEST_OF_LINE = 5
"""And of each line so many, for campaigns that keep to one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Two products that were had together."""

    product_id: int
    other_id: int
    held: int
    """How many orders, or people, had both."""
    lift: float
    strength: float
    by_people: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """How many orders held a product, and what was paid for one, in minor units."""

    product_id: int
    line_id: int
    category: str
    price: int
    """What it costs; where that is not known, what was paid for one. 0: neither is."""
    orders: int
    paid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedOrders:
    """Which they are: those of (since, until] with at most `largest` products that stand."""

    since: Moment
    until: Moment
    largest: int
    """0: however large."""
    orders: int
    """How many there are."""


_STANDS = "o.ordered_at > {since} AND o.ordered_at <= {until} AND (o.undone_at = 0 OR o.undone_at > {until})"

_NTH = (
    "SELECT ordered_at FROM orders WHERE ordered_at <= {now} ORDER BY ordered_at DESC LIMIT 1 OFFSET {place}"
)

_SIZES = (
    "SELECT size, count(*) FROM (SELECT l.order_id, count(*) AS size FROM orders o"
    f" JOIN order_lines l ON l.order_id = o.id WHERE {_STANDS} GROUP BY l.order_id) sized"
    " GROUP BY size ORDER BY size"
)

_PEOPLE = f"SELECT count(DISTINCT contact_id) FROM orders o WHERE {_STANDS}"

_SOLD = f"""
    SELECT p.id, p.line_id, p.category, p.price, sold.orders, sold.paid FROM (
        SELECT l.product_id, count(*) AS orders, coalesce(sum(CASE WHEN l.quantity > 0 THEN l.amount END)
               / nullif(sum(CASE WHEN l.quantity > 0 AND l.amount > 0 THEN l.quantity END), 0), 0) AS paid
        FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE {_STANDS} GROUP BY l.product_id) sold
    JOIN products p ON p.id = sold.product_id ORDER BY p.id
"""

_BASKETS = f"""
    SELECT l.order_id AS basket, l.product_id FROM orders o
    JOIN order_lines l ON l.order_id = o.id WHERE {_STANDS}
"""
_SMALLER = " AND (SELECT count(*) FROM order_lines x WHERE x.order_id = o.id) <= {largest}"
_HANDS = f"""
    SELECT contact_id AS basket, product_id FROM (
        SELECT contact_id, product_id, row_number() OVER (
            PARTITION BY contact_id ORDER BY last_at DESC, product_id) AS place
        FROM (
            SELECT l.contact_id, l.product_id, max(l.ordered_at) AS last_at
            FROM (SELECT o.contact_id FROM orders o WHERE {_STANDS}
                  GROUP BY o.contact_id ORDER BY max(o.ordered_at) DESC, o.contact_id LIMIT {{people}}) latest
            JOIN order_lines l ON l.contact_id = latest.contact_id
            JOIN orders o ON o.id = l.order_id WHERE {_STANDS}
            GROUP BY l.contact_id, l.product_id) bought) ranked
    WHERE place <= {{latest}}
"""

# Temporary tables rather than one statement: of those the engines know how large they are and how to join them.
_STEPS = (
    "DROP TABLE IF EXISTS held",
    "CREATE TEMPORARY TABLE held AS {baskets_of}",
    "DROP TABLE IF EXISTS had",
    "CREATE TEMPORARY TABLE had AS SELECT product_id, count(*) AS times FROM held GROUP BY product_id"
    " HAVING count(*) >= {support}",
    "CREATE UNIQUE INDEX had_by_product ON had (product_id)",
    "DROP TABLE IF EXISTS kept",
    "CREATE TEMPORARY TABLE kept AS SELECT held.basket, held.product_id FROM held"
    " JOIN had ON had.product_id = held.product_id",
    "CREATE INDEX kept_by_basket ON kept (basket, product_id)",
    "DROP TABLE IF EXISTS lifted",
    """CREATE TEMPORARY TABLE lifted AS
    SELECT one, two, held, 1.0 * held * {baskets} / (1.0 * mine.times * theirs.times) AS lift,
           held / (1.0 * mine.times * theirs.times / {baskets} + {doubt}) AS strength
    FROM (SELECT a.product_id AS one, b.product_id AS two, count(*) AS held
          FROM kept a JOIN kept b ON b.basket = a.basket AND b.product_id > a.product_id
          GROUP BY a.product_id, b.product_id HAVING count(*) >= {support}) twos
    JOIN had mine ON mine.product_id = one JOIN had theirs ON theirs.product_id = two""",
)

_ALL = "SELECT one, two, held, lift, strength FROM lifted ORDER BY one, two"

_KEPT = """
WITH directed AS (
    SELECT one, two, held, lift, strength FROM lifted WHERE lift >= {least}
    UNION ALL SELECT two, one, held, lift, strength FROM lifted WHERE lift >= {least}),
ranked AS (
    SELECT d.*, row_number() OVER (PARTITION BY d.one ORDER BY d.strength DESC, d.two) AS place,
           row_number() OVER (PARTITION BY d.one, p.line_id ORDER BY d.strength DESC, d.two) AS on_line
    FROM directed d JOIN products p ON p.id = d.two)
SELECT one, two, held, lift, strength FROM ranked
WHERE place <= {best} OR on_line <= {best_of_line} ORDER BY one, two
"""


def orders_until(tx: Tx, now: Moment) -> int:
    """How many orders there were at `now`."""
    counted = tx.exec_driver_sql(f"SELECT count(*) FROM orders WHERE ordered_at <= {int(now)}").scalar_one()
    return int(counted)


def counted_orders(tx: Tx, now: Moment) -> CountedOrders:
    """Which orders are counted at `now`."""
    latest, oldest = (
        tx.exec_driver_sql(_NTH.format(now=int(now), place=place)).scalar() for place in (0, MOST_ORDERS)
    )
    since = max((latest or 0) - WINDOW, -1 if oldest is None else int(oldest))
    largest, orders, pairs = 0, 0, 0
    for size, count in tx.exec_driver_sql(_SIZES.format(since=since, until=int(now))):
        pairs += count * size * (size - 1) // 2
        if pairs > MOST_PAIRS:
            return CountedOrders(since=since, until=now, largest=largest, orders=orders)
        largest, orders = size, orders + count
    return CountedOrders(since=since, until=now, largest=0, orders=orders)


def together(tx: Tx, which: CountedOrders) -> Iterator[Together]:
    """Every two products that enough orders held, each pair once, by id. Within `survey`."""
    yield from _counted(tx, which, _ALL, by_people=False)


def sold(tx: Tx, which: CountedOrders) -> list[Sold]:
    """What was sold, however large the order, by id."""
    return [
        Sold(
            product_id=row.id,
            line_id=row.line_id,
            category=row.category,
            price=row.price or round(row.paid),
            orders=row.orders,
            paid=round(row.paid),
        )
        for row in tx.exec_driver_sql(_SOLD.format(since=which.since, until=which.until))
    ]


def best(tx: Tx, which: CountedOrders) -> list[Together]:
    """What goes with each product, over orders and over people: of each two what says more. By id. Within `survey`."""
    found = {(it.product_id, it.other_id): it for it in _counted(tx, which, _KEPT, by_people=False)}
    for it in _counted(tx, which, _KEPT, by_people=True):
        known = found.get((it.product_id, it.other_id))
        if known is None or known.strength < it.strength:
            found[it.product_id, it.other_id] = it
    return [found[key] for key in sorted(found)]


def _counted(tx: Tx, which: CountedOrders, what: str, *, by_people: bool) -> Iterator[Together]:
    asked: dict[str, int | float] = {"since": int(which.since), "until": int(which.until), "doubt": DOUBT}
    asked |= {"largest": which.largest, "people": MOST_PEOPLE, "latest": LATEST}
    asked |= {"least": LEAST_LIFT, "best": BEST, "best_of_line": BEST_OF_LINE}
    if by_people:
        baskets = _HANDS
        number = min(MOST_PEOPLE, tx.exec_driver_sql(_PEOPLE.format(**asked)).scalar_one())
    else:
        baskets, number = _BASKETS + (_SMALLER if which.largest else ""), which.orders
    # Where there are none, nothing is divided by their number either.
    asked |= {"baskets": max(1, number), "support": support(number)}
    for step in _STEPS:
        tx.exec_driver_sql(step.format(baskets_of=baskets.format(**asked), **asked))
        if tx.dialect.name == "postgresql" and step.startswith("CREATE TEMPORARY TABLE "):
            tx.exec_driver_sql(f"ANALYZE {step.split()[3]}")
    for one, two, held, lift, strength in tx.exec_driver_sql(what.format(**asked)):
        yield Together(
            product_id=one,
            other_id=two,
            held=held,
            lift=float(lift),
            strength=float(strength),
            by_people=by_people,
        )
