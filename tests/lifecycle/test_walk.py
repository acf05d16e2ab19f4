"""How a contact moves through the stages: each rule of lifecycle.yaml's page, one at a time."""

from collections.abc import Sequence

import pytest

from nurture.audience.contact import Contact
from nurture.audience.expressions import parse
from nurture.audience.facts import Event, MessageFacts, Sign
from nurture.clock import DAY, HOUR, NEVER, Moment, Span
from nurture.lifecycle.stages import Lifecycle, Stage
from nurture.lifecycle.walk import History, HistoryPurchase, Standing, Walked, walk

START: Moment = 1_700_006_400_000_000
BEGINNING = Standing(stage="prospect/awareness", since=0)
RULES = (
    ("prospect/awareness", ""),
    ("prospect/consideration", 'engagement.clicks >= 1 or did("viewed_pricing")'),
    ("prospect/decision", 'did("started_trial", within="30 days")'),
    ("customer/first-time", "orders.count == 1"),
    ("customer/repeat", "orders.count >= 2"),
    ("client", 'orders.within("365 days").count >= 4'),
    ("lapsed", "orders.days_since_last > 3 * orders.usual_gap_days and orders.days_since_last > 60"),
)


def lifecycle(rules: Sequence[tuple[str, str]] = RULES, stay: Span = 0) -> Lifecycle:
    return Lifecycle(
        stages=tuple(Stage(name=name, rule=parse(rule) if rule else None) for name, rule in rules), stay=stay
    )


def bought(day: float, *, undone: float | None = None, amount: int = 1000) -> HistoryPurchase:
    at = START + round(day * DAY)
    return HistoryPurchase(
        at=at,
        day=at // DAY,
        amount=amount,
        undone_at=0 if undone is None else START + round(undone * DAY),
        skus=("R-12",),
    )


def history(
    *purchases: HistoryPurchase,
    events: tuple[Event, ...] = (),
    signs: tuple[Sign, ...] = (),
    messages: tuple[MessageFacts, ...] = (),
    line: str = "",
) -> History:
    contact = Contact(id=1, email="ann@example.test", created_at=START, attributes={"tier": "gold"})
    return History(
        contact=contact, line=line, purchases=purchases, events=events, signs=signs, messages=messages
    )


def days(walked: Walked) -> list[tuple[str, float]]:
    return [(it.to_stage, (it.at - START) / DAY) for it in walked.transitions]


def test_orders_lead_from_prospect_to_customer_to_client() -> None:
    known = history(bought(1), bought(8), bought(15), bought(22))
    walked = walk(lifecycle(), known, BEGINNING, 0, START + 30 * DAY)
    assert days(walked) == [("customer/first-time", 1), ("customer/repeat", 8), ("client", 22)]
    assert walked.standing == Standing(stage="client", since=START + 22 * DAY)
    assert (walked.orders.count, walked.orders.total, walked.orders.usual_gap_days) == (4, 4000, 7)


def test_a_change_by_time_is_dated_by_the_moment_the_rule_flipped() -> None:
    walked = walk(lifecycle(), history(bought(1)), BEGINNING, 0, START + 400 * DAY)
    (first, lapsed) = walked.transitions
    assert (lapsed.from_stage, lapsed.to_stage) == ("customer/first-time", "lapsed")
    assert lapsed.at == first.at + 90 * DAY + 1
    assert lapsed.cause == {
        "by": "time",
        "orders.days_since_last": "90",
        "orders.usual_gap_days": "30",
    }
    assert walked.next_at == NEVER


def test_a_window_that_closes_leads_back() -> None:
    events = (Event(name="started_trial", at=START + DAY),)
    walked = walk(lifecycle(), history(events=events), BEGINNING, 0, START + 90 * DAY)
    assert days(walked) == [("prospect/decision", 1), ("prospect/awareness", 31)]
    assert walked.transitions[1].rule == ""
    assert walked.transitions[1].cause == {"by": "time", 'did("started_trial", within="30 days")': "no"}


def test_a_refund_that_leaves_no_purchase_makes_a_prospect_again() -> None:
    walked = walk(lifecycle(stay=DAY), history(bought(1, undone=1.5)), BEGINNING, 0, START + 90 * DAY)
    assert days(walked) == [("customer/first-time", 1), ("prospect/awareness", 1.5)]
    assert walked.transitions[1].cause["by"] == "refund"
    assert walked.orders.count == 0
    assert walked.orders.last_at is None


