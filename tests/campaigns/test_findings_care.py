"""Who hears nothing, too little or too late, over all campaigns."""

from __future__ import annotations

import pytest

from nurture.campaigns.findings import Finding
from support.sound import REST, read_among

SEND = "topic: news\nsequence:\n  - send: welcome\n"
LATER = "topic: news\nsequence:\n  - wait: 3 days\n  - send: more\n"


def of(code: str, files: dict[str, str]) -> list[Finding]:
    named = {f"campaigns/{name}.yaml": text for name, text in files.items()}
    return [it for it in read_among(named).findings if it.code == code]


def test_a_stage_without_a_campaign_is_told_of_at_its_line() -> None:
    found = of("stage-without-campaign", {"a": "stage: [prospect, customer/repeat]\n" + SEND})
    assert [(it.path, it.line, it.message.split('"')[1]) for it in found] == [
        ("campaigns/lifecycle.yaml", 4, "customer/first-time"),
        ("campaigns/lifecycle.yaml", 6, "lapsed"),
    ]


def test_nothing_is_said_of_care_while_a_file_cannot_be_read() -> None:
    assert of("stage-without-campaign", {"a": "stage: prospect\n" + SEND, "b": "topic: nwes\n"}) == []
    assert of("stage-without-campaign", {}) == []


@pytest.mark.parametrize(
    "thanks",
    [
        "stage: customer\n" + SEND,
        "stage: customer/first-time\ntopic: news\nsequence:\n  - wait: 2 days\n  - send: more\n",
        "enter: {on: ordered}\n" + SEND,
        "enter: {on: delivered}\n" + SEND,
    ],
)
def test_thanks_within_two_days_of_the_first_order_are_in_time(thanks: str) -> None:
    assert of("late-thanks", {"a": thanks, "rest": "stage: [customer/repeat, lapsed]\n" + LATER}) == []


@pytest.mark.parametrize(
    ("thanks", "when"),
    [
        ("stage: customer\n" + LATER, "comes 3 days after it"),
        ("enter: {on: reviewed}\n" + SEND, "never comes"),
        ("enter: {every: first tuesday 10:00}\n" + SEND, "never comes"),
        ("stage: [prospect, customer]\n" + SEND, "never comes"),
    ],
)
def test_later_thanks_are_late(thanks: str, when: str) -> None:
    found = of("late-thanks", {"a": thanks})
    assert [(it.line, it.severity) for it in found] == [(4, "warning")]
    assert when in found[0].message


def courting(messages: int) -> str:
    steps = "".join(f"  - send: more\n    id: m{it}\n  - wait: 5 days\n" for it in range(messages))
    return f"topic: news\nsequence:\n{steps}"


def test_prospects_who_hear_more_than_customers_are_told_of() -> None:
    found = of(
        "care-drops", {"a": "stage: prospect\n" + courting(5), "b": "stage: [customer, lapsed]\n" + SEND}
    )
    assert [it.line for it in found] == [4]
    assert "5 messages in 30 days, against 1 message in 30 days" in found[0].message


def test_customers_who_hear_as_much_are_not() -> None:
    customers = "stage: [customer, lapsed]\n" + courting(5)
    assert of("care-drops", {"a": "stage: prospect\n" + courting(5), "b": customers}) == []
    assert (
        of(
            "care-drops",
            {"a": "stage: prospect\n" + courting(4), "b": "enter: {on: ordered}\n" + courting(4)},
        )
        == []
    )
    assert of("care-drops", {"a": "enter: {every: tuesday 10:00}\n" + courting(9), "b": REST}) == []


def test_branches_count_by_the_way_with_the_most_messages() -> None:
    branching = """\
stage: prospect
topic: news
sequence:
  - if: orders.count == 0
    then:
      - send: welcome
      - wait: 1 day
      - send: more
    else:
      - send: how-it-works
  - end: done
"""
    found = of("care-drops", {"a": branching, "b": "stage: [customer, lapsed]\n" + SEND})
    assert "2 messages in 30 days" in found[0].message
