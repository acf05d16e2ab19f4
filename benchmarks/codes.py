"""How fast codes are made and given out: `python -m benchmarks.codes [--json] [--codes N] [--postgresql]`.

Makes a million unique codes (or N) as `nurture codes make` does, and looks for any two that are alike; writes them out
as `nurture codes export` does; takes a file of as many in, as `nurture apply` does. Then gives codes to groups of 100
contacts, as a rendering process does: made on the spot, out of the pool, and under a limit, by one process and by two
at once, and looks for a code that two contacts hold.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import TypeAlias

from benchmarks.shop import postgresql

from nurture.clock import SystemClock
from nurture.offers.offer import Ahead, Offer, Pool, Unique
from nurture.runner import made_ahead
from nurture.runner.pools import take_pools
from nurture.store.engine import Store, open_store
from nurture.store.issuing import issue
from nurture.store.new_codes import Maker

Figures: TypeAlias = dict[str, float]

GROUP = 100
CLOCK = SystemClock()
AHEAD = Offer(key="ahead", kind="loyalty", says="it", codes=Ahead())
POOL = Offer(key="pool", kind="loyalty", says="it", codes=Pool(file="pool.csv"))
UNIQUE = Offer(key="unique", kind="loyalty", says="it", codes=Unique())
LIMITED = Offer(key="limited", kind="loyalty", says="it", codes=Unique(), most_codes=10**9)
OFFERS = {it.key: it for it in (AHEAD, POOL, UNIQUE, LIMITED)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--codes", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    parser.add_argument("--give", nargs=4, metavar=("URL", "OFFER", "FIRST", "COUNT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.give:
        url, key, first, count = asked.give
        store = open_store(url, now=CLOCK.now())
        give(store, OFFERS[key], int(first), int(count))
        store.close()
        return
    figures: Figures = {"cores": os.cpu_count() or 0, "codes": asked.codes}
    for found in measured(asked.codes, on_server=asked.postgresql):
        figures |= found
        if not asked.json:
            for name, value in found.items():
                print(f"{value:>14,.2f}  {name}", flush=True)
    if asked.json:
        print(json.dumps(figures, indent=2))


def measured(count: int, *, on_server: bool) -> Iterator[Figures]:
    """All figures, as they come in."""
    with TemporaryDirectory() as place, postgresql() if on_server else nullcontext("") as given:
        folder = Path(place)
        url = given or f"sqlite:///{folder}/codes.db"
        store = open_store(url, now=CLOCK.now(), create=True)
        yield make(store, count)
        yield export(store, folder, count)
        yield take_in(store, folder, count)
        contacts = max(GROUP, min(count // 10, 20_000))
        for offer in (UNIQUE, POOL, LIMITED):
            yield one_process(store, offer, contacts)
        for offer in (POOL, LIMITED):
            yield two_processes(store, url, offer, contacts)
        yield {"codes that two contacts hold": held_twice(store)}
        store.close()


def make(store: Store, count: int) -> Figures:
    """A million codes, and whether two of them are alike."""
    start, used = perf_counter(), process_time()
    made = made_ahead.make(store, AHEAD, count, secrets.randbits, CLOCK.now())
    seconds, used = perf_counter() - start, process_time() - used
    with store.read() as tx:
        (different,) = tx.exec_driver_sql(
            "SELECT count(DISTINCT canonical) FROM codes WHERE offer = 'ahead'"
        ).one()
    return {
        "make: s": seconds,
        "make: s of this process": used,
        "make: codes a second": made / seconds,
        "make: alike": made - different,
    }


def export(store: Store, folder: Path, count: int) -> Figures:
    """All of them into a file, and the shop's knowledge into the database."""
    start = perf_counter()
    with made_ahead.whole_file(folder / "out.csv") as out:
        ids = made_ahead.export(store, "ahead", out, CLOCK.now(), only_new=True, say=str)
    made_ahead.told(store, ids, CLOCK.now())
    if len(ids) != count:
        raise SystemExit(f"{len(ids)} of {count} codes were exported")
    return {"export: s": perf_counter() - start}


def take_in(store: Store, folder: Path, count: int) -> Figures:
    """A file of as many."""
    (folder / "campaigns").mkdir()
    (folder / "campaigns/pool.csv").write_text(
        "code\n" + "".join(f"POOL-{number:09}\n" for number in range(count))
    )
    start = perf_counter()
    (taken,) = take_pools(store, folder, [POOL], CLOCK.now())
    if taken.new != count:
        raise SystemExit(f"{taken.new} of {count} codes were taken in")
    return {"take in: s": perf_counter() - start}


def give(store: Store, offer: Offer, first: int, count: int) -> None:
    """Give codes to so many contacts, a group in a transaction."""
    maker = Maker(ids=store.ids, chance=secrets.randbits)
    for start in range(first, first + count, GROUP):
        with store.write() as tx:
            issue(tx, [(offer.key, it) for it in range(start, start + GROUP)], OFFERS, maker, CLOCK.now())


def one_process(store: Store, offer: Offer, contacts: int) -> Figures:
    """How long it takes one."""
    start = perf_counter()
    give(store, offer, 1, contacts)
    seconds = perf_counter() - start
    return {
        f"give {offer.key}, one process: µs a code": seconds / contacts * 1e6,
        f"give {offer.key}, one process: ms a group": seconds / contacts * GROUP * 1e3,
    }


def two_processes(store: Store, url: str, offer: Offer, contacts: int) -> Figures:
    """How many codes a second two give out, each of them starting up first."""
    with store.read() as tx:
        (before,) = tx.exec_driver_sql("SELECT max(issued_at) FROM codes").one()
    given = [sys.executable, "-m", "benchmarks.codes", "--give", url, offer.key]
    processes = [subprocess.Popen([*given, str(first), str(contacts)]) for first in (10_000_000, 20_000_000)]
    if any(it.wait() for it in processes):
        raise SystemExit("a process failed")
    with store.read() as tx:
        count, first, last = tx.exec_driver_sql(
            "SELECT count(*), min(issued_at), max(issued_at) FROM codes"
            f" WHERE offer = '{offer.key}' AND issued_at > {before}"
        ).one()
    if count != 2 * contacts:
        raise SystemExit(f"{count} of {2 * contacts} contacts have a code")
    return {f"give {offer.key}, two processes: codes a second": count / (last - first) * 1e6}


def held_twice(store: Store) -> int:
    """Codes that are there twice, whoever holds them."""
    with store.read() as tx:
        (twice,) = tx.exec_driver_sql(
            "SELECT count(*) FROM (SELECT canonical FROM codes GROUP BY canonical HAVING count(*) > 1) AS it"
        ).one()
    return int(twice)


if __name__ == "__main__":
    main()
