"""How fast files come in: `python -m benchmarks.intake [--json] [--contacts N] [--lines N] [--runs N] [--postgresql]`.

By `nurture import`, the whole command, each file in one process, durable: contacts with nine columns and three
attributes who agree to two topics, none of them known; the same file again; order lines, four to an order, of a tenth
as many contacts, who are all known, and of 5,000 products; 100,000 suppressions of other people; and the contacts once
more beside those. Neither file is in the order of its addresses. With `--runs` all is done so often, each time in a new
shop; the medians count.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import perf_counter

from benchmarks.shop import NOW, Figures, Shop, nurture, postgresql, shop

from nurture.clock import DAY, format_iso

COUNTRIES = ("DE", "US", "GB", "FR", "AT", "CH", "NL", "")
NAMES = ("Ann", "Bob", "Chloé", "Dörte", "Émile", "Fatima", "Günther", "Hana")
SUPPRESSIONS = 100_000
ORDER = 4
"""Lines of an order."""
PRODUCTS = 5_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    asked = parser.parse_args()
    runs = []
    for _ in range(asked.runs):
        with new_shop(on_server=asked.postgresql) as it:
            runs.append(measured(it, asked.contacts, asked.lines))
            if not asked.json:
                for name, value in runs[-1].items():
                    print(f"{value:>12,.1f}  {name}", flush=True)
    if asked.json:
        figures = {name: median(run[name] for run in runs) for name in runs[0]}
        print(json.dumps({"cores": os.cpu_count() or 0, "runs": asked.runs, **figures}, indent=2))


@contextmanager
def new_shop(*, on_server: bool) -> Iterator[Shop]:
    """A shop without people."""
    with postgresql() if on_server else nullcontext("") as url, shop(url) as it:
        yield it


def measured(it: Shop, contacts: int, lines: int) -> Figures:
    """All figures of one shop."""
    folder = it.workspace
    people, orders, noes = (folder / f"{name}.csv" for name in ("people", "orders", "noes"))
    write(people, _CONTACT, _contacts(contacts))
    write(orders, _ORDER, _orders(lines, contacts // 10))
    write(noes, ("email", "reason", "at"), _noes(SUPPRESSIONS))
    agreed = ("--consent", "sign-up form", "--wording", "Yes, write to me about offers and news.")
    return {
        **imported(it, "contacts", people, contacts, *agreed),
        **imported(it, "contacts", people, contacts, *agreed, what="contacts again, nothing new"),
        **imported(it, "orders", orders, lines, what="order lines"),
        **imported(it, "suppressions", noes, SUPPRESSIONS),
        **imported(it, "contacts", people, contacts, *agreed, what="contacts again, beside suppressions"),
    }


def imported(it: Shop, kind: str, file: Path, rows: int, *more: str, what: str = "") -> Figures:
    """Seconds, rows a second, seconds of CPU and MB of the command."""
    begin, before = perf_counter(), getrusage(RUSAGE_CHILDREN)
    megabytes = nurture("import", kind, str(file), *more, "-w", str(it.workspace))
    seconds, after = perf_counter() - begin, getrusage(RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    name = f"{rows:,} {what or kind}"
    return {
        f"{name}, s": round(seconds, 1),
        f"{name}, a second": round(rows / seconds),
        f"{name}, CPU s": round(cpu, 1),
        f"{name}, MB": megabytes,
    }


def write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Write a CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


_CONTACT = (
    *(
        "email",
        "external_id",
        "first_name",
        "last_name",
        "locale",
        "country",
        "created_at",
        "last_engaged_at",
    ),
    *("tags", "tier", "visits", "renews_at"),
)
_ORDER = ("order_id", "email", "ordered_at", "sku", "quantity", "amount", "currency", "code")


def _email(number: int) -> str:
    return f"{NAMES[number % 8].encode('ascii', 'ignore').decode().lower()}.{number * 7919 % 10_000_019}@example.com"


def _contacts(count: int) -> Iterator[tuple[object, ...]]:
    chance = Random(1)
    for number in range(count):
        at = NOW - chance.randrange(700 * 86_400) * 1_000_000
        yield (
            _email(number),
            f"C-{number}",
            NAMES[number % 8],
            f"Person {number}",
            "de_DE",
            COUNTRIES[number % 8],
            format_iso(at),
            format_iso(at + 2 * DAY) if number % 3 == 0 and at + 2 * DAY < NOW else "",
            "early, paper" if number % 10 == 0 else "",
            "gold" if number % 20 == 0 else "plain",
            number % 30,
            "2026-03-02" if number % 2 else "",
        )


def _orders(lines: int, people: int) -> Iterator[tuple[object, ...]]:
    chance = Random(2)
    for order in range(lines // ORDER):
        email = _email(chance.randrange(people))
        at = format_iso(NOW - chance.randrange(700 * 86_400) * 1_000_000)
        first = chance.randrange(PRODUCTS)
        for place in range(ORDER):
            sku = f"S-{(first + place * 37) % PRODUCTS}"
            yield f"O-{order}", email, at, sku, 1 + place, f"{1 + order % 90}.{place}9", "USD", ""


def _noes(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        yield (
            f"gone.{number}@example.org",
            ("unsubscribed", "bounced", "complained")[number % 3],
            "2016-05-01",
        )


if __name__ == "__main__":
    main()
