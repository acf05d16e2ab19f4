from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nurture.audience.expressions import parse
from nurture.audience.facts import Event, Facts
from nurture.clock import DAY, HOUR
from nurture.journeys.campaign import Campaign
from nurture.journeys.decide import Situation, decide
from nurture.journeys.decisions import Act, Decision, Exit, GoTo, Send, WaitUntil
from nurture.journeys.effects import ChangeContact, Notify, Unsubscribe
from nurture.journeys.program import Program, lay_out
from nurture.journeys.shape import Reading
from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.branch import BranchStep
from nurture.journeys.steps.change import SetStep
from nurture.journeys.steps.end import EndStep
from nurture.journeys.steps.kinds import KINDS
from nurture.journeys.steps.notify import NotifyStep
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.split import SplitStep
from nurture.journeys.steps.unsubscribe import UnsubscribeStep
from nurture.journeys.steps.wait import WaitStep
from nurture.journeys.steps.wait_for import WaitForStep
from nurture.journeys.steps.wait_until import WaitUntilStep
from nurture.journeys.terms import Terms

READING = Reading(parse=parse)


def step(kind: type[StepKind], **keys: object) -> StepKind:
    return kind.model_validate({key.rstrip("_"): value for key, value in keys.items()}, context=READING)


BEHIND = step(SendStep, send="behind")


@pytest.fixture
def look(make_facts: Callable[..., Facts], friday: int) -> Callable[..., Decision]:
    """Decides for a contact at the first of these steps, `after` the step before was done."""

    def decide_it(
        *steps: StepKind, after: int = 0, facts: Facts | None = None, winner: str = "", **campaign: Any
    ) -> Decision:
        program = lay_out([*steps, BEHIND])
        whole = Campaign(key="welcome", name="Welcome", topic="offers", program=program, **campaign)
        return decide(
            Situation(
                campaign=whole,
                node=program.nodes[program.first],
                facts=facts or make_facts(),
                now=friday + after,
                since=friday,
                zone=ZoneInfo("UTC"),
                winner=winner,
            )
        )

    return decide_it


Look = Callable[..., Decision]


def test_a_message_takes_from_the_campaign_what_its_step_does_not_say(look: Look) -> None:
    first = step(SendStep, send="first")
    assert look(first) == Send(template="first", terms=Terms())
    said = Terms(offer="thanks", stale_after=DAY, on_cap="skip", urgent=True)
    assert look(first, terms=said) == Send(template="first", terms=said)
    own = step(SendStep, send="first", offer="more", stale_after="2 hours", urgent="no")
    expected = Terms(offer="more", stale_after=2 * HOUR, on_cap="skip")
    assert look(own, terms=said) == Send(template="first", terms=expected)


def test_a_wait_is_over_at_its_moment_however_late_anybody_looks(look: Look, friday: int) -> None:
    wait = step(WaitStep, wait="3 days")
    assert look(wait, after=DAY) == WaitUntil(at=friday + 3 * DAY)
    assert look(wait, after=3 * DAY) == GoTo(step="behind", at=friday + 3 * DAY)
    assert look(wait, after=30 * DAY) == GoTo(step="behind", at=friday + 3 * DAY)


def test_waiting_for_something_ends_when_it_holds(
    look: Look, friday: int, make_facts: Callable[..., Facts]
) -> None:
    wait = step(WaitForStep, wait_for='did("signed_up")', up_to="3 days")
    did = make_facts(events=(Event(name="signed_up", at=friday + HOUR),))
    assert look(wait, after=2 * HOUR, facts=did) == GoTo(step="behind", at=friday + 2 * HOUR)
    assert look(wait, after=2 * HOUR) == WaitUntil(at=friday + 3 * DAY)


def test_waiting_for_something_ends_at_the_latest_at_its_deadline(
    look: Look, friday: int, make_facts: Callable[..., Facts]
) -> None:
    wait = step(WaitForStep, wait_for='did("signed_up")', up_to="3 days")
    did = make_facts(events=(Event(name="signed_up", at=friday + HOUR),))
    assert look(wait, after=5 * DAY) == GoTo(step="behind", at=friday + 3 * DAY)
    assert look(wait, after=5 * DAY, facts=did) == GoTo(step="behind", at=friday + 3 * DAY)


def test_waiting_for_a_time_looks_again_when_the_time_comes(look: Look, friday: int) -> None:
    wait = step(WaitForStep, wait_for="days_since(contact.created_at) >= 2", up_to="3 days")
    match look(wait):
        case WaitUntil(at=at):
            assert friday + DAY <= at <= friday + DAY + 1
        case other:
            pytest.fail(f"{other} waits for nothing")


def test_a_branch_takes_no_time(look: Look, friday: int, make_facts: Callable[..., Facts]) -> None:
    branch = step(
        BranchStep, if_="orders.count >= 1", then=[step(SendStep, send="a")], else_=[step(SendStep, send="b")]
    )
    assert look(branch, after=DAY, facts=make_facts(orders=1)) == GoTo(step="a", at=friday)
    assert look(branch, after=DAY) == GoTo(step="b", at=friday)


def test_a_branch_without_else_goes_on_behind_it(look: Look, friday: int) -> None:
    branch = step(BranchStep, if_="orders.count >= 1", then=[step(SendStep, send="a")])
    assert look(branch) == GoTo(step="behind", at=friday)


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
    look: Look, friday: int, skipped: StepKind
) -> None:
    assert look(skipped, after=DAY) == GoTo(step="behind", at=friday)


