"""How long ticks take: `python -m benchmarks.tick [--json] [--people N] [--postgresql] [--year]`.

In a shop of 10,000 people and in one of a million (or N), with an open enrollment for every fifth of them in campaigns
with windows, caps, waits, a hold-out, dates and product lines: a tick in which nothing is due. In the great one: 10,000
enrollments that fall due at once, decided and planned; 10,000 people reviewed, and 10,000 whom an event lets in; a
weekly letter that looks at everybody and lets in every twentieth. Also 10,000 who sign up at once, and the replay of a
month of the grocery data (with --year: of the year). With --postgresql the shops are on a server of the tests' wheel,
which is told to write as safely as it does out of the box, and there is no replay.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median, quantiles
from time import process_time

from benchmarks.shop import (
    CAMPAIGNS,
    NOW,
    SOON,
    Figures,
    Shop,
    enroll,
    fill,
    nurture,
    postgresql,
    shop,
    size,
    timed,
    visit,
)

from nurture.clock import DAY
from nurture.runner import occasions
from nurture.runner.advance import advance
from nurture.runner.review import review
from nurture.runner.tick import decide
from nurture.runner.world import World
from nurture.store import agenda, consents, outbox, people
from nurture.store import occasions as stored_occasions
from nurture.store.consents import Word
from nurture.store.people import ContactGiven

GROCERY = Path(__file__).parent.parent / "examples" / "grocery"
IDLE_TICKS = 2_000
CROWD = 10_000
FEW = 10_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--people", type=int, default=1_000_000, help="in the great shop")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    parser.add_argument("--year", action="store_true", help="replay the whole year")
    asked = parser.parse_args()
    figures: Figures = {"cores": os.cpu_count() or 0}
    for found in measured(asked.people, on_server=asked.postgresql, year=asked.year):
        figures |= found
        if not asked.json:
            for name, value in found.items():
                print(f"{value:>12,.3f}  {name}", flush=True)
    if asked.json:
        print(json.dumps(figures, indent=2))


def measured(many: int, *, on_server: bool, year: bool) -> Iterator[Figures]:
    """All figures, as they come in."""
    for count in dict.fromkeys((FEW, many)):
        with stocked(count, on_server=on_server) as (it, world):
            yield {f"MB of the database, {count:,} people": round(size(it) / 1e6)}
            yield idle(it, world)
            if count >= 10 * CROWD:
                yield due(it, world)
                yield reviewed(it, world)
                yield occasion(it, world)
    with empty(on_server=on_server) as (it, world):
        yield signed_up(it, world)
    if not on_server:
        yield replay("2018-01-01" if year else "2017-02-01")


@contextmanager
def empty(*, on_server: bool) -> Iterator[tuple[Shop, World]]:
    """A shop without people, with the campaigns in force."""
    with postgresql() if on_server else nullcontext("") as url, shop(url) as it:
        it.write(CAMPAIGNS)
        yield it, it.apply()


@contextmanager
def stocked(count: int, *, on_server: bool) -> Iterator[tuple[Shop, World]]:
    """A shop of so many people, every fifth of them under way."""
    with empty(on_server=on_server) as (it, world):
        fill(it, count)
        each = count // 5 // len(CAMPAIGNS)
        enroll(it, world, each=each, soon=min(each, CROWD // len(CAMPAIGNS)))
        yield it, world


def idle(it: Shop, world: World) -> Figures:
    """Milliseconds of a tick in which nothing is due."""
    assert decide(it.store, world, NOW) == 0
    taken = [timed(lambda: decide(it.store, world, NOW)) * 1000 for _ in range(IDLE_TICKS)]
    what = f"idle tick at {len(it.ids):,} people, ms"
    return {what: round(median(taken), 3), f"{what}, 99 in 100": round(quantiles(taken, n=100)[98], 3)}


def due(it: Shop, world: World) -> Figures:
    """Seconds for 10,000 enrollments, of all campaigns, that fall due at once."""
    before = process_time()
    seconds = timed(lambda: advance(it.store, world, SOON))
    used = process_time() - before
    with it.store.read() as tx:
        planned = outbox.counts(tx)["planned"]
    assert planned > CROWD * 0.9, f"{planned} planned"
    what = f"{CROWD:,} due enrollments decided and planned, s"
    return {what: round(seconds, 2), f"{what} of CPU, the server's left out": round(used, 2)}


def reviewed(it: Shop, world: World) -> Figures:
    """Seconds for 10,000 people to whom nothing happened, and for 10,000 whom an event lets in."""
    idle_ones, visitors = it.ids[-2 * CROWD : -CROWD], it.ids[-CROWD:]
    with it.store.write() as tx:
        agenda.put_on_agenda(tx, [(contact, 0, SOON) for contact in idle_ones])
    found = {f"{CROWD:,} people reviewed, s": round(timed(lambda: review(it.store, world, SOON)), 2)}
    visit(it, visitors)
    let_in = timed(lambda: review(it.store, world, SOON))
    return found | {f"{CROWD:,} people reviewed, whom an event lets in, s": round(let_in, 2)}


def occasion(it: Shop, world: World) -> Figures:
    """Seconds of the weekly letter, and of its longest transaction."""
    with it.store.read() as tx:
        at = stored_occasions.next_due(tx)
    assert at < NOW + 2 * DAY
    taken = []
    while True:
        taken.append(timed(lambda: occasions.let_in(it.store, world, at)))
        with it.store.read() as tx:
            if stored_occasions.next_due(tx) > at:
                break
    what = f"a weekly letter to every twentieth of {len(it.ids):,} people, s"
    return {what: round(sum(taken), 2), f"{what}, its longest transaction": round(max(taken), 3)}


def signed_up(it: Shop, world: World) -> Figures:
    """Seconds for 10,000 who sign up at once: reviewed and let in, then decided and planned."""
    with it.store.write() as tx:
        given = [ContactGiven(email=f"new-{no}@example.test", created_at=NOW) for no in range(CROWD)]
        taken = people.upsert(tx, it.store.ids, given, NOW)
        words = [
            Word(contact_id=contact, topic=topic, agreed=True, at=NOW, basis="benchmark")
            for contact in taken.ids.values()
            for topic in it.app.settings.marketing_topics
        ]
        consents.record_first(tx, it.store.ids, words)
    reviewed = timed(lambda: review(it.store, world, NOW))
    decided = timed(lambda: advance(it.store, world, NOW))
    return {
        f"{CROWD:,} new people reviewed and let into three campaigns, s": round(reviewed, 2),
        f"{3 * CROWD:,} enrollments of theirs decided, s": round(decided, 2),
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


def cpu_of_children() -> float:
    """Seconds that processes which have ended were running."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
