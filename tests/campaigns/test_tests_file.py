"""campaigns/tests/*.yaml: what the page shows can be read, and what cannot be meant is complained about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.audience.expressions import parse
from nurture.campaigns.findings import render
from nurture.campaigns.source import Source
from nurture.campaigns.tests_file import Case, Cases, read_tests
from nurture.campaigns.tests_lines import Arrives, AtMost, NoOffer, Orders, QuietAfter, Reached, Reacts, Sent
from nurture.clock import DAY
from nurture.journeys.shape import Reading
from support.sound import REST, read_among

PAGE = """\
- it: stops offering once they have bought
  given:
    contact: {email: ann@example.test, timezone: Europe/Berlin}
  from: 2026-03-02 09:00
  happens:
    - day 1: signed_up
    - day 2: clicked welcome
    - day 6: ordered R-12 for 40 EUR
  expect:
    - day 1: send welcome
    - day 2: send how-it-works
    - never: send first-order-reminder
    - day 6: stage customer/first-time
- always:                          # holds for every test here and for every `nurture simulate`
    - no more than 3 messages in 7 days
    - no introductory offer to a customer
    - nothing within 7 days of a complaint
"""
READING = Reading(parse=parse, stages=("prospect/awareness", "customer/first-time", "customer/repeat"))
MESSAGES = frozenset({"hello/welcome", "hello/how-it-works", "hello/first-order-reminder"})
HEAD = "- it: works\n  given:\n    contact: {email: ann@example.test}\n  from: 2026-03-02\n"


def read(text: str) -> tuple[Cases, list[str]]:
    source = Source("campaigns/tests/it.yaml", text)
    cases = read_tests(source, READING, MESSAGES)
    return cases, [f"{it.line}:{it.column} {it.code}: {it.message} / {it.hint}" for it in source.findings]


def test_the_tests_of_the_page_read_as_they_say() -> None:
    cases, findings = read(PAGE)
    assert findings == []
    assert cases.cases == (
        Case(
            it="stops offering once they have bought",
            contact={"email": "ann@example.test", "timezone": "Europe/Berlin"},
            start="2026-03-02 09:00",
            happens=(
                (1, Arrives(event="signed_up")),
                (2, Reacts(how="clicked", message="welcome")),
                (6, Orders(sku="R-12", amount="40", currency="EUR")),
            ),
            expect=(
                (1, Sent(message="welcome")),
                (2, Sent(message="how-it-works")),
                (None, Sent(message="first-order-reminder")),
                (6, Reached(stage="customer/first-time")),
            ),
        ),
    )
    assert cases.always == (
        AtMost(messages=3, span=7 * DAY),
        NoOffer(kind="introductory", stage="customer"),
        QuietAfter(span=7 * DAY, event="complained"),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("happens: [day 1: clicked]", "clicked which message? / write `clicked welcome`"),
        ("happens: [day 1: cliked welcome]", '"cliked welcome" cannot happen / did you mean "clicked"?'),
        ("happens: [day 0: signed_up]", "the days count from 1"),
        ("happens: [dya 1: signed_up]", '"dya 1" is not a day / write it as day 1, day 2 …'),
        ("happens: [day 1: ordered R-12 for much]", '"ordered R-12 for much" is not an order'),
        (
            "happens: [day 1: clicked welcom]",
            'no campaign sends a message called "welcom" / did you mean "welcome"?',
        ),
        ("happens: [signed_up]", "this is not a line of a test / one a line, such as `- day 1: signed_up`"),
        ("happens: [{day 1: signed_up, day 2: ordered}]", "this is not a line of a test"),
        ("happens: signed_up", "`happens:` wants a list, not text"),
        ("happens: [{day 1: }]", "`day 1:` is empty"),
        ("happening: [day 1: signed_up]", 'no key is called `happening:` here / did you mean "happens"?'),
    ],
)
def test_what_cannot_happen_is_refused(line: str, said: str) -> None:
    _, findings = read(f"{HEAD}  {line}\n  expect: [day 1: send welcome]\n")
    assert len(findings) == 1
    assert said in findings[0]
    assert findings[0].startswith("5:")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("day 1: sends welcome", '"sends welcome" is nothing to expect / did you mean "send"?'),
        ("day 1: welcome arrives", '"welcome arrives" is nothing to expect / write `send welcome`, or'),
        ("day 1: send welcom", 'no campaign sends a message called "welcom" / did you mean "welcome"?'),
        ("day 1: stage custmer", 'no stage is called "custmer" / did you mean "customer"?'),
        ("nevre: send welcome", '"nevre" is no time to expect something / did you mean "never"?'),
        ("day one: send welcome", '"day one" is not a day'),
    ],
)
def test_what_cannot_be_expected_is_refused(line: str, said: str) -> None:
    _, findings = read(f"{HEAD}  expect:\n    - {line}\n")
    assert len(findings) == 1
    assert said in findings[0]
    assert findings[0].startswith("6:")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("not too many messages", '"not too many messages" is no rule that can be tested'),
        ("no more than 3 messages in a week", '"a week" is not a length of time'),
        (
            "no introductry offer to a customer",
            '"introductry" is no kind of offer / did you mean "introductory"?',
        ),
        ("no trial offer to a custmer", 'no stage is called "custmer"'),
        ("nothing within 7 days of a complain", 'did you mean "complaint"?'),
    ],
)
def test_a_rule_that_nobody_can_test_is_refused(rule: str, said: str) -> None:
    _, findings = read(f"- always:\n    - {rule}\n")
    assert len(findings) == 1
    assert said in findings[0]
    assert findings[0].startswith("2:7 ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("it: works\n", "this file wants a list of tests"),
        ("- works\n", "this is not a test"),
        ("- it: works\n", "`given:` is missing"),
        (HEAD.replace("email", "mail") + "  expect: [day 1: send welcome]\n", "this contact has no address"),
        (
            HEAD.replace("email", "e+mail: x, email") + "  expect: [day 1: send welcome]\n",
            "cannot be a fact of a contact",
        ),
        (
            HEAD.replace("{email: ann@example.test}", "ann") + "  expect: [day 1: send welcome]\n",
            "wants keys of its own",
        ),
        (HEAD.replace("2026-03-02", "monday") + "  expect: [day 1: send welcome]\n", '"monday" is no date'),
        ("- it: works\n  always: [no more than 3 messages in 7 days]\n", "no key is called `it:` here"),
        ("- always:\n", "`always:` is empty"),
    ],
)
def test_what_is_no_test_is_refused(text: str, said: str) -> None:
    cases, findings = read(text)
    assert cases == Cases()
    assert any(said in it for it in findings)


def test_a_test_with_a_mistake_does_not_hide_those_beside_it() -> None:
    cases, findings = read(PAGE.replace("day 6: ordered", "day x: ordered"))
    assert len(findings) == 1
    assert cases.cases == ()
    assert len(cases.always) == 3


def test_check_reads_the_tests_of_a_workspace() -> None:
    files = {"campaigns/rest.yaml": REST, "campaigns/tests/it.yaml": PAGE}
    said = [render(it).splitlines()[0] for it in read_among(files).findings if "tests/" in it.path]
    assert said == [
        'campaigns/tests/it.yaml:7:14: no campaign sends a message called "welcome"',
        'campaigns/tests/it.yaml:10:14: no campaign sends a message called "welcome"',
    ]


def test_a_test_may_name_the_campaign_of_a_message() -> None:
    assert read(f"{HEAD}  expect: [day 1: send hello/welcome]\n")[1] == []
    assert len(read(f"{HEAD}  expect: [day 1: send other/welcome]\n")[1]) == 1


PIECES = [
    "- it: x\n",
    "  given:\n",
    "    contact: {email: a}\n",
    "  from: 2026-03-02\n",
    "  happens:\n",
    "  expect:\n",
]
PIECES += [
    "    - day 1: send welcome\n",
    "    - never\n",
    "- always:\n",
    "    - no more than 3\n",
    "x",
    ":",
    "[",
    "\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_whatever_is_in_the_file_it_ends_in_findings(text: str) -> None:
    read(text)
