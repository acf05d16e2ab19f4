"""Claiming: what waits where, and in what shares it is taken; on both engines."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nurture.clock import DAY, NEVER, Moment
from nurture.delivery.outcome import MessageKey
from nurture.store.claims import PLENTY, Claimed, Group, Room, claim, next_due, waiting_groups
from nurture.store.engine import Store, open_store
from nurture.store.handover import Back, commit_group
from nurture.store.outbox import Planned, plan

NOW: Moment = 1_500_000_000_000_000
ME = 7


def put(
    store: Store,
    count: int,
    *,
    campaign: int = 1,
    lane: str = "",
    priority: int = 5,
    due_at: Moment = NOW,
    urgent: bool = False,
    contact: int = 0,
) -> list[MessageKey]:
    """Messages that wait, each for a contact of its own where none is named."""
    keys = [MessageKey(id_, 1) for id_ in store.ids.take(count, NOW)]
    rows = [
        Planned(
            key=key,
            contact_id=contact or key.enrollment_id,
            campaign_id=campaign,
            lane=lane,
            priority=priority,
            urgent=urgent,
            template="hello",
            planned_at=NOW,
            due_at=due_at,
        )
        for key in keys
    ]
    with store.write() as tx:
        plan(tx, rows)
    return keys


def take(store: Store, room: Room, *, now: Moment = NOW, sender: int = ME) -> list[Claimed]:
    with store.write() as tx:
        return claim(tx, sender, now, waiting_groups(tx), room)


def shares(claims: list[Claimed]) -> dict[int, int]:
    return dict(Counter(it.campaign_id for it in claims))


def test_what_waits_is_told_by_lane_priority_and_campaign_with_when_its_first_is_due(store: Store) -> None:
    put(store, 3, campaign=2, lane="google", due_at=NOW + DAY)
    put(store, 2, campaign=2, lane="google", due_at=NOW)
    put(store, 1, campaign=2, lane="google", urgent=True, due_at=NOW + 5)
    put(store, 2, campaign=1, lane="google", priority=9)
    put(store, 1, campaign=1, lane="", due_at=NOW - 1)
    put(store, 1, campaign=3, lane="?new.example", due_at=NOW - DAY)
    gone = put(store, 1, campaign=9, lane="yahoo")
    assert [it.key for it in take(store, Room(total=9, only={"yahoo"}))] == gone
    with store.read() as tx:
        assert waiting_groups(tx) == [
            Group(lane="", priority=5, campaign_id=1, due_at=NOW - 1),
            Group(lane="?new.example", priority=5, campaign_id=3, due_at=NOW - DAY),
            Group(lane="google", priority=0, campaign_id=2, due_at=NOW + 5),
            Group(lane="google", priority=1, campaign_id=1, due_at=NOW),
            Group(lane="google", priority=5, campaign_id=2, due_at=NOW),
        ]


def test_where_nothing_waits_nothing_is_due(store: Store) -> None:
    with store.read() as tx:
        assert waiting_groups(tx) == []
        assert next_due(tx) == NEVER
    assert take(store, Room(total=9)) == []


def test_what_was_put_off_waits_with_the_others(store: Store) -> None:
    (key,) = put(store, 1)
    take(store, Room(total=1))
    back = Back(key=key, state="deferred", due_at=NOW + DAY, attempts=1, first_tried_at=NOW)
    with store.write() as tx:
        commit_group(tx, ME, [back], [], NOW)
        assert waiting_groups(tx) == [Group(lane="", priority=5, campaign_id=1, due_at=NOW + DAY)]
    assert [it.key for it in take(store, Room(total=1), now=NOW + DAY)] == [key]


def test_a_lane_that_is_not_looked_up_yet_is_never_claimed_and_wakes_nobody(store: Store) -> None:
    put(store, 2, lane="?new.example", urgent=True)
    known = put(store, 1, lane="/mx.shop.example", due_at=NOW + 5)
    with store.read() as tx:
        assert next_due(tx) == NOW + 5
    assert take(store, Room(total=9)) == []
    assert take(store, Room(total=9, only={"?new.example"})) == []
    assert [it.key for it in take(store, Room(total=9), now=NOW + 5)] == known
    with store.read() as tx:
        assert next_due(tx) == NEVER


def test_urgent_messages_go_first_then_by_priority_then_by_age(store: Store) -> None:
    low = put(store, 2, priority=1)
    old, new = put(store, 1, campaign=2, due_at=NOW - DAY), put(store, 1, campaign=2)
    high = put(store, 1, campaign=3, priority=9)
    urgent = put(store, 1, campaign=1, priority=1, urgent=True)
    assert [it.key for it in take(store, Room(total=4))] == [*urgent, *high, *old, *new]
    assert {it.key for it in take(store, Room(total=4))} == set(low)


def test_a_lower_priority_gets_what_the_higher_leaves(store: Store) -> None:
    put(store, 3, campaign=1, priority=9)
    put(store, 50, campaign=2, priority=1)
    assert shares(take(store, Room(total=10))) == {1: 3, 2: 7}


def test_campaigns_of_one_priority_get_equal_shares(store: Store) -> None:
    for campaign, count in ((1, 1_000), (2, 40), (3, 40), (4, 40)):
        put(store, count, campaign=campaign)
    assert shares(take(store, Room(total=40))) == {1: 10, 2: 10, 3: 10, 4: 10}


def test_what_one_leaves_of_its_share_goes_to_all_others_alike(store: Store) -> None:
    put(store, 100, campaign=1)
    for campaign in range(2, 10):
        put(store, 1, campaign=campaign)
    put(store, 100, campaign=10)
    found = shares(take(store, Room(total=100)))
    assert found == {1: 46, 10: 46} | dict.fromkeys(range(2, 10), 1)


def test_where_there_are_more_campaigns_than_room_others_come_first_each_time(store: Store) -> None:
    for campaign in range(1, 8):
        put(store, 9, campaign=campaign)
    found, claimed = Counter[int](), 0
    for _ in range(7):
        got = take(store, Room(total=3, turn=claimed))
        claimed += len(got)
        found.update(it.campaign_id for it in got)
    assert found == dict.fromkeys(range(1, 8), 3)


def test_there_is_no_more_claimed_than_a_lane_or_a_campaign_has_room_for(store: Store) -> None:
    for campaign in (1, 2, 3):
        for lane in ("", "google"):
            put(store, 20, campaign=campaign, lane=lane)
    claims = take(store, Room(total=100, lanes={"google": 7}, campaigns={2: 5, 3: 0}))
    assert Counter(it.lane for it in claims)["google"] == 7
    assert shares(claims)[2] == 5
    assert 3 not in shares(claims)
    assert len(claims) == 20 + 7 + 5 - Counter((it.lane, it.campaign_id) for it in claims)["google", 2]


def test_what_has_no_room_takes_nothing_from_the_share_of_others(store: Store) -> None:
    for campaign in range(1, 10):
        put(store, 5, campaign=campaign)
    room = Room(total=4, campaigns=dict.fromkeys(range(1, 9), 0))
    assert shares(take(store, room)) == {9: 4}


def test_only_some_lanes_can_be_asked_for(store: Store) -> None:
    for lane in ("", "google", "yahoo"):
        put(store, 3, lane=lane)
    assert {it.lane for it in take(store, Room(total=5, only={"google"}))} == {"google"}
    assert take(store, Room(total=5, only=())) == []
    assert {it.lane for it in take(store, Room(total=9))} == {"", "yahoo"}


def test_two_messages_of_one_contact_are_never_claimed_together(store: Store) -> None:
    first = put(store, 1, campaign=1, priority=9, contact=4)
    put(store, 3, campaign=1, contact=4)
    put(store, 2, campaign=2, lane="google", contact=4, due_at=NOW - DAY)
    others = put(store, 2, campaign=2)
    assert {it.key for it in take(store, Room(total=100))} == {*first, *others}
    assert take(store, Room(total=100), sender=8) == []


def test_a_contact_with_many_messages_keeps_nobody_waiting(store: Store) -> None:
    put(store, 30, contact=4, due_at=NOW - DAY)
    others = put(store, 20)
    claims = take(store, Room(total=15))
    assert len(claims) == 15
    assert len({it.contact_id for it in claims}) == 15
    assert len({it.key for it in claims} & set(others)) == 14


def test_senders_that_claim_at_the_same_time_never_take_one_contact_or_message_twice(store: Store) -> None:
    for contact in range(1, 41):
        put(store, 1, campaign=1, contact=contact)
        put(store, 1, campaign=2, lane="google", contact=contact)
    together = Barrier(4)

    def claiming(sender: int) -> list[Claimed]:
        together.wait()
        return [it for _ in range(4) for it in take(store, Room(total=5), sender=sender)]

    with ThreadPoolExecutor(4) as threads:
        claims = [it for some in threads.map(claiming, range(1, 5)) for it in some]
    assert len({it.contact_id for it in claims}) == len(claims) == 40


@pytest.fixture(scope="module")
def plain(made_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that keeps nothing from one example to the next."""
    path = tmp_path_factory.mktemp("claims") / "nurture.db"
    path.write_bytes(made_file.read_bytes())
    with contextlib.closing(open_store(f"sqlite:///{path}", now=NOW, durable=False)) as store:
        yield store


