"""Ids: in order of time, never twice."""

from __future__ import annotations

import itertools
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY, MINUTE, VirtualClock
from nurture.errors import StoreError
from nurture.store import marks
from nurture.store.engine import Store, open_store
from nurture.store.ids import EPOCH, NODES, Ids, first_id_at, moment_of
from nurture.store.nodes import LEASE, MARK, Nodes
from support.databases import START


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(-5 * DAY, 5 * DAY)), max_size=20))
def test_ids_never_repeat_and_always_grow_whatever_the_clock_says(asked: list[tuple[int, int]]) -> None:
    ids = Ids(7)
    taken = [one for n, shift in asked for one in ids.take(n, START + shift)]
    assert all(a < b for a, b in itertools.pairwise(taken))


@given(st.integers(EPOCH, EPOCH + 60 * 365 * DAY), st.integers(0, 1023))
def test_an_id_tells_its_millisecond_and_fits_into_63_bits(at: int, node: int) -> None:
    (made,) = Ids(node).take(1, at)
    assert 0 <= made < 2**63
    assert moment_of(made) == at // 1000 * 1000
    assert first_id_at(at) <= made < first_id_at(at + 1000)


def test_more_than_fit_into_a_millisecond_borrow_from_the_next() -> None:
    taken = Ids(1).take(10_000, START)
    assert len(set(taken)) == 10_000
    assert moment_of(taken[-1]) == START + 2_000


def test_threads_that_share_a_maker_never_get_the_same_id() -> None:
    ids = Ids(3)
    taken: list[list[int]] = []
    threads = [threading.Thread(target=lambda: taken.append(ids.take(5_000, START))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for part in taken for one in part}) == 40_000


def test_a_moment_before_the_epoch_or_long_after_it_is_told_apart() -> None:
    assert Ids(0).take(1, 0) == [0]
    with pytest.raises(ValueError, match="no ids"):
        Ids(0).take(1, EPOCH + 80 * 365 * DAY)
    with pytest.raises(ValueError, match="node"):
        Ids(1024)


def test_two_processes_on_one_database_make_different_ids_in_the_same_millisecond(database_url: str) -> None:
    first, second = (open_store(database_url, now=START) for _ in range(2))
    taken = [*first.ids.take(100, START), *second.ids.take(100, START)]
    assert len(set(taken)) == 200
    first.close()
    second.close()


def test_opening_again_at_the_same_moment_does_not_repeat_ids(database_url: str) -> None:
    taken = []
    for _ in range(3):
        store = open_store(database_url, now=START)
        taken += store.ids.take(10, START)
        store.close()
    assert len(set(taken)) == 30


def test_a_lease_is_renewed_in_time_and_a_process_that_overslept_takes_a_new_number(store: Store) -> None:
    clock = VirtualClock(START)
    mine, other = Nodes(store._write, clock), Nodes(store._write, clock)
    first = _node(mine)
    for _ in range(5):
        clock.move_to(clock.now() + LEASE - MINUTE)
        mine.keep()
        assert _node(mine) == first
    clock.move_to(clock.now() + LEASE + 1)
    theirs = _node(other)
    mine.keep()
    assert len({first, theirs, _node(mine)}) == 3


def test_numbers_go_round_and_a_held_one_is_passed_over(store: Store) -> None:
    clock = VirtualClock(START)
    with store.write() as tx:
        marks.put(tx, MARK, json.dumps({"next": NODES - 1, "held": {"0": START + LEASE, "1": START + LEASE}}))
    given = []
    for _ in range(3):
        one = Nodes(store._write, clock)
        given.append(_node(one))
        one.give_back()
    assert given == [NODES - 1, 2, 3]


def test_when_all_numbers_are_held_that_is_said(store: Store) -> None:
    clock = VirtualClock(START)
    with store.write() as tx:
        everybody = {str(number): START + LEASE for number in range(NODES)}
        marks.put(tx, MARK, json.dumps({"next": 5, "held": everybody}))
    with pytest.raises(StoreError, match="1024 processes"):
        Nodes(store._write, clock).keep()
    clock.move_to(START + LEASE)
    Nodes(store._write, clock).keep()


def _node(nodes: Nodes) -> int:
    """The number in the ids that are made."""
    return nodes.ids().take(1, START)[0] >> 12 & (NODES - 1)
