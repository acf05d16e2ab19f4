"""Codes and processes that die: two never hand out one code, and a kill leaves each with its one contact, or free."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import ExitStack
from itertools import count

import pytest

from nurture.clock import SystemClock
from nurture.store import made_codes
from nurture.store.engine import Store, open_store
from support.code_takers import taking


def fill(store: Store, codes: int) -> None:
    with store.write() as tx:
        given = [f"POOL-{number}" for number in range(codes)]
        made_codes.take_in(tx, "pool", given, store.ids, SystemClock().now())


def look(store: Store, codes: int, limit: int, said: list[str]) -> None:
    """Every code is of one contact or free, what was said is so, and no limit is passed."""
    with store.read() as tx:
        rows = tx.exec_driver_sql("SELECT offer, code, contact_id FROM codes").all()
    held = {(offer, code): contact for offer, code, contact in rows}
    assert len(held) == len(rows)
    for line in said:
        contact, offer, code = line.split()
        assert held[offer, code] == int(contact)
    theirs = Counter((offer, contact) for offer, _, contact in rows if contact)
    assert set(theirs.values()) <= {1}, "a contact holds one"
    issued = Counter(offer for offer, contact in theirs)
    assert sum(offer == "pool" for offer, _, _ in rows) == codes
    assert issued["pool"] <= codes and issued["limited"] <= limit


@pytest.mark.parametrize(
    ("codes", "limit"), [(80, 60), pytest.param(5_000, 4_000, marks=pytest.mark.nightly)]
)
def test_two_processes_give_out_every_code_once_and_no_more_than_may_be(
    database_url: str, codes: int, limit: int
) -> None:
    store = open_store(database_url, now=SystemClock().now())
    fill(store, codes)
    with ExitStack() as stack:
        takers = [stack.enter_context(taking(database_url, first, limit)) for first in (1, 1_000_001)]
        said = [line for taker in takers for line in taker.rest().splitlines()]
    look(store, codes, limit, said)
    assert Counter(line.split()[1] for line in said) == {"pool": codes, "limited": limit}
    assert len({line.split()[2] for line in said}) == codes + limit
    store.close()


@pytest.mark.parametrize(("codes", "kills"), [(60, 1), pytest.param(6_000, 12, marks=pytest.mark.nightly)])
def test_a_kill_leaves_each_code_with_its_one_contact_or_free(
    database_url: str, codes: int, kills: int
) -> None:
    chance, numbers = random.Random(kills), count(1, 1_000_000)
    store, said = open_store(database_url, now=SystemClock().now()), []
    fill(store, codes)
    for _ in range(kills):
        with taking(database_url, next(numbers), codes) as taker:
            said.append(taker.first_line())
            time.sleep(chance.uniform(0.0, 0.05))
            taker.kill()
            # What was being said when it died may be half a line.
            said += [line for line in taker.rest().splitlines(keepends=True) if line.endswith("\n")]
        look(store, codes, codes, [line for line in said if line])
    with taking(database_url, next(numbers), codes) as taker:
        said += taker.rest().splitlines(keepends=True)
    look(store, codes, codes, [line for line in said if line])
    with store.read() as tx:
        (free,) = tx.exec_driver_sql("SELECT count(*) FROM codes WHERE contact_id = 0").one()
    assert free == 0, "the dead hold nothing back"
    store.close()