def test_a_refund_in_the_middle_mends_the_usual_gap() -> None:
    known = history(bought(0), bought(10), bought(11, undone=40), bought(20), bought(30))
    walked = walk(lifecycle(), known, BEGINNING, 0, START + 35 * DAY)
    assert walked.orders.usual_gap_days == 9.5
    later = walk(lifecycle(), known, BEGINNING, 0, START + 41 * DAY)
    assert later.orders.usual_gap_days == 10


def test_orders_on_one_day_make_no_gap() -> None:
    known = history(bought(0), bought(0.1), bought(5), bought(5.5), bought(12))
    assert walk(lifecycle(), known, BEGINNING, 0, START + 13 * DAY).orders.usual_gap_days == 6


def test_below_two_gaps_the_lifecycle_says_what_is_usual() -> None:
    known = history(bought(0), bought(5))
    assert walk(lifecycle(), known, BEGINNING, 0, START + 13 * DAY).orders.usual_gap_days == 30.0


def test_several_orders_at_one_moment_are_taken_together() -> None:
    walked = walk(lifecycle(), history(bought(1), bought(1)), BEGINNING, 0, START + 2 * DAY)
    assert days(walked) == [("customer/repeat", 1)]


def test_an_order_and_a_refund_at_one_moment_are_taken_together() -> None:
    walked = walk(lifecycle(), history(bought(1, undone=2), bought(2)), BEGINNING, 0, START + 3 * DAY)
    assert days(walked) == [("customer/first-time", 1)]
    assert walked.orders.first_at == START + 2 * DAY


def test_an_order_that_is_undone_at_once_moves_nobody() -> None:
    assert days(walk(lifecycle(), history(bought(1, undone=1)), BEGINNING, 0, START + 3 * DAY)) == []
    assert days(walk(lifecycle(), history(bought(1, undone=0.5)), BEGINNING, 0, START + 3 * DAY)) == []


def test_an_order_without_an_amount_is_an_order() -> None:
    walked = walk(lifecycle(), history(bought(1, amount=0)), BEGINNING, 0, START + 3 * DAY)
    assert days(walked) == [("customer/first-time", 1)]


def test_an_order_undone_before_the_walk_begins_is_no_order() -> None:
    walked = walk(
        lifecycle(), history(bought(1, undone=2), bought(5)), BEGINNING, START + 3 * DAY, START + 6 * DAY
    )
    assert days(walked) == [("customer/first-time", 5)]


def test_what_lies_beyond_the_end_has_not_happened_but_is_when_to_look_again() -> None:
    known = history(bought(1), bought(9), events=(Event(name="anything", at=START + 7 * DAY),))
    walked = walk(lifecycle(), known, BEGINNING, 0, START + 5 * DAY)
    assert days(walked) == [("customer/first-time", 1)]
    assert walked.orders.count == 1
    assert walked.next_at == START + 7 * DAY
    walked = walk(lifecycle(), known, walked.standing, START + 5 * DAY, START + 8 * DAY)
    assert walked.next_at == START + 9 * DAY


SIGNS = (Sign(kind="received", at=START + HOUR), Sign(kind="click", at=START + 2 * HOUR))


def test_the_first_stage_holds_nobody_and_the_others_do() -> None:
    trial = (Event(name="started_trial", at=START + 5 * HOUR),)
    walked = walk(lifecycle(stay=DAY), history(events=trial, signs=SIGNS), BEGINNING, 0, START + 3 * DAY)
    assert days(walked) == [("prospect/consideration", 2 / 24), ("prospect/decision", 1 + 2 / 24)]
    assert walked.transitions[1].cause["by"] == "time"


def test_a_stage_that_was_come_back_to_holds_like_any_other() -> None:
    known = history(bought(1, undone=1.5), events=(Event(name="viewed_pricing", at=START + 2 * DAY),))
    walked = walk(lifecycle(stay=DAY), known, BEGINNING, 0, START + 5 * DAY)
    assert days(walked) == [
        ("customer/first-time", 1),
        ("prospect/awareness", 1.5),
        ("prospect/consideration", 2.5),
    ]


def test_an_order_changes_the_stage_at_once_whatever_stay_says() -> None:
    known = history(bought(0.25), bought(0.5), signs=SIGNS)
    walked = walk(lifecycle(stay=DAY), known, BEGINNING, 0, START + 2 * DAY)
    assert [stage for stage, _ in days(walked)] == [
        "prospect/consideration",
        "customer/first-time",
        "customer/repeat",
    ]


