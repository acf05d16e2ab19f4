"""Which of the letters that are ready goes next."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.clock import HOUR, MINUTE, NEVER, SECOND, Moment
from nurture.delivery.measures import Pause
from nurture.delivery.outcome import MessageKey
from nurture.delivery.shaping import OTHERS, Shape, Shaping
from nurture.delivery.throttle import Throttle
from nurture.runner.flow import FREE, Flow
from nurture.runner.piles import InHand, Piles
from nurture.settings.destinations import Rate
from nurture.store.claims import Claimed
from nurture.store.outbox import URGENT
from support.letters import letter

STARTED: Moment = 1_790_000_000_000_000
NOW = STARTED + HOUR


def in_hand(no: int, lane: str = "", campaign: int = 1, priority: int = 5, gated_at: Moment = NOW) -> InHand:
    key = MessageKey(no, 1)
    claimed = Claimed(
        key=key,
        contact_id=no,
        campaign_id=campaign,
        lane=lane,
        priority=priority,
        due_at=NOW,
        wanted_at=NOW,
        stale_at=NEVER,
        attempts=0,
        first_tried_at=0,
    )
    return InHand(claimed=claimed, gated_at=gated_at, letter=letter(key))


def flow(**rates: int) -> Flow:
    """With so many messages a minute: to lanes, and from the campaign 7 as `campaign`."""
    campaign = rates.pop("campaign", 0)
    by_key = {
        key: Shape(connections=5, per_connection=0, rate=Rate(count=count, span=MINUTE))
        for key, count in rates.items()
    }
    of_campaigns = {"campaign hello": Rate(count=campaign, span=MINUTE)} if campaign else {}
    throttle = Throttle(Shaping(by_key=by_key, default=OTHERS, rates=of_campaigns), STARTED)
    return Flow(throttle, {7: "campaign hello"} if campaign else {})


def filled(flow: Flow, *letters: InHand) -> Piles:
    piles = Piles(flow)
    for it in letters:
        piles.add(it)
    return piles


def popped(piles: Piles, lane: str | None = None, now: Moment = NOW, fresh_from: Moment = NOW) -> list[int]:
    """All that may go at one moment."""
    found = []
    while (it := piles.pop(lane, now, fresh_from)) is not None:
        found.append(it.claimed.key.enrollment_id)
    return found


def test_letters_of_one_lane_go_in_the_order_in_which_they_came() -> None:
    piles = filled(FREE, *(in_hand(no, campaign=no % 3) for no in range(1, 8)))
    assert popped(piles) == [1, 2, 3, 4, 5, 6, 7]
    assert popped(piles) == []
    assert piles.lanes() == set()


def test_lanes_take_turns() -> None:
    piles = filled(
        FREE, *(in_hand(no, lane) for no, lane in enumerate(["google"] * 4 + ["yahoo"] * 2, start=1))
    )
    assert popped(piles) == [1, 5, 2, 6, 3, 4]


def test_a_lane_can_be_asked_for() -> None:
    piles = filled(FREE, in_hand(1, "google"), in_hand(2, "yahoo"), in_hand(3, "google"))
    assert piles.lanes() == {"google", "yahoo"}
    assert piles.ready("google", NOW, NOW)
    assert not piles.ready("apple", NOW, NOW)
    assert popped(piles, "google") == [1, 3]
    assert not piles.ready("google", NOW, NOW)
    assert piles.lanes() == {"yahoo"}


def test_what_is_urgent_overtakes_all_that_was_there_before() -> None:
    piles = filled(FREE, in_hand(1, "google"), in_hand(2, "yahoo"), in_hand(3, "google", priority=URGENT))
    piles.add(in_hand(4, "google", priority=URGENT))
    assert popped(piles) == [3, 4, 1, 2]


def test_what_is_urgent_waits_for_its_lane_and_lets_others_go() -> None:
    piles = filled(flow(google=60), in_hand(1, "google", priority=URGENT), in_hand(2, "yahoo"))
    piles.add(in_hand(3, "google", priority=URGENT))
    assert popped(piles) == [1, 2]
    later = NOW + 2 * SECOND
    assert popped(piles, now=later) == [3]


def test_a_campaign_that_has_used_up_its_rate_holds_up_no_other() -> None:
    letters = [in_hand(no, campaign=7 if no <= 5 else 8) for no in range(1, 11)]
    piles = filled(flow(campaign=60), *letters)
    assert popped(piles) == [1, 6, 7, 8, 9, 10]
    assert not piles.ready(None, NOW, NOW)
    pause = piles.pause(None, NOW)
    assert pause is not None
    assert 0.5 * SECOND < pause <= 1.1 * SECOND
    assert popped(piles, now=NOW + pause) == [2]


def test_how_long_it_is_until_one_may_go() -> None:
    throttle = Throttle(Shaping(), STARTED)
    throttle.apply("google", Pause(span=MINUTE), NOW, "421")
    piles = filled(Flow(throttle), in_hand(1, "google"))
    assert piles.pause(None, NOW) == piles.pause("google", NOW) == MINUTE
    assert piles.pause("yahoo", NOW) is None
    piles.add(in_hand(2, "yahoo"))
    assert piles.pause(None, NOW) == 0
    assert popped(piles) == [2]
    assert Piles(FREE).pause(None, NOW) is None


def test_a_letter_whose_gates_were_read_too_long_ago_stays_until_they_are_read_again() -> None:
    old = in_hand(1, gated_at=NOW - 2 * SECOND)
    piles = filled(FREE, old, in_hand(2, "google"))
    fresh_from = NOW - SECOND
    assert popped(piles, fresh_from=fresh_from) == [2]
    assert not piles.ready(None, NOW, fresh_from)
    assert piles.older_than(fresh_from) == [old]
    old.gated_at = NOW
    assert piles.older_than(fresh_from) == []
    assert popped(piles, fresh_from=fresh_from) == [1]


def test_letters_can_be_taken_away() -> None:
    piles = filled(FREE, *(in_hand(no, "google" if no < 4 else "yahoo") for no in range(1, 7)))
    piles.drop({MessageKey(no, 1) for no in (2, 4, 5, 6, 99)})
    assert piles.counts() == {("google", 1): 2}
    assert piles.lanes() == {"google"}
    piles.drop(())
    assert popped(piles) == [1, 3]


LETTERS = st.lists(
    st.tuples(st.sampled_from(["", "google", "yahoo"]), st.sampled_from([1, 7]), st.sampled_from([0, 5])),
    max_size=40,
)


@settings(max_examples=60)
@given(letters=LETTERS, rate=st.integers(1, 600), campaign=st.integers(1, 600))
def test_every_letter_goes_once_and_never_more_than_there_is_room_for(
    letters: list[tuple[str, int, int]], rate: int, campaign: int
) -> None:
    """Whatever lies there: as time goes on, all of it goes, and in no minute more than the rates allow."""
    ways = flow(google=rate, campaign=campaign)
    piles = filled(ways, *(in_hand(no, *it) for no, it in enumerate(letters, start=1)))
    assert piles.counts().total() == len(letters)
    went: list[tuple[Moment, str, int]] = []
    now = NOW
    seen = Counter[int]()
    while (pause := piles.pause(None, now)) is not None:
        now += pause
        found = popped(piles, now=now)
        assert found, "it was said that one may go"
        seen.update(found)
        went += [(now, letters[no - 1][0], letters[no - 1][1]) for no in found]
    assert seen == Counter(range(1, len(letters) + 1))
    for most, times in (
        (rate, [at for at, lane, _ in went if lane == "google"]),
        (campaign, [at for at, _, of in went if of == 7]),
    ):
        assert all(later - first > MINUTE for first, later in zip(times, times[most:], strict=False))
