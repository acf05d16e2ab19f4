"""Campaigns that would write to the same person on the same day."""

from __future__ import annotations

import pytest

from nurture.campaigns.findings import Finding
from nurture.campaigns.known import Known
from nurture.clock import DAY
from support.sound import KNOWN, read_among

SEND = "topic: news\nsequence:\n  - send: welcome\n"
LATER = "topic: news\nsequence:\n  - wait: 3 days\n  - send: more\n"


def doubted(files: dict[str, str], known: Known = KNOWN) -> list[Finding]:
    named = {f"campaigns/{name}.yaml": text for name, text in files.items()}
    return [it for it in read_among(named, known).findings if it.code == "same-day"]


def known_with(*caps: tuple[int, int]) -> Known:
    return Known(templates=KNOWN.templates, topics=KNOWN.topics, caps=caps)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stage: prospect\n", "stage: prospect/awareness\n"),
        ("stage: prospect\n", ""),
        ("enter: {on: signed_up}\n", "enter: {on: signed_up}\nstage: prospect\n"),
        ("enter: {at: 2026-12-01 09:00}\n", "enter: {at: 2026-12-01 18:00}\n"),
        ("enter: {every: tuesday 10:00}\n", "enter: {every: tuesday 10:00}\nstage: customer\n"),
        ("stage: customer\nwhen: orders.count >= 2\n", 'stage: customer\nwhen: contact.tier == "gold"\n'),
    ],
)
def test_two_campaigns_that_begin_alike_and_write_on_one_day_are_doubted(one: str, other: str) -> None:
    found = doubted({"a": one + SEND, "b": other + SEND})
    assert [(it.path, it.severity) for it in found] == [("campaigns/b.yaml", "warning")]
    assert '"a" sends "welcome"' in found[0].message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stage: prospect\n", "stage: customer\n"),
        ("stage: customer\n", "stage: customer/repeat\n"),
        ("enter: {on: signed_up}\n", "enter: {on: viewed_pricing}\n"),
        ("enter: {on: signed_up}\nstage: prospect\n", "enter: {on: signed_up}\nstage: customer\n"),
        ("enter: {at: 2026-12-01 09:00}\n", "enter: {at: 2026-12-02 09:00}\n"),
        ('when: contact.country == "DE"\n', 'when: contact.country == "AT"\n'),
        ('when: contact.tier == "gold" and orders.count == 1\n', "when: orders.count >= 2\n"),
        ("when: orders.count < 2\n", "when: orders.count >= 2\n"),
        ('when: segment("engaged")\n', 'when: not segment("engaged")\n'),
        ('when: stage == "customer"\n', 'when: stage in ["prospect", "lapsed"]\n'),
        ('when: contact.tier == "gold"\n', 'when: contact.tier != "gold"\n'),
    ],
)
def test_campaigns_for_other_people_or_other_days_are_not(one: str, other: str) -> None:
    assert doubted({"a": one + SEND, "b": other + SEND}) == []


def test_a_wait_of_a_day_or_one_whose_end_nobody_knows_keeps_them_apart() -> None:
    unknown = 'topic: news\nsequence:\n  - wait for: did("signed_up")\n    up to: 9 days\n  - send: more\n'
    assert doubted({"a": SEND, "b": LATER}) == []
    assert doubted({"a": SEND, "b": unknown}) == []


def test_a_cap_of_one_a_day_keeps_them_apart_too() -> None:
    files = {"a": SEND, "b": SEND}
    assert doubted(files, known_with((1, DAY))) == []
    assert doubted(files, known_with((3, 7 * DAY), (1, 2 * DAY))) == []
    assert doubted(files, known_with((3, 7 * DAY), (1, DAY // 2))) != []


def test_a_campaign_among_many_that_begin_alike_is_told_of_once() -> None:
    assert len(doubted({f"a{number}": SEND for number in range(60)})) == 59