def test_what_is_over_before_stay_is_over_never_was() -> None:
    rules = (("quiet", ""), ("short", 'did("a", within="2 hours")'), ("long", 'did("b", within="30 days")'))
    events = (Event(name="b", at=START + HOUR), Event(name="a", at=START + 2 * HOUR))
    swapped = lifecycle((rules[0], rules[2], rules[1]), stay=DAY)
    walked = walk(swapped, history(events=events), Standing(stage="quiet", since=0), 0, START + 2 * DAY)
    assert [it.to_stage for it in walked.transitions] == ["long"]


def test_the_end_of_stay_is_when_to_look_again() -> None:
    trial = (Event(name="started_trial", at=START + 5 * HOUR),)
    walked = walk(lifecycle(stay=DAY), history(events=trial, signs=SIGNS), BEGINNING, 0, START + 6 * HOUR)
    assert walked.next_at == START + DAY + 2 * HOUR


@pytest.mark.parametrize(
    ("rule", "known", "by"),
    [
        ("orders.count >= 1", history(bought(1)), "order"),
        ('did("signed_up")', history(events=(Event(name="signed_up", at=START + DAY),)), "event signed_up"),
        ("engagement.clicks >= 1", history(signs=(Sign(kind="click", at=START + DAY),)), "click"),
        ("engagement.opens >= 1", history(signs=(Sign(kind="open", at=START + DAY),)), "open"),
        ("engagement.received >= 1", history(signs=(Sign(kind="received", at=START + DAY),)), "received"),
        ("days_since(contact.created_at) >= 1", history(), "time"),
        ('did("ordered")', history(bought(1)), "order"),
        (
            'opened("welcome")',
            history(
                messages=(
                    MessageFacts(
                        campaign="intro",
                        step="welcome",
                        enrollment_id=1,
                        received_at=START + HOUR,
                        opened_at=START + DAY,
                    ),
                )
            ),
            "open",
        ),
    ],
)
def test_the_cause_says_what_brought_it_about(rule: str, known: History, by: str) -> None:
    walked = walk(
        lifecycle((("first", ""), ("then", rule))),
        known,
        Standing(stage="first", since=0),
        0,
        START + 9 * DAY,
    )
    (transition,) = walked.transitions
    assert transition.at == START + DAY
    assert transition.cause["by"] == by
    assert transition.rule == rule
    assert len(transition.cause) == 2


def test_refunds_are_events_too() -> None:
    rules = lifecycle((("first", ""), ("then", 'did("refunded", within="2 days")')))
    walked = walk(rules, history(bought(1, undone=3)), Standing(stage="first", since=0), 0, START + 9 * DAY)
    assert days(walked) == [("then", 3), ("first", 5)]


def test_what_was_known_from_the_beginning_counts_from_the_contacts_creation() -> None:
    rules = lifecycle((("first", ""), ("gold", "contact.tier == 'gold'")))
    walked = walk(rules, history(), Standing(stage="first", since=0), 0, START + 9 * DAY)
    assert days(walked) == [("gold", 0)]


def test_what_changed_at_no_moment_counts_from_the_end_of_the_walk() -> None:
    rules = lifecycle((("first", ""), ("gold", "contact.tier == 'gold'")))
    walked = walk(rules, history(), Standing(stage="first", since=START), START + DAY, START + 9 * DAY)
    assert days(walked) == [("gold", 9)]


def test_a_line_has_stages_of_its_own() -> None:
    rules = lifecycle((("prospect", ""), ("customer", "orders.count >= 1 and line.name == 'FLORAL'")))
    walked = walk(
        rules, history(bought(1), line="FLORAL"), Standing(stage="prospect", since=0), 0, START + 9 * DAY
    )
    (transition,) = walked.transitions
    assert (transition.line, transition.to_stage) == ("FLORAL", "customer")


def test_goods_are_known_where_a_rule_names_them() -> None:
    rules = lifecycle((("first", ""), ("has", '"R-12" in orders.skus')))
    walked = walk(
        rules,
        history(bought(1), bought(2, undone=4), bought(3, undone=5)),
        Standing(stage="first", since=0),
        0,
        NEVER - 1,
    )
    assert days(walked) == [("has", 1)]
    assert walked.orders.skus == {"R-12"}


def test_nobody_to_whom_nothing_happens_is_never_looked_at_again() -> None:
    walked = walk(lifecycle(), history(), BEGINNING, 0, START)
    assert (walked.transitions, walked.standing, walked.next_at) == ((), BEGINNING, NEVER)