WAITING = st.lists(
    st.tuples(
        st.integers(1, 4), st.sampled_from(["", "google"]), st.sampled_from([1, 5]), st.integers(1, 12)
    ),
    max_size=7,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    waiting=WAITING, total=st.integers(0, 40), lane_room=st.none() | st.integers(0, 9), turn=st.integers(0, 9)
)
def test_no_group_waits_while_another_of_its_priority_gets_more_than_its_share(
    plain: Store, waiting: list[tuple[int, str, int, int]], total: int, lane_room: int | None, turn: int
) -> None:
    """At any sizes, with or without a rate: strictly by priority, evenly within one, and nothing is left lying."""
    with plain.write() as tx:
        tx.exec_driver_sql("DELETE FROM outbox")
    there = Counter[tuple[int, str, int]]()
    for campaign, lane, priority, count in waiting:
        put(plain, count, campaign=campaign, lane=lane, priority=priority)
        there[10 - priority, lane, campaign] += count
    lanes = {} if lane_room is None else {"google": lane_room}
    claims = take(plain, Room(total=total, lanes=lanes, turn=turn))
    got = Counter((it.priority, it.lane, it.campaign_id) for it in claims)

    left, limited = total, PLENTY if lane_room is None else lane_room
    for _, level in groupby(sorted(there), key=lambda it: it[0]):
        groups = list(level)
        open_ = sum(there[it] for it in groups if it[1] == "")
        of_lane = min(limited, sum(there[it] for it in groups if it[1] == "google"))
        assert sum(got[it] for it in groups) == min(left, open_ + of_lane), "all that there is room for"
        for lane in ("", "google"):
            counts = [got[it] for it in groups if it[1] == lane]
            hungry = [got[it] for it in groups if it[1] == lane and got[it] < there[it]]
            assert not hungry or max(counts) <= min(hungry) + 1
        left -= sum(got[it] for it in groups)
        limited -= sum(got[it] for it in groups if it[1] == "google")
