from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nurture.audience.expressions import parse
from nurture.audience.facts import Facts
from nurture.clock import DAY, HOUR
from nurture.journeys.calendar import parse_window
from nurture.journeys.campaign import Campaign, Trigger
from nurture.journeys.decisions import Drop, Go, Hold
from nurture.journeys.gates import GateQuestion, Quiet, gate
from nurture.journeys.program import Program
from nurture.journeys.reasons import SENTENCES, Reason, in_words
from nurture.journeys.terms import Terms
from nurture.offers.offer import Kind, Offer

BOUGHT = parse("orders.count >= 1")
MakeFacts = Callable[..., Facts]
Ask = Callable[..., object]


@pytest.fixture
def ask(make_facts: MakeFacts, friday: int) -> Ask:
    """Asks about a message of the campaign with these keys; what is not said is in order."""

    def ask_it(campaign: dict[str, Any] | None = None, facts: Facts | None = None, **keys: Any) -> object:
        whole = Campaign(key="welcome", name="Welcome", topic="offers", program=Program(), **(campaign or {}))
        usual = {
            "facts": facts or make_facts(),
            "now": friday + HOUR,
            "entered_at": friday,
            "suppressed": False,
            "consented": True,
            "wanted_at": friday,
            "stale_after": 7 * DAY,
            "zone": ZoneInfo("UTC"),
        }
        return gate(GateQuestion(campaign=whole, **(usual | keys)))

    return ask_it


def offer(kind: Kind) -> Offer:
    return Offer(key="it", kind=kind, says="something")


def leaves(reason: Reason) -> Drop:
    return Drop(reason=reason, leaves=True)


def test_a_message_that_fits_goes(ask: Ask) -> None:
    assert ask({"stages": ("prospect",), "terms": Terms(offer="it")}, offer=offer("introductory")) == Go()


def test_nobody_is_mailed_who_has_not_confirmed_yet(ask: Ask) -> None:
    assert ask(pending=True) == leaves(Reason.PENDING)
    assert ask(pending=True, urgent=True, consented=False) == leaves(Reason.PENDING)
    assert ask(pending=True, suppressed=True) == leaves(Reason.SUPPRESSED)


def test_a_pause_holds_what_is_still_worth_sending_then_and_drops_the_rest(ask: Ask, friday: int) -> None:
    for reason in (Reason.QUIET, Reason.AWAITS_ANSWER):
        for urgent in (False, True):
            held = ask(quiet=Quiet(friday + 2 * DAY, reason), urgent=urgent)
            assert held == Hold(until=friday + 2 * DAY, reason=reason)
            assert ask(quiet=Quiet(friday + 8 * DAY, reason), urgent=urgent) == Drop(reason=reason)
            assert ask(quiet=Quiet(friday + HOUR, reason), urgent=urgent) == Go()


def test_a_pause_that_ends_at_night_holds_until_the_window_opens(ask: Ask, friday: int) -> None:
    asked = {"quiet": Quiet(friday + 2 * DAY, Reason.QUIET), "window": parse_window("mon-sun 08:00-20:00")}
    assert ask(**asked) == Hold(until=friday + 2 * DAY + 8 * HOUR, reason=Reason.QUIET)


def test_nobody_is_mailed_who_is_suppressed_or_did_not_agree(ask: Ask) -> None:
    assert ask(suppressed=True) == leaves(Reason.SUPPRESSED)
    assert ask(consented=False) == leaves(Reason.NOT_AGREED)
    assert ask(suppressed=True, consented=False) == leaves(Reason.SUPPRESSED)


def test_an_exit_ends_the_campaign_by_event_and_by_expression(ask: Ask, make_facts: MakeFacts) -> None:
    assert ask(exit_reached=True) == leaves(Reason.EXIT)
    by_expression = {"exits": (Trigger(event="ordered"), Trigger(expression=BOUGHT))}
    assert ask(by_expression) == Go()
    assert ask(by_expression, facts=make_facts(orders=1)) == leaves(Reason.EXIT)


def test_a_goal_ends_the_campaign_unless_it_is_to_be_finished(ask: Ask, make_facts: MakeFacts) -> None:
    goal = {"goal": Trigger(expression=BOUGHT)}
    assert ask(goal_reached=True) == leaves(Reason.GOAL)
    assert ask(goal, facts=make_facts(orders=1)) == leaves(Reason.GOAL)
    assert ask(goal) == Go()
    assert ask({**goal, "on_goal": "finish"}, facts=make_facts(orders=1), goal_reached=True) == Go()


def test_who_left_the_stage_or_does_not_fit_any_more_leaves(ask: Ask, make_facts: MakeFacts) -> None:
    assert ask({"stages": ("customer",)}) == leaves(Reason.STAGE)
    assert ask({"stages": ("prospect",)}, facts=make_facts(stage="prospect/decision")) == Go()
    assert ask({"when": BOUGHT}) == leaves(Reason.WHEN)
    assert ask({"when": BOUGHT, "stages": ("customer",), "on_leaving": "finish"}) == Go()


def test_the_stage_of_the_line_counts_in_a_campaign_with_lines(ask: Ask, make_facts: MakeFacts) -> None:
    campaign = {"lines": ("FLORAL",), "line_stages": ("prospect",), "stages": ("customer",)}
    assert ask(campaign, facts=make_facts(stage="customer/repeat", line="FLORAL prospect/new 0")) == Go()
    bought = make_facts(stage="customer/repeat", line="FLORAL customer/repeat 2")
    assert ask(campaign, facts=bought) == leaves(Reason.LINE_STAGE)
    other = make_facts(stage="customer/repeat", line="SEAFOOD prospect/new 0")
    assert ask(campaign, facts=other) == leaves(Reason.LINE)
    assert ask({**campaign, "lines": "each"}, facts=other) == Go()


@pytest.mark.parametrize("kind", ["introductory", "trial"])
def test_an_offer_for_prospects_is_not_made_to_who_has_bought(
    ask: Ask, make_facts: MakeFacts, kind: Kind
) -> None:
    assert ask(facts=make_facts(orders=1), offer=offer(kind)) == Drop(reason=Reason.HAS_BOUGHT)
    assert ask(facts=make_facts(orders=1), offer=offer("appreciation")) == Go()


def test_a_customer_of_one_line_is_a_prospect_for_the_next(ask: Ask, make_facts: MakeFacts) -> None:
    campaign = {"lines": "each"}
    new = make_facts(orders=5, line="FLORAL prospect/new 0")
    assert ask(campaign, facts=new, offer=offer("introductory")) == Go()
    # The line's stage lags behind its orders where it is kept for a while.
    bought = make_facts(orders=5, line="FLORAL prospect/new 1")
    assert ask(campaign, facts=bought, offer=offer("introductory")) == Drop(reason=Reason.HAS_BOUGHT)


def test_a_message_whose_own_when_does_not_hold_any_more_is_skipped_alone(ask: Ask) -> None:
    assert ask(step_when=BOUGHT) == Drop(reason=Reason.STEP_WHEN)


def test_a_message_that_comes_too_late_is_skipped_alone(ask: Ask, friday: int) -> None:
    assert ask(now=friday + 7 * DAY) == Go()
    assert ask(now=friday + 7 * DAY + 1) == Drop(reason=Reason.STALE)


def test_every_reason_has_a_sentence_and_a_marketers_own_stands_for_itself() -> None:
    assert set(SENTENCES) == set(Reason)
    assert in_words("stale") == "it would have come too late"
    assert in_words("bought elsewhere") == "bought elsewhere"
