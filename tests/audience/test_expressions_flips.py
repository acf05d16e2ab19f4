"""When an expression could next change by time alone: exact, and never too late."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.audience.contact import Contact
from nurture.audience.expressions import parse
from nurture.audience.facts import (
    EngagementFacts,
    EntryFacts,
    Event,
    Facts,
    LineFacts,
    MessageFacts,
    OfferFacts,
    OrderFacts,
    Purchase,
    Sign,
    StageFacts,
)
from nurture.clock import DAY, HOUR, NEVER, Moment

EXACT = [
    ("orders.days_since_last > 60", 57 * DAY + 1),
    ("orders.days_since_last >= 60", 57 * DAY),
    ("60 <= orders.days_since_last", 57 * DAY),
    ("orders.days_since_last == 60", 57 * DAY),
    ("orders.days_since_last == 3", 1),
    ("orders.days_since_last < 3", NEVER),
    ("orders.days_since_last > 3 * orders.usual_gap_days", 57 * DAY + 1),
    ("orders.days_since_last * 2 - 1 >= 9", 2 * DAY),
    ("orders.days_since_last / 2 + 1 >= 4", 3 * DAY),
    ("10 - orders.days_since_last < 2", 5 * DAY + 1),
    ("-orders.days_since_last <= -4", DAY),
    ("orders.days_since_last > stage.days", NEVER),
    ("orders.days_since_last * 2 >= stage.days + 3", 2 * DAY),
    ("stage.days in [6, 7]", DAY),
    ("not stage.days >= 6", DAY),
    ("days_since(contact.created_at) >= 101", DAY),
    ("now >= offer.expires_at", 2 * DAY),
    ("offer.expires_at < now", 2 * DAY + 1),
    ("days_since(offer.expires_at) >= -1", DAY),
    ("stage.since > now", NEVER),
    ('orders.within("60 days").count >= 3', 10 * DAY),
    ('orders.within("60 days").count >= 2', 40 * DAY),
    ('orders.within("60 days").count > 2', 10 * DAY),
    ('orders.within("60 days").count == 3', 10 * DAY),
    ('orders.within("60 days").count == 2', 10 * DAY),
    ('2 > orders.within("60 days").count', 40 * DAY),
    ('orders.within("60 days").count >= 4', NEVER),
    ('orders.within("60 days").total > 10', 10 * DAY),
    ('orders.within("60 days").count + 1 >= 3', 10 * DAY),
    ('engagement.within("10 days").clicks >= 1', DAY),
    ('did("viewed", within="10 days")', 8 * DAY),
    ('did("viewed", within="50 days", times=2)', 10 * DAY),
    ('did("viewed", within="50 days", sku="R-12")', 10 * DAY),
    ('did("viewed", times=2)', NEVER),
    ('segment("late")', 57 * DAY),
    ("orders.count > 2", NEVER),
    ("contact.country == 'DE'", NEVER),
    ("contact.nothing > now", NEVER),
    ("orders.count", NEVER),
]
SEGMENTS = {"late": parse("orders.days_since_last >= 60")}


@pytest.mark.parametrize(("text", "wait"), EXACT, ids=[it[0] for it in EXACT])
def test_the_next_flip_is_worked_out_to_the_microsecond(
    text: str, wait: int, facts: Facts, now: Moment
) -> None:
    expression = parse(text, segments=SEGMENTS)
    assert expression.exact_in_time
    flip = expression.next_flip(facts, now)
    assert flip == (NEVER if wait == NEVER else now + wait)


@pytest.mark.parametrize(
    "text",
    [
        "orders.days_since_last * stage.days > 40",
        "1 / stage.days < 0.1",
        'did("x", days=stage.days)',
        "stage.days",
        "stage.days * stage.days in [1, 2]",
    ],
)
def test_what_cannot_be_worked_out_is_looked_at_the_next_day(text: str, facts: Facts, now: Moment) -> None:
    expression = parse(text)
    assert not expression.exact_in_time
    assert expression.next_flip(facts, now) == now + DAY
    assert not parse('segment("s")', segments={"s": expression}).exact_in_time


LENGTH = 40
"""Hours: facts lie on whole hours, thresholds on whole hours or between."""

HOURS = st.integers(-LENGTH, LENGTH)
SPANS = st.sampled_from(["1 hour", "3 hours", "7 hours", "1 day", "30 hours"])
OPS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
NUMBERS = st.sampled_from(["0", "1", "2", "3", "0.25", "0.5", "1.125", "-1", "10.5"])
STEADY = st.one_of(
    NUMBERS,
    st.sampled_from(["orders.count", "orders.usual_gap_days", "contact.nothing", "contact.n"]),
)
MOVING = st.one_of(
    st.sampled_from(
        [
            "orders.days_since_last",
            "engagement.days_since_last",
            "stage.days",
            "line.stage.days",
            "days_since(contact.created_at)",
            "days_since(offer.expires_at)",
            "days_since(now)",
            'days_since(last("e").at)',
            'last("e").n',
        ]
    ),
    st.builds(
        'orders.within("{}").{}'.format,
        SPANS,
        st.sampled_from(["count", "total", "average", "days_since_last", "usual_gap_days"]),
    ),
    st.builds(
        'engagement.within("{}").{}'.format,
        SPANS,
        st.sampled_from(["received", "opens", "clicks", "days_since_last"]),
    ),
)
REGULAR = st.recursive(
    st.one_of(STEADY, MOVING),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-"), inner),
        st.builds("({} * {})".format, NUMBERS, inner),
        st.builds("({} / {})".format, inner, NUMBERS),
        st.builds("-{}".format, inner),
    ),
    max_leaves=3,
)
MOMENTS = st.sampled_from(
    ["now", "offer.expires_at", "stage.since", 'orders.within("7 hours").first_at', 'last("e").at']
)
LEAVES = st.one_of(
    st.builds("{} {} {}".format, REGULAR, OPS, REGULAR),
    st.builds("{} {} {}".format, MOMENTS, OPS, MOMENTS),
    st.builds('did("e", within="{}", times={}, n={})'.format, SPANS, st.integers(1, 3), st.integers(0, 1)),
    st.builds('did("e", within="{}", since="entry")'.format, SPANS),
    st.builds('orders.within("{}").count {} {}'.format, SPANS, OPS, NUMBERS),
    st.builds("stage.days in [{}, {}]".format, NUMBERS, NUMBERS),
    st.builds('"a" in orders.within("{}").skus'.format, SPANS),
    st.sampled_from(
        ['clicked("step")', 'opened("c/step")', 'did("e")', "offer.redeemed", "orders.count > 1"]
    ),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=3,
)


def _sorted_hours(draw: st.DrawFn, most: int = 6) -> list[Moment]:
    return [START + hour * HOUR for hour in sorted(draw(st.lists(HOURS, max_size=most)))]


START: Moment = 1_700_000_000_000_000 // DAY * DAY


@st.composite
def anybody(draw: st.DrawFn) -> Facts:
    """Somebody to whom things happened around START, some of them still to come."""
    bought = tuple(
        Purchase(at=at, amount=draw(st.integers(0, 3)) * 50, skus=("a",) if draw(st.booleans()) else ())
        for at in _sorted_hours(draw)
    )
    past = [it for it in bought if it.at <= START]
    orders = OrderFacts(
        count=len(past),
        first_at=past[0].at if past else None,
        last_at=past[-1].at if past else None,
        usual_gap_days=draw(st.sampled_from([0.5, 1.0, 2.0])),
        recent=bought,
    )
    signs = tuple(
        Sign(kind=draw(st.sampled_from(["received", "open", "click"])), at=at) for at in _sorted_hours(draw)
    )
    stage = StageFacts(name="prospect", since=START + draw(HOURS) * HOUR)
    touched = _sorted_hours(draw, 2)
    return Facts(
        contact=Contact(id=1, email="", created_at=START + draw(HOURS) * HOUR, attributes={"n": 1.5}),
        stage=stage,
        orders=orders,
        line=LineFacts(name="A", stage=stage, orders=orders) if draw(st.booleans()) else None,
        engagement=EngagementFacts(
            first_received_at=signs[0].at if signs else None,
            last_click_at=signs[-1].at if signs and draw(st.booleans()) else None,
            recent=signs,
        ),
        events=tuple(
            Event(name="e", at=at, properties={"n": draw(st.integers(0, 1))}) for at in _sorted_hours(draw)
        ),
        messages=(
            MessageFacts(
                campaign="c",
                step="step",
                enrollment_id=draw(st.integers(1, 2)),
                received_at=START,
                opened_at=touched[0] if touched else None,
                clicked_at=touched[-1] if touched else None,
            ),
        ),
        offer=OfferFacts(key="o", says="o", expires_at=START + draw(HOURS) * HOUR)
        if draw(st.booleans())
        else None,
        entry=EntryFacts(campaign="c", enrollment_id=1, entered_at=START + draw(HOURS) * HOUR),
    )


@settings(max_examples=300)
@given(CONDITIONS, anybody())
def test_no_flip_is_missed_between_now_and_the_next_flip(text: str, facts: Facts) -> None:
    expression = parse(text)
    now, end = START, START + 3 * LENGTH * HOUR
    for _ in range(200):
        flip = expression.next_flip(facts, now)
        assert flip > now
        value = expression.value(facts, now)
        last = min(flip, end) - 1
        step = HOUR // 2
        between = range((now // step + 1) * step, last + 1, step)
        for at in (*between, *(it + 1 for it in between), *(it - 1 for it in between), last):
            if now < at <= last:
                assert expression.value(facts, at) == value, at - START
        if flip >= end:
            return
        now = flip
    raise AssertionError("it flips without end")
