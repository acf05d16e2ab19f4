"""Where the grocer's households stand at a moment, worked out from the CSV files alone.

Nothing of nurture is used here: it is the sum that nurture's own is held against. The rules are those of
campaigns/lifecycle.yaml, read by a person and written down again; the prospects are one stage here, since what
tells them apart is what they did with their mail.
"""

from __future__ import annotations

import csv
import gzip
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

GROCERY = Path(__file__).parents[2] / "examples" / "grocery"
NEW_YORK = ZoneInfo("America/New_York")
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
STAY = DAY
PROSPECT = "prospect"


@cache
def households() -> tuple[str, ...]:
    """Every household's address."""
    with (GROCERY / "contacts.csv").open(newline="", encoding="utf-8") as file:
        return tuple(row["email"] for row in csv.DictReader(file))


@cache
def order_times(line: str = "") -> dict[str, tuple[datetime, ...]]:
    """When each household ordered, oldest first; with `line`: those orders that hold something of it."""
    with gzip.open(GROCERY / "products.csv.gz", "rt", newline="", encoding="utf-8") as file:
        line_of = {row["sku"]: row["line"] for row in csv.DictReader(file)}
    orders: dict[str, dict[str, datetime]] = defaultdict(dict)
    with gzip.open(GROCERY / "orders.csv.gz", "rt", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not line or line_of.get(row["sku"]) == line:
                orders[row["email"]][row["order_id"]] = datetime.fromisoformat(row["ordered_at"])
    return {email: tuple(sorted(of.values())) for email, of in orders.items()}


def counts(at: datetime, line: str = "") -> Counter[str]:
    """How many households stand at each stage of the business, or of `line`, at `at`."""
    times = order_times(line)
    return Counter(stage_at(times.get(email, ()), at) for email in households())


def stage_at(orders: tuple[datetime, ...], at: datetime) -> str:
    """Where somebody with these orders stands at `at`."""
    changes = _changes(orders)
    place = bisect_right(changes, at, key=lambda change: change[0])
    return changes[place - 1][1] if place else PROSPECT


@cache
def _changes(orders: tuple[datetime, ...]) -> list[tuple[datetime, str]]:
    """When they came into which stage, all along the way."""
    changes: list[tuple[datetime, str]] = []
    looks = _looks(orders)
    while looks:
        now = heappop(looks)
        stage, since = (changes[-1][1], changes[-1][0]) if changes else (PROSPECT, None)
        found = _by_the_rules(orders[: bisect_right(orders, now)], now)
        if found == stage:
            continue
        if now in orders or since is None or now - since >= STAY:
            changes.append((now, found))
        else:
            heappush(looks, since + STAY)
    return changes


def _looks(orders: tuple[datetime, ...]) -> list[datetime]:
    """The moments at which an order came, or time alone could flip a rule; in order, so a heap."""
    looks = set(orders)
    for number, last in enumerate(orders, 1):
        gap = _usual_gap(orders[:number])
        looks |= {last + days * DAY + MOMENT for days in (21, 60, 2 * gap, 3 * gap)}
    return sorted(looks)


def _usual_gap(orders: tuple[datetime, ...]) -> float:
    """The median of days between consecutive order days in New York; 30 where there are fewer than two gaps."""
    days = sorted({_day(it) for it in orders})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    return median(gaps) if len(gaps) >= 2 else 30


@cache
def _day(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()


def _by_the_rules(orders: tuple[datetime, ...], now: datetime) -> str:
    """The last rule of lifecycle.yaml that holds."""
    if not orders:
        return PROSPECT
    gap = _usual_gap(orders)
    away = (now - orders[-1]) / DAY
    if away > 3 * gap and away > 60:
        return "lapsed"
    if sum(it > now - 365 * DAY for it in orders) >= 6 and gap <= 21:
        return "client/at-risk" if away > 2 * gap and away > 21 else "client"
    return "customer/first-time" if len(orders) == 1 else "customer/repeat"
