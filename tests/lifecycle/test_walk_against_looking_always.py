"""A walk finds just what somebody finds who looks all the time, and it does not matter where it is interrupted."""

from dataclasses import replace
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nurture.audience.contact import Contact
from nurture.audience.expressions import parse
from nurture.audience.facts import (
    EngagementFacts,
    Event,
    Facts,
    OrderFacts,
    Purchase,
    Sign,
    StageFacts,
)
from nurture.clock import DAY, HOUR, Moment
from nurture.lifecycle.stages import Lifecycle, Stage
from nurture.lifecycle.walk import History, HistoryPurchase, Standing, walk

BEGIN: Moment = 1_700_006_400_000_000
END = 120
"""Hours that are looked at; everything happens on a whole hour."""

RULES = st.sampled_from(
    [
        "engagement.clicks >= 1",
        "engagement.days_since_last > 1",
        'engagement.within("20 hours").opens >= 2',
        'did("a", within="30 hours")',
        'did("a", within="2 days", times=2) or did("b")',
        "orders.count == 1",
        "orders.count >= 2",
        "orders.total >= 1",
        'orders.within("30 hours").count >= 2',
        'orders.within("1 day").total == 0.5',
        "orders.days_since_last > 1.5 * orders.usual_gap_days",
        "orders.days_since_last >= 1 and orders.days_since_last < 2",
        "days_since(contact.created_at) > 3",
        '"x" in orders.skus and "y" not in orders.within("1 day").skus',
        "orders.average > 0.75",
        'not did("b", within="10 hours")',
        'did("ordered", within="5 hours")',
    ]
)
HOURS = st.integers(1, END)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Lifecycle, History]:
    rules = draw(st.lists(RULES, min_size=1, max_size=5))
    stages = (Stage(name="s0"), *(Stage(name=f"s{n}", rule=parse(it)) for n, it in enumerate(rules, 1)))
    stay = draw(st.sampled_from([0, 0, 3 * HOUR, DAY]))
    purchases = []
    for hour in sorted(draw(st.lists(HOURS, max_size=6))):
        at = BEGIN + hour * HOUR
        undone = at + draw(st.integers(-1, 40)) * HOUR if draw(st.integers(0, 2)) == 0 else 0
        goods = tuple(draw(st.sets(st.sampled_from("xy"))))
        amount = draw(st.sampled_from([0, 50, 100]))
        purchases.append(HistoryPurchase(at=at, day=at // DAY, amount=amount, undone_at=undone, skus=goods))
    events = tuple(
        Event(name=draw(st.sampled_from("ab")), at=BEGIN + hour * HOUR)
        for hour in sorted(draw(st.lists(HOURS, max_size=4)))
    )
    signs = tuple(
        Sign(kind=draw(st.sampled_from(["received", "open", "click"])), at=BEGIN + hour * HOUR)
        for hour in sorted(draw(st.lists(HOURS, max_size=4)))
    )
    known = History(
        contact=Contact(id=1, email="", created_at=BEGIN),
        purchases=tuple(purchases),
        events=events,
        signs=signs,
    )
    return Lifecycle(stages=stages, stay=stay, usual_gap_days=1.0), known


def facts_at(known: History, usual: float, now: Moment) -> Facts:
    """All facts, worked out from nothing."""
    standing = [
        it
        for it in known.purchases
        if it.at <= now and not (it.undone_at and max(it.undone_at, it.at) <= now)
    ]
    gaps = [b - a for a, b in pairwise(sorted({it.day for it in standing}))]
    signs = [it for it in known.signs if it.at <= now]
    moments = {kind: [it.at for it in signs if it.kind == kind] for kind in ("received", "open", "click")}
    ordered = [Event(name="ordered", at=it.at) for it in known.purchases]
    return Facts(
        contact=known.contact,
        stage=StageFacts(name="s0", since=0),
        orders=OrderFacts(
            count=len(standing),
            total=sum(it.amount for it in standing),
            first_at=standing[0].at if standing else None,
            last_at=standing[-1].at if standing else None,
            usual_gap_days=float(median(gaps)) if len(gaps) >= 2 else usual,
            skus=frozenset(sku for it in standing for sku in it.skus),
            recent=tuple(Purchase(at=it.at, amount=it.amount, skus=it.skus) for it in standing),
        ),
        engagement=EngagementFacts(
            received=len(moments["received"]),
            opens=len(moments["open"]),
            clicks=len(moments["click"]),
            first_received_at=min(moments["received"], default=None),
            last_open_at=max(moments["open"], default=None),
            last_click_at=max(moments["click"], default=None),
            recent=tuple(signs),
        ),
        events=tuple(sorted([it for it in (*known.events, *ordered) if it.at <= now], key=lambda it: it.at)),
    )


def look_always(rules: Lifecycle, known: History) -> list[tuple[str, str, Moment]]:
    """Look at every whole hour and just behind it: nothing can change at any other moment."""
    orders = {it.at for it in known.purchases}
    orders |= {max(it.undone_at, it.at) for it in known.purchases if it.undone_at}
    stage, since, found = "s0", 0, []
    for hour in range(END + 1):
        for now in (BEGIN + hour * HOUR, BEGIN + hour * HOUR + 1):
            facts = facts_at(known, rules.usual_gap_days, now)
            wish = "s0"
            for it in rules.stages[1:]:
                if it.rule is not None and it.rule.holds(facts, now):
                    wish = it.name
            if wish != stage and (now in orders or since == 0 or now >= since + rules.stay):
                found.append((stage, wish, now))
                stage, since = wish, now
    return found


@settings(max_examples=150)
@given(lives())
def test_a_walk_finds_what_looking_always_finds(life: tuple[Lifecycle, History]) -> None:
    rules, known = life
    walked = walk(rules, known, Standing(stage="s0", since=0), 0, BEGIN + END * HOUR + 1)
    assert [(it.from_stage, it.to_stage, it.at) for it in walked.transitions] == look_always(rules, known)
    whole = facts_at(known, rules.usual_gap_days, BEGIN + END * HOUR + 1).orders
    found = walked.orders
    for name in ("count", "total", "first_at", "last_at", "usual_gap_days"):
        assert getattr(found, name) == getattr(whole, name)


@given(lives(), st.lists(st.integers(0, END * 4), max_size=4))
def test_a_walk_in_pieces_is_the_walk_in_one(life: tuple[Lifecycle, History], cuts: list[int]) -> None:
    rules, known = life
    end = BEGIN + END * HOUR + 1
    whole = walk(rules, known, Standing(stage="s0", since=0), 0, end)
    standing, start, found = Standing(stage="s0", since=0), 0, []
    for until in (*sorted(BEGIN + cut * HOUR // 4 for cut in cuts), end):
        piece = walk(rules, known, standing, start, until)
        standing, start = piece.standing, until
        found += piece.transitions
    assert tuple(found) == whole.transitions
    assert standing == whole.standing
    assert piece.next_at == whole.next_at
    assert piece.orders == whole.orders


@given(lives(), st.integers(0, END))
def test_a_walk_goes_on_from_what_an_earlier_one_counted(life: tuple[Lifecycle, History], hour: int) -> None:
    rules, known = life
    cut, end = BEGIN + hour * HOUR, BEGIN + END * HOUR + 1
    wanted = {name for it in rules.stages[1:] if it.rule is not None for name in it.rule.needs.events}
    # Who goes on sees to both: `runner/review.py`.
    assume("ordered" not in wanted)
    assume(not any(it.at <= cut < it.undone_at for it in known.purchases))
    first = walk(rules, known, Standing(stage="s0", since=0), 0, cut)
    counted = first.tally.facts(cut)
    rest = replace(known, purchases=tuple(it for it in known.purchases if it.at > cut))

    assert walk(rules, rest, first.standing, cut, end, first.tally) == walk(
        rules, known, first.standing, cut, end
    )
    assert first.tally.facts(cut) == counted


@given(lives())
def test_looking_again_only_when_a_walk_says_so_misses_nothing(life: tuple[Lifecycle, History]) -> None:
    rules, known = life
    end = BEGIN + END * HOUR + 1
    whole = walk(rules, known, Standing(stage="s0", since=0), 0, end)
    standing, start, found, now = Standing(stage="s0", since=0), 0, [], BEGIN
    for _ in range(1000):
        piece = walk(rules, known, standing, start, now)
        assert piece.next_at > now
        standing, start = piece.standing, now
        found += piece.transitions
        if piece.next_at > end:
            break
        now = piece.next_at
    assert tuple(found) == whole.transitions


@pytest.mark.parametrize("gap", [HOUR, DAY, 20 * DAY])
def test_a_long_history_is_looked_at_a_few_times_an_order(gap: int) -> None:
    looks = 0
    window = 'orders.within("365 days").count'
    rule = parse(
        f"{window} >= 4 and orders.days_since_last > 3 * orders.usual_gap_days and {gap // HOUR} > 0"
    )

    def counted(facts: Facts, now: Moment) -> bool:
        nonlocal looks
        looks += 1
        return rule.holds(facts, now)

    stages = (Stage(name="s0"), Stage(name="s1", rule=replace(rule, evaluate=counted)))
    known = History(
        contact=Contact(id=1, email="", created_at=BEGIN),
        purchases=tuple(
            HistoryPurchase(at=BEGIN + n * gap, day=(BEGIN + n * gap) // DAY, amount=1) for n in range(1000)
        ),
    )
    end = BEGIN + 1001 * gap
    walked = walk(Lifecycle(stages=stages), known, Standing(stage="s0", since=0), 0, end)
    assert walked.orders.count == 1000
    assert 1000 <= looks < 5000