def test_the_last_step_leads_to_the_end(make_facts: Callable[..., Facts], friday: int) -> None:
    program = lay_out([step(WaitStep, wait="1 day")])
    campaign = Campaign(key="welcome", name="Welcome", topic="offers", program=program)
    situation = Situation(
        campaign=campaign,
        node=program.nodes["start+1"],
        facts=make_facts(),
        now=friday + DAY,
        since=friday,
        zone=ZoneInfo("UTC"),
    )
    assert decide(situation) == GoTo(step="", at=friday + DAY)
    assert Program().first == ""


def test_every_kind_says_what_it_does() -> None:
    inside = [step(SendStep, send="more")]
    said = {
        "send": step(SendStep, send="welcome", offer="thanks").describe(),
        "wait": step(WaitStep, wait="3 days").describe(),
        "wait_until": step(WaitUntilStep, wait_until="2 days before contact.renews_at").describe(),
        "wait_for": step(WaitForStep, wait_for="orders.count >= 1", up_to="1 day").describe(),
        "if": step(BranchStep, if_="orders.count >= 1", then=inside).describe(),
        "split": step(SplitStep, split="12.5%", then=inside).describe(),
        "set": step(
            SetStep, set={"tag": "vip", "contact.tier": "gold", "contact.level": "3", "contact.vip": "yes"}
        ).describe(),
        "unsubscribe": step(UnsubscribeStep, unsubscribe=["news", "offers"]).describe(),
        "notify": step(NotifyStep, notify="contact.owner_email").describe(),
        "end": step(EndStep, end="enough").describe(),
    }
    assert said == {
        "send": "send welcome with the offer thanks",
        "wait": "wait 3 days",
        "wait_until": "wait until 2 days before contact.renews_at",
        "wait_for": "wait for orders.count >= 1, up to 1 day",
        "if": "if orders.count >= 1",
        "split": "split 12.5%",
        "set": "tag vip, set contact.tier to gold, set contact.level to 3, set contact.vip to yes",
        "unsubscribe": "unsubscribe from news, offers",
        "notify": "notify contact.owner_email",
        "end": "end: enough",
    }
    assert said.keys() == KINDS.keys()


def test_a_split_sends_each_contact_the_same_way_and_about_as_many_as_it_says(
    look: Look, make_facts: Callable[..., Facts]
) -> None:
    split = step(SplitStep, split="30%", then=[step(SendStep, send="a")], else_=[step(SendStep, send="b")])
    ways = [look(split, facts=contact_of(make_facts(), number)).step for number in range(2_000)]
    assert ways == [
        look(split, after=DAY, facts=contact_of(make_facts(), number)).step for number in range(2_000)
    ]
    assert 520 < ways.count("a") < 680


def test_a_variant_stays_with_its_contact_and_a_winner_takes_all(
    look: Look, make_facts: Callable[..., Facts]
) -> None:
    send = step(SendStep, send="a", variants=["a", "b", "c"])
    sent = [look(send, facts=contact_of(make_facts(), number)).template for number in range(900)]
    assert sent == [look(send, facts=contact_of(make_facts(), number)).template for number in range(900)]
    assert all(240 < sent.count(name) < 360 for name in "abc")
    assert look(send, winner="c").template == "c"


def test_whoever_is_not_in_the_test_waits_for_the_winner(look: Look, friday: int) -> None:
    send = step(
        SendStep,
        send="a",
        variants=["a", "b"],
        winner="clicks",
        test="0.0001%",
        decide_after="4 hours",
    )
    assert look(send) == WaitUntil(at=friday + 4 * HOUR)
    assert look(send, winner="b").template == "b"
    assert look(send, after=4 * HOUR).template in ("a", "b")


def test_a_moment_that_has_passed_does_not_wait_and_makes_what_is_behind_it_late(
    look: Look, friday: int
) -> None:
    wait = step(WaitUntilStep, wait_until="2024-10-04 09:00")
    at = friday + 9 * HOUR
    assert look(wait) == WaitUntil(at=at)
    assert look(wait, after=3 * DAY) == GoTo(step="behind", at=at)


def test_a_moment_that_is_not_known_does_not_wait(look: Look, friday: int) -> None:
    wait = step(WaitUntilStep, wait_until="2 days before contact.renews_at")
    assert look(wait, after=DAY) == GoTo(step="behind", at=friday)


def test_waiting_for_a_weekday_counts_from_the_step_before(look: Look, friday: int) -> None:
    wait = step(WaitUntilStep, wait_until="tuesday 10:00")
    at = friday + 4 * DAY + 10 * HOUR
    assert look(wait) == WaitUntil(at=at)
    assert look(wait, after=8 * DAY) == GoTo(step="behind", at=at)


def test_what_a_step_does_besides_sending_is_an_effect(look: Look) -> None:
    change = step(SetStep, set={"tag": "vip", "untag": ["new"], "contact.tier": "3", "contact.country": "NO"})
    fields = {"tier": 3.0, "country": "NO"}
    assert look(change) == Act(effect=ChangeContact(tag=("vip",), untag=("new",), fields=fields))
    assert look(step(UnsubscribeStep, unsubscribe="all")) == Act(effect=Unsubscribe())
    assert look(step(UnsubscribeStep, unsubscribe="news")) == Act(effect=Unsubscribe(topics=("news",)))
    told = step(NotifyStep, notify="contact.owner_email", note="hot")
    assert look(told) == Act(effect=Notify(attribute="owner_email", note="hot"))
    hook = step(NotifyStep, notify="https://crm.example/hook")
    assert look(hook) == Act(effect=Notify(to="https://crm.example/hook"))


def contact_of(facts: Facts, number: int) -> Facts:
    return replace(facts, contact=replace(facts.contact, id=number))
