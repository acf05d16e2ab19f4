from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nurture.audience.expressions import parse
from nurture.audience.facts import Event, Facts
from nurture.clock import DAY, HOUR
from nurture.journeys.campaign import STALE_AFTER, Campaign
from nurture.journeys.decide import Situation, decide
from nurture.journeys.decisions import Decision, Exit, GoTo, Send, WaitUntil
from nurture.journeys.program import Program, lay_out
from nurture.journeys.shape import Reading
from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.branch import BranchStep
from nurture.journeys.steps.end import EndStep
from nurture.journeys.steps.kinds import KINDS
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.wait import WaitStep
from nurture.journeys.steps.wait_for import WaitForStep

READING = Reading(parse=parse)


def step(kind: type[StepKind], **keys: object) -> StepKind:
    return kind.model_validate({key.rstrip("_"): value for key, value in keys.items()}, context=READING)


BEHIND = step(SendStep, send="behind")


@pytest.fixture
def look(make_facts: Callable[..., Facts], monday: int) -> Callable[..., Decision]:
    """Decides for a contact at the first of these steps, `after` the step before was done."""

    def decide_it(*steps: StepKind, after: int = 0, facts: Facts | None = None, **campaign: Any) -> Decision:
        program = lay_out([*steps, BEHIND])
        whole = Campaign(key="welcome", name="Welcome", topic="offers", program=program, **campaign)
        return decide(
            Situation(
                campaign=whole,
                node=program.nodes[program.first],
                facts=facts or make_facts(),
                now=monday + after,
                since=monday,
            )
        )

    return decide_it


Look = Callable[..., Decision]


def test_a_message_takes_from_the_campaign_what_its_step_does_not_say(look: Look) -> None:
    first = step(SendStep, send="first")
    assert look(first) == Send(template="first", offer="", stale_after=STALE_AFTER)
    assert look(first, offer="thanks", stale_after=DAY) == Send(
        template="first", offer="thanks", stale_after=DAY
    )
    own = step(SendStep, send="first", offer="more", stale_after="2 hours")
    assert look(own, offer="thanks") == Send(template="first", offer="more", stale_after=2 * HOUR)


def test_a_wait_is_over_at_its_moment_however_late_anybody_looks(look: Look, monday: int) -> None:
    wait = step(WaitStep, wait="3 days")
    assert look(wait, after=DAY) == WaitUntil(at=monday + 3 * DAY)
    assert look(wait, after=3 * DAY) == GoTo(step="behind", at=monday + 3 * DAY)
    assert look(wait, after=30 * DAY) == GoTo(step="behind", at=monday + 3 * DAY)


def test_waiting_for_something_ends_when_it_holds(
    look: Look, monday: int, make_facts: Callable[..., Facts]
) -> None:
    wait = step(WaitForStep, wait_for='did("signed_up")', up_to="3 days")
    did = make_facts(events=(Event(name="signed_up", at=monday + HOUR),))
    assert look(wait, after=2 * HOUR, facts=did) == GoTo(step="behind", at=monday + 2 * HOUR)
    assert look(wait, after=2 * HOUR) == WaitUntil(at=monday + 3 * DAY)


def test_waiting_for_something_ends_at_the_latest_at_its_deadline(
    look: Look, monday: int, make_facts: Callable[..., Facts]
) -> None:
    wait = step(WaitForStep, wait_for='did("signed_up")', up_to="3 days")
    did = make_facts(events=(Event(name="signed_up", at=monday + HOUR),))
    assert look(wait, after=5 * DAY) == GoTo(step="behind", at=monday + 3 * DAY)
    assert look(wait, after=5 * DAY, facts=did) == GoTo(step="behind", at=monday + 3 * DAY)


def test_waiting_for_a_time_looks_again_when_the_time_comes(look: Look, monday: int) -> None:
    wait = step(WaitForStep, wait_for="days_since(contact.created_at) >= 2", up_to="3 days")
    match look(wait):
        case WaitUntil(at=at):
            assert monday + DAY <= at <= monday + DAY + 1
        case other:
            pytest.fail(f"{other} waits for nothing")


def test_a_branch_takes_no_time(look: Look, monday: int, make_facts: Callable[..., Facts]) -> None:
    branch = step(
        BranchStep, if_="orders.count >= 1", then=[step(SendStep, send="a")], else_=[step(SendStep, send="b")]
    )
    assert look(branch, after=DAY, facts=make_facts(orders=1)) == GoTo(step="a", at=monday)
    assert look(branch, after=DAY) == GoTo(step="b", at=monday)


def test_a_branch_without_else_goes_on_behind_it(look: Look, monday: int) -> None:
    branch = step(BranchStep, if_="orders.count >= 1", then=[step(SendStep, send="a")])
    assert look(branch) == GoTo(step="behind", at=monday)


def test_an_end_says_why(look: Look) -> None:
    assert look(step(EndStep, end="bought elsewhere")) == Exit(reason="bought elsewhere")


@pytest.mark.parametrize(
    "skipped",
    [
        step(SendStep, send="first", when="orders.count >= 1"),
        step(WaitStep, wait="3 days", when="orders.count >= 1"),
        step(WaitForStep, wait_for="orders.count >= 2", up_to="1 day", when="orders.count >= 1"),
        step(BranchStep, if_="orders.count >= 2", then=[step(EndStep, end="x")], when="orders.count >= 1"),
        step(EndStep, end="enough", when="orders.count >= 1"),
    ],
    ids=lambda it: type(it).__name__,
)
def test_a_step_whose_when_does_not_hold_is_skipped_and_takes_no_time(
    look: Look, monday: int, skipped: StepKind
) -> None:
    assert look(skipped, after=DAY) == GoTo(step="behind", at=monday)


def test_the_last_step_leads_to_the_end(make_facts: Callable[..., Facts], monday: int) -> None:
    program = lay_out([step(WaitStep, wait="1 day")])
    campaign = Campaign(key="welcome", name="Welcome", topic="offers", program=program)
    situation = Situation(
        campaign=campaign, node=program.nodes["start+1"], facts=make_facts(), now=monday + DAY, since=monday
    )
    assert decide(situation) == GoTo(step="", at=monday + DAY)
    assert Program().first == ""


def test_every_kind_says_what_it_does() -> None:
    inside = [step(SendStep, send="more")]
    said = {
        "send": step(SendStep, send="welcome", offer="thanks").describe(),
        "wait": step(WaitStep, wait="3 days").describe(),
        "wait_for": step(WaitForStep, wait_for="orders.count >= 1", up_to="1 day").describe(),
        "if": step(BranchStep, if_="orders.count >= 1", then=inside).describe(),
        "end": step(EndStep, end="enough").describe(),
    }
    assert said == {
        "send": "send welcome with the offer thanks",
        "wait": "wait 3 days",
        "wait_for": "wait for orders.count >= 1, up to 1 day",
        "if": "if orders.count >= 1",
        "end": "end: enough",
    }
    assert said.keys() == KINDS.keys()
