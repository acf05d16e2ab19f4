"""How long `nurture apply` takes where many people are concerned: `python -m benchmarks.apply [--json] [--people N]
[--postgresql]`.

In a shop of a million people (or N), the whole command, start-up and check included: the first apply, after an import
and before anybody was reviewed, of campaigns that let in people who are there already; the same later, when everybody
was reviewed; and an edit that shortens a wait at which every fifth of them stands. Then how fast people are reviewed
with these campaigns in force, in a shop of 20,000: the daemon does that after the apply, between its other work.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from time import perf_counter

from benchmarks.shop import (
    CAMPAIGNS,
    NOW,
    Figures,
    Shop,
    enroll,
    fill,
    nurture,
    postgresql,
    shop,
    timed,
    unreview,
)

from nurture.runner.review import review

EXISTING = {
    "plain": "topic: news\nenter: {existing: yes}\nsequence:\n  - wait: 2 days\n  - send: goodbye\n",
    "regulars": "stage: [customer, client]\ntopic: news\nenter: {existing: yes}\nwhen: orders.count >= 2\n"
    "sequence:\n  - wait: 2 days\n  - send: is-all-well\n",
    "lately": 'topic: news\nenter: {existing: yes}\nwhen: orders.within("45 days").total > 20\n'
    "sequence:\n  - wait: 3 days\n  - send: get-the-most\n",
    "golden": 'topic: news\nenter: {existing: yes}\nwhen: contact.tier == "gold" and contact.visits > 3\n'
    "sequence:\n  - wait: 4 days\n  - send: how-was-it\n",
    "readers": 'topic: news\nenter: {existing: yes}\nwhen: engagement.within("90 days").clicks >= 1\n'
    "sequence:\n  - wait: 5 days\n  - send: how-it-works\n",
    "renewal": CAMPAIGNS["renewal"],
}
REVIEWED = 20_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL")
    asked = parser.parse_args()
    figures: Figures = {"cores": os.cpu_count() or 0}
    for found in measured(asked.people, on_server=asked.postgresql):
        figures |= found
        if not asked.json:
            for name, value in found.items():
                print(f"{value:>12,.2f}  {name}", flush=True)
    if asked.json:
        print(json.dumps(figures, indent=2))


def measured(people: int, *, on_server: bool) -> Iterator[Figures]:
    """All figures, as they come in."""
    for part in (first, later, shortened):
        with new_shop(on_server=on_server) as it:
            yield part(it, people)
    with new_shop(on_server=on_server) as it:
        yield reviewed(it)


@contextmanager
def new_shop(*, on_server: bool) -> Iterator[Shop]:
    """A shop without people."""
    with postgresql() if on_server else nullcontext("") as url, shop(url) as it:
        yield it


def first(it: Shop, people: int) -> Figures:
    """The first apply, after an import of everybody."""
    fill(it, people)
    unreview(it)
    it.write(EXISTING)
    return applied(it, f"first apply, {people:,} people imported before")


def later(it: Shop, people: int) -> Figures:
    """An apply that brings in campaigns for those who are there already."""
    it.apply()
    fill(it, people)
    it.write(EXISTING)
    return applied(it, f"apply that looks at {people:,} people who were all reviewed before")


def shortened(it: Shop, people: int) -> Figures:
    """An apply that lets every fifth of them go on."""
    it.write({"hello": CAMPAIGNS["hello"]})
    world = it.apply()
    fill(it, people)
    each = people // 5
    enroll(it, world, each=each, soon=0, keys=("hello",))
    it.write({"hello": CAMPAIGNS["hello"].replace("wait: 12 days", "wait: 1 day")})
    return applied(it, f"apply that shortens a wait at which {each:,} people stand")


def reviewed(it: Shop) -> Figures:
    """People a second whom the daemon reviews after an apply."""
    fill(it, REVIEWED)
    unreview(it)
    it.write({**CAMPAIGNS, **EXISTING})
    world = it.apply()
    seconds = timed(lambda: review(it.store, world, NOW))
    return {
        "campaigns in force": len(world.in_force),
        "people reviewed for the first time, a second": round(REVIEWED / seconds),
    }


def applied(it: Shop, what: str) -> Figures:
    """Seconds and MB of the command."""
    begin = perf_counter()
    megabytes = nurture("apply", "--yes", "-w", str(it.workspace))
    return {f"{what}, s": round(perf_counter() - begin, 1), f"{what}, MB": megabytes}


if __name__ == "__main__":
    main()
