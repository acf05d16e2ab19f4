from __future__ import annotations

from collections.abc import Callable

from nurture.audience.expressions import parse
from nurture.audience.facts import Facts
from nurture.journeys.campaign import Campaign
from nurture.journeys.entry import may_enter
from nurture.journeys.program import Program
from nurture.journeys.reasons import Reason

CAMPAIGN = Campaign(
    key="welcome",
    name="Welcome",
    topic="offers",
    program=Program(),
    stages=("prospect",),
    when=parse('contact.country == ""'),
)


def test_who_fits_and_agreed_may_enter(make_facts: Callable[..., Facts], friday: int) -> None:
    assert may_enter(CAMPAIGN, make_facts(), friday, consented=True) is None


def test_who_does_not_fit_may_not_and_the_first_reason_is_told(
    make_facts: Callable[..., Facts], friday: int
) -> None:
    assert may_enter(CAMPAIGN, make_facts(), friday, consented=False) is Reason.NOT_AGREED
    assert may_enter(CAMPAIGN, make_facts(stage="customer"), friday, consented=False) is Reason.STAGE


def test_a_stage_that_only_begins_alike_is_another_stage(
    make_facts: Callable[..., Facts], friday: int
) -> None:
    assert may_enter(CAMPAIGN, make_facts(stage="prospective"), friday, consented=True) is Reason.STAGE
