"""Whether a campaign's messages can do what they are for: goals within reach, offers that still hold, true branches."""

from __future__ import annotations

import pytest

from nurture.campaigns.known import Known
from support.sound import KNOWN, REST, read_among

HEAD = "stage: prospect\ntopic: offers\n"


def codes(text: str, carriers: frozenset[str] | None = None) -> list[str]:
    known = Known(
        templates=KNOWN.templates,
        topics=KNOWN.topics,
        attributes=KNOWN.attributes,
        events=KNOWN.events,
        carriers=carriers,
    )
    found = read_among({"campaigns/it.yaml": HEAD + text, "campaigns/rest.yaml": REST}, known).findings
    return [it.code for it in found if it.path == "campaigns/it.yaml"]


def offering(wait: str) -> str:
    return f"offer: first-order-15\nsequence:\n  - send: welcome\n  - wait: {wait}\n  - send: first-order-reminder\n"


def test_an_offer_runs_from_the_first_message_that_shows_it() -> None:
    both, last = frozenset({"welcome", "first-order-reminder"}), frozenset({"first-order-reminder"})
    assert codes(offering("14 days"), both) == ["offer-expired"]
    assert codes(offering("13 days"), both) == []
    assert codes(offering("14 days"), last) == []


def test_where_nobody_knows_which_messages_show_the_offer_nothing_is_said() -> None:
    assert codes(offering("60 days")) == []


def test_an_offer_that_never_expires_cannot_come_too_late() -> None:
    text = offering("300 days").replace("first-order-15", "thanks")
    assert codes(text, frozenset({"welcome", "first-order-reminder"})) == []


def test_the_slowest_way_counts_since_most_people_do_nothing() -> None:
    text = """\
sequence:
  - send: first-order
    offer: first-order-15
  - wait for: clicked("first-order")
    up to: 10 days
  - if: clicked("first-order")
    then:
      - end: curious
    else:
      - wait: 4 days
  - send: first-order-reminder
    offer: first-order-15
"""
    assert codes(text) == ["offer-expired"]
    assert codes(text.replace("up to: 10 days", "up to: 9 days")) == []


def test_a_wait_until_the_offer_runs_out_is_in_time_whatever_came_before() -> None:
    text = """\
sequence:
  - send: first-order
    offer: first-order-15
  - wait: 13 days
  - wait until: 2 days before offer.expires_at
  - wait: 1 day
  - send: first-order-reminder
    offer: first-order-15
"""
    assert codes(text) == []


@pytest.mark.parametrize(
    "goal",
    [
        "orders.count >= 3",
        'did("signed_up", since="entry")',
        'contact.tier == "gold"',
        "days_since(contact.created_at) > 9",
    ],
)
def test_a_goal_that_can_come_is_not_doubted(goal: str) -> None:
    assert codes(f"goal: {goal}\nsequence:\n  - send: welcome\n") == []


@pytest.mark.parametrize("goal", ["1 == 1", 'event.name == "signed_up"'])
def test_a_goal_that_is_settled_on_entering_is_doubted(goal: str) -> None:
    assert codes(f"goal: {goal}\nsequence:\n  - send: welcome\n") == ["no-way-to-goal"]


def test_a_goal_counts_from_the_quickest_way_to_a_message() -> None:
    text = "goal: {on: ordered, within: 2 days}\nsequence:\n  - WAIT\n  - send: welcome\n"
    assert codes(text.replace("WAIT", 'wait for: did("signed_up")\n    up to: 9 days')) == []
    assert codes(text.replace("WAIT", "wait: 2 days")) == ["no-way-to-goal"]


def test_opens_are_doubted_in_a_segment_too_and_clicks_nowhere() -> None:
    lifecycle = 'stages: [prospect]\nsegments:\n  readers: segment("fans")\n  fans: engagement.opens > 3\n'
    branch = "topic: offers\nsequence:\n  - send: welcome\n  - wait: 1 day\n  - send: more\n    when: {}\n"

    def found(when: str) -> list[tuple[str, int]]:
        files = {"campaigns/lifecycle.yaml": lifecycle, "campaigns/it.yaml": branch.format(when)}
        return [(it.code, it.column) for it in read_among(files).findings if it.path == "campaigns/it.yaml"]

    assert found('orders.count == 0 and segment("readers")') == [("opens", 33)]
    assert found('clicked("welcome") or engagement.clicks > 1') == []


def test_what_goes_together_is_not_refused() -> None:
    text = """\
goal: {on: ordered}
holdout: 10%
moved: {hello: good-day, good-day: welcome, welcome+7: welcome+1}
sequence:
  - send: welcome
  - wait: 1 day
  - send: more
    variants: [more, how-it-works]
    winner: clicks
    test: 20%
    decide after: 4 hours
    subject: "We are #1: come and see"   # a comment of ours
  - wait: 1 day
  - send: first-order
    urgent: yes
  - set: {contact.country: NO}
"""
    assert codes(text) == []
