"""What the page of the language shows may be written, to an editor too, and what cannot be is underlined."""

from __future__ import annotations

import re

import jsonschema
import pytest

from nurture.campaigns.schema import schema
from support.editor_yaml import read_as_editors_do

VALIDATORS = {kind: jsonschema.Draft7Validator(schema(kind)) for kind in ("campaign", "lifecycle")}


def mistakes(kind: str, text: str) -> list[str]:
    return [it.message for it in VALIDATORS[kind].iter_errors(read_as_editors_do(text))]


def spelled(text: str, between: str) -> str:
    """The same file with its keys in another spelling."""
    return re.sub(r"^([ -]*)(\w+) (\w+):", rf"\1\2{between}\3:", text, flags=re.MULTILINE)


WHOLE = """\
name: Everything at once
stage: [prospect, customer/repeat]
topic: offers
enter: {existing: yes}
when: orders.count == 0
goal: {on: ordered, within: 30 days}
on goal: finish
exit:
  - on: refunded
  - orders.count >= 3
on leaving: finish
lines: [FLORAL, SALAD BAR]
line stage: prospect
holdout: 10%
reentry: {after: 90 days}
priority: 9
timezone: workspace
on edit: pin
moved: {welcome-again: first-order, more+1: more}
from: Ann <ann@shop.example>
reply to: help@shop.example
offer: first-order-15
window: mon-fri 09:00-17:00 no holidays
urgent: no
on cap: replace
stale after: 2 days
sequence:
  - send: welcome
    id: hello
    when: orders.count == 0
    subject: Hello
    preview: Who we are
    from: ann@shop.example
    reply to: help@shop.example
    offer: first-order-15
    window: any time
    urgent: yes
    on cap: skip
    stale after: 12 hours
    variants: [welcome, welcome-again]
    winner: clicks
    test: 20%
    decide after: 4 hours
  - wait: 3 days
  - wait until: tuesday 10:00
  - wait for: clicked("hello")
    up to: 5 days
  - if: clicked("hello")
    then:
      - split: 50%
        then:
          - set: {tag: vip, untag: [new, cold], contact.tier: gold}
        else:
          - unsubscribe: newsletter
    else:
      - notify: contact.owner_email
        note: please call
      - end: had enough
"""


@pytest.mark.parametrize("between", [" ", "_", "-"])
def test_every_key_may_be_spelled_in_three_ways(between: str) -> None:
    assert mistakes("campaign", spelled(WHOLE, between)) == []
    assert mistakes("lifecycle", spelled("stages: [prospect]\nusual gap: 30 days\n", between)) == []


@pytest.mark.parametrize(
    "key", [line.partition(":")[0] for line in WHOLE.splitlines() if re.match(r"\w", line)]
)
def test_no_key_may_be_misspelled(key: str) -> None:
    assert mistakes("campaign", re.sub(rf"^{key}:", f"{key}x:", WHOLE, flags=re.MULTILINE)) != []


SMALL = "topic: offers\nsequence:\n  - send: welcome\n"
STEPS_OF_THE_PAGE = """\
- send: welcome
- {send: more, stale after: 2 days}
- wait: 3 days
- wait: 90 minutes
- wait until: tuesday 10:00
- wait until: 2026-11-11 09:00
- wait until: 2 days before offer.expires_at
- wait until: 3 hours after contact.created_at
- {wait for: replied(), up to: 5 days}
- {if: orders.count == 1, then: [{send: more}]}
- {split: 12.5%, then: [{end: enough}]}
- set: {untag: vip}
- set: {contact.tier: gold}
- unsubscribe: all
- unsubscribe: [news, offers]
- notify: sales@shop.example
- notify: https://crm.shop.example/hook?id=1
"""
KEYS_OF_THE_PAGE = """\
stage: prospect/awareness
enter: {existing: yes}
enter: {on: signed_up}
enter: {at: 2026-12-01 09:00}
enter: {at: 60 days before contact.renews_at}
enter: {every: first tuesday 10:00}
enter: {every: day}
enter: {every: tuesday}
enter: {every: last friday}
enter: {every: contact.birthday}
goal: orders.count >= 3
exit: {on: ordered}
exit: clicked("welcome")
lines: each
reentry: never
reentry: always
reentry: {per: order_id}
window: any time
window: mon-fri 09:00-17:00
window: mon-fri 09:00-12:00,13:00-17:00; sat 10:00-14:00 no holidays
"""


@pytest.mark.parametrize("step", STEPS_OF_THE_PAGE.splitlines())
def test_each_step_of_the_page_may_be_written(step: str) -> None:
    assert mistakes("campaign", f"{SMALL}  {step}\n") == []


@pytest.mark.parametrize("line", KEYS_OF_THE_PAGE.splitlines())
def test_each_key_of_the_page_may_be_written(line: str) -> None:
    assert mistakes("campaign", f"{line}\n{SMALL}") == []


@pytest.mark.parametrize(
    "step",
    [
        "- welcome",
        "- send:",
        "- {send: more, up to: 3 days}",
        "- {when: orders.count == 1}",
        "- wait: 3",
        "- wait: 0 days",
        "- wait: three days",
        "- wait for: replied()",
        "- {if: replied(), then: []}",
        "- {if: replied(), then: {send: more}}",
        "- {split: 50, then: [{send: more}]}",
        "- {split: 100%, then: [{send: more}]}",
        "- {send: more, winner: opens}",
        "- {send: more, urgent: perhaps}",
        "- set: vip",
        "- set: {tier: gold}",
        "- notify: http://crm.shop.example",
        "- {send: more, wait: 3 days}",
    ],
)
def test_a_step_that_cannot_be_is_underlined(step: str) -> None:
    assert mistakes("campaign", f"{SMALL}  {step}\n") != []
