"""How much may go where now, as a real throttle says."""

from __future__ import annotations

from collections import Counter

from nurture.clock import HOUR, MINUTE, NEVER, SECOND, Moment
from nurture.delivery.measures import Pause, Stop
from nurture.delivery.shaping import OTHERS, Shape, Shaping
from nurture.delivery.throttle import Throttle
from nurture.runner.flow import AHEAD, FREE, Flow
from nurture.settings.destinations import Rate
from nurture.store.claims import Group, Room

STARTED: Moment = 1_790_000_000_000_000
NOW = STARTED + HOUR
NOTHING = Counter[tuple[str, int]]()


def a_minute(count: int) -> Rate:
    return Rate(count=count, span=MINUTE)


def throttle(rates: dict[str, int] | None = None, campaigns: dict[str, int] | None = None) -> Throttle:
    """With so many messages a minute to destinations, and from campaigns."""
    by_key = {
        key: Shape(connections=5, per_connection=0, rate=a_minute(count))
        for key, count in (rates or {}).items()
    }
    of_campaigns = {f"campaign {key}": a_minute(count) for key, count in (campaigns or {}).items()}
    return Throttle(Shaping(by_key=by_key, default=OTHERS, rates=of_campaigns), STARTED)


def group(lane: str = "", campaign: int = 1, priority: int = 5) -> Group:
    return Group(lane=lane, priority=priority, campaign_id=campaign, due_at=NOW)


def test_without_a_throttle_there_is_room_for_all() -> None:
    assert FREE.room([group("google")], 50, None, NOTHING, NOW) == Room(total=50)
    assert FREE.room([group("google")], 50, "google", NOTHING, NOW) == Room(total=50, only={"google"})
    assert FREE.at("google", 1, NOW) == FREE.lane_at("google", NOW) == NOW
    assert not FREE.has_rate(1)


def test_a_lane_without_a_limit_is_not_named() -> None:
    flow = Flow(throttle({"google": 600}))
    room = flow.room([group("google"), group("yahoo")], 50, None, NOTHING, NOW)
    assert set(room.lanes) == {"google"}
    assert room.campaigns == {}


def test_so_much_is_claimed_of_what_has_a_rate_as_may_go_in_two_seconds() -> None:
    assert AHEAD == 2 * SECOND
    flow = Flow(throttle({"google": 600}))
    assert 15 <= flow.room([group("google")], 500, None, NOTHING, NOW).lanes["google"] <= 23


def test_what_is_in_hand_takes_its_room_and_what_went_does_too() -> None:
    flow = Flow(throttle({"google": 600}))

    def room(in_hand: dict[tuple[str, int], int]) -> int:
        return flow.room([group("google")], 500, None, Counter(in_hand), NOW).lanes["google"]

    empty = room({})
    assert room({("google", 1): 5, ("google", 2): 2, ("yahoo", 1): 90}) == empty - 7
    for _ in range(3):
        flow.took("google", 0, NOW)
    assert room({}) in (empty - 3, empty - 4)
    assert room({("google", 1): 500}) < 0, "nothing is claimed then, and nothing is an error"


def test_lanes_of_one_provider_have_one_limit() -> None:
    flow = Flow(throttle({"google": 60}))
    one, other = "google/a.google.com", "google/b.google.com"
    flow.took(one, 0, NOW)
    assert flow.lane_at(other, NOW) > NOW
    assert flow.lane_at("/mx.shop.example", NOW) == NOW
    alone = flow.room([group(one)], 9, one, NOTHING, NOW).lanes[one]
    assert flow.room([group(one)], 9, one, Counter({(other, 1): 1}), NOW).lanes[one] == alone - 1


def test_a_campaign_with_a_rate_goes_at_it_in_whatever_lane() -> None:
    flow = Flow(throttle(campaigns={"hello": 60}), {7: "campaign hello"})
    assert flow.has_rate(7)
    assert not flow.has_rate(8)
    flow.took("google", 7, NOW)
    assert NOW < flow.at("yahoo", 7, NOW) <= NOW + 1.1 * SECOND
    assert flow.at("yahoo", 0, NOW) == NOW
    room = flow.room(
        [group("google", 7), group("yahoo", 7), group("", 8)], 90, None, Counter({("google", 7): 1}), NOW
    )
    assert set(room.campaigns) == {7}
    assert 0 <= room.campaigns[7] <= 2


def test_the_slower_of_lane_and_campaign_holds() -> None:
    flow = Flow(throttle({"google": 600}, {"hello": 6}), {7: "campaign hello"})
    flow.took("google", 7, NOW)
    assert flow.lane_at("google", NOW) <= NOW + 0.2 * SECOND
    assert flow.at("google", 7, NOW) > NOW + 9 * SECOND


def test_where_mail_is_held_back_there_is_no_room() -> None:
    held = throttle()
    flow = Flow(held)
    held.apply("google", Pause(span=HOUR), NOW, "421 later")
    held.apply("yahoo", Stop(reason="not authenticated"), NOW, "550 5.7.26")
    room = flow.room([group("google"), group("yahoo"), group("apple")], 9, None, NOTHING, NOW)
    assert room.lanes == {"google": 0, "yahoo": 0}
    assert flow.at("google", 0, NOW) == NOW + HOUR
    assert flow.at("yahoo", 0, NOW) == NEVER
    assert flow.at("google", 0, NOW + HOUR) == NOW + HOUR
