"""How long ticks take: `python -m benchmarks.tick [--json] [--year]`.

Measures on a SQLite database in a temporary folder, with the sample campaigns in force: a tick in which nothing is
due, at 10,000 and at 200,000 contacts; 10,000 who sign up at once, taken in and planned for; the replay of a month of
the grocery data (with --year: of the year).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from nurture.app import App, make_workspace, open_app
from nurture.clock import DAY, Moment, VirtualClock
from nurture.runner import applied, applying
from nurture.runner.advance import advance
from nurture.runner.files import read_files
from nurture.runner.review import review
from nurture.runner.tick import decide
from nurture.runner.world import World
from nurture.store import consents, outbox, people
from nurture.store.consents import Word
from nurture.store.people import ContactGiven

NOW: Moment = 1_767_225_600_000_000
"""2026-01-01T00:00Z."""

GROCERY = Path(__file__).parent.parent / "examples" / "grocery"
IDLE_TICKS = 500
CHUNK = 10_000

Figures = dict[str, float]


@contextmanager
def shop() -> Iterator[tuple[App, World]]:
    """A new workspace with the sample campaigns in force. Durable, as the daemon's is."""
    with tempfile.TemporaryDirectory() as folder:
        make_workspace(Path(folder) / "shop")
        with open_app(Path(folder) / "shop", clock=VirtualClock(NOW)) as app:
            files = read_files(app.settings.workspace)
            checked = applied.check(app.store, app.settings, files)
            applying.apply(app.store, app.settings, checked, files, NOW)
            yield app, applied.load(app.store, app.settings)


def sign_up(app: App, count: int, at: Moment) -> None:
    """`count` people who agree to everything at `at`."""
    for start in range(0, count, CHUNK):
        given = [
            ContactGiven(email=f"person-{number}@example.test", created_at=at)
            for number in range(start, min(start + CHUNK, count))
        ]
        with app.store.write() as tx:
            taken = people.upsert(tx, app.store.ids, given, NOW)
            words = [
                Word(contact_id=contact, topic=topic, agreed=True, at=at, basis="benchmark")
                for contact in taken.ids.values()
                for topic in app.settings.marketing_topics
            ]
            consents.record_first(tx, app.store.ids, words)


def idle(contacts: int) -> Figures:
    """Milliseconds of a tick in which nothing is due: everybody is to be looked at tomorrow."""
    with shop() as (app, world):
        sign_up(app, contacts, NOW + DAY)
        assert decide(app.store, world, NOW) == 0
        seconds = timed(lambda: [decide(app.store, world, NOW) for _ in range(IDLE_TICKS)])
        return {f"idle tick at {contacts:,} contacts, ms": round(seconds / IDLE_TICKS * 1000, 3)}


def crowd(contacts: int) -> Figures:
    """Seconds for `contacts` who sign up at once: reviewed and let in, then decided and planned."""
    with shop() as (app, world):
        sign_up(app, contacts, NOW)
        reviewed = timed(lambda: review(app.store, world, NOW))
        decided = timed(lambda: advance(app.store, world, NOW))
        with app.store.read() as tx:
            planned = outbox.counts(tx)["planned"]
        assert planned == contacts, f"{planned} planned"
        return {
            f"{contacts:,} new contacts reviewed and let in, s": round(reviewed, 2),
            f"{contacts:,} due enrollments decided and planned, s": round(decided, 2),
        }


def replay(until: str) -> Figures:
    """Seconds of the command `nurture replay` over the grocery data from 2017-01-01 on."""
    with tempfile.TemporaryDirectory() as folder:
        shop = str(Path(folder) / "shop")
        nurture("init", shop)
        consent = ("--consent", "the shop's loyalty card", "--since", "2017-01-01")
        nurture("import", "contacts", str(GROCERY / "contacts.csv"), "-w", shop, *consent)
        for kind in ("products", "orders"):
            nurture("import", kind, str(GROCERY / f"{kind}.csv.gz"), "-w", shop)
        before = cpu_of_children()
        span = ("--from", "2017-01-01", "--to", until, "--sign-ups", "200", "--step", "6")
        seconds = timed(lambda: nurture("replay", "-w", shop, *span))
        return {
            f"replay to {until}, s": round(seconds, 2),
            f"replay to {until}, s of CPU": round(cpu_of_children() - before, 2),
        }


def nurture(*arguments: str) -> None:
    """Run a command of its own process."""
    code = "from nurture.cli.main import main; main()"
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begin = perf_counter()
    work()
    return perf_counter() - begin


def cpu_of_children() -> float:
    """Seconds that processes which have ended were running."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--year", action="store_true", help="replay the whole year")
    asked = parser.parse_args()
    figures: Figures = {"cores": os.cpu_count() or 0}
    parts: list[Callable[[], Figures]] = [
        lambda: idle(10_000),
        lambda: idle(200_000),
        lambda: crowd(10_000),
        lambda: replay("2018-01-01" if asked.year else "2017-02-01"),
    ]
    for part in parts:
        found = part()
        figures |= found
        if not asked.json:
            for name, value in found.items():
                print(f"{value:>10,.3f}  {name}", flush=True)
    if asked.json:
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
