"""Codes of conditions, and of what branches on them."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

EXPRESSIONS: Mapping[str, Code] = {
    "expression": Code(
        says="An expression cannot be used: its spelling, an unknown fact, or types that do not fit.",
        why="A condition that cannot be understood would hold for nobody, or for everybody.",
        wrong='when: contact.country = "DE"',
        right='when: contact.country == "DE"',
    ),
    "expression-in-braces": Code(
        says="An expression stands inside { } or [ ], where a comma would cut it in two.",
        why="Inside { } and [ ] a comma ends a value, so half of the condition would be gone without a word. It "
        "stands on a line of its own.",
        wrong='- {wait for: clicked("welcome"), up to: 3 days}\n- send: more',
        right='- wait for: clicked("welcome")\n  up to: 3 days\n- send: more',
    ),
    "opens": Code(
        says="A step branches on opens, which cannot be trusted.",
        why="Apple's mail programs load every picture of every message, read or not, and others load none. So an "
        "open that was counted may be nobody's, and people who read everything may never have opened. A click "
        "is somebody's.",
        wrong="""\
- wait: 3 days
- if: opened("welcome")
  then:
    - send: how-it-works
  else:
    - send: welcome-again
""",
        right="""\
- wait: 3 days
- if: clicked("welcome")
  then:
    - send: how-it-works
  else:
    - send: welcome-again
""",
    ),
    "once-a-day": Code(
        says="A condition that is waited for moves with time in a way that cannot be worked out.",
        why="Usually the moment at which time alone makes a condition true is known beforehand, and acted on at once. "
        "Where several dates run against each other it is not, and the condition is looked at once a day: the "
        "message may go a day late.",
        wrong="""\
- wait for: days_since(contact.created_at) * orders.days_since_last > 100
  up to: 30 days
- send: more
""",
        right="""\
- wait for: days_since(contact.created_at) > 30
  up to: 40 days
- send: more
""",
    ),
    "past": Code(
        says="A date in a campaign has passed.",
        why="Nobody enters at a moment that has passed, and nobody waits for it: messages behind it count as late "
        "since then, and are skipped once they are stale.",
        wrong="enter: {at: 2020-12-01 09:00}",
        right="enter: {every: first tuesday 10:00}",
    ),
    "rule-fact": Code(
        says="The rule of a stage asks for what no stage can rest on: a stage, a line, an offer, a campaign.",
        why="Stages are worked out from what people did, at any past moment, before any campaign has a say. A rule "
        "over the stage itself would chase its own tail.",
        wrong="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1 and stage == "prospect"
""",
        right="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1
""",
    ),
    "segment-circle": Code(
        says="Segments name one another in a circle.",
        why="Whether somebody is in the one depends on whether they are in the other, and so on without an end.",
        wrong="""\
# campaigns/lifecycle.yaml
stages: [prospect]
segments:
  fans: segment("buyers") and engagement.clicks >= 5
  buyers: segment("fans") or orders.count >= 1
""",
        right="""\
# campaigns/lifecycle.yaml
stages: [prospect]
segments:
  fans: segment("buyers") and engagement.clicks >= 5
  buyers: orders.count >= 1
""",
    ),
    "no-lifecycle": Code(
        says="There is no lifecycle.yaml, so nobody has a stage.",
        why="The stages say who is where in their life with you; campaigns are for people at a stage.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
""",
        right="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1
""",
    ),
    "first-stage": Code(
        says="The first stage has a rule, though it is where everyone starts.",
        why="Those for whom no rule holds are at the first stage, so a rule of its own would change nothing.",
        wrong="""\
# campaigns/lifecycle.yaml
stages:
  - prospect: orders.count == 0
  - customer: orders.count >= 1
""",
        right="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1
""",
    ),
    "no-rule": Code(
        says="A stage other than the first has no rule, so that nobody comes into it.",
        why="The last rule that holds is the stage. A stage without a rule never holds.",
        wrong="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer
""",
        right="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1
""",
    ),
    "stage-twice": Code(
        says="A stage is listed twice.",
        why="The last rule that holds is the stage, so the order of the list decides; one stage cannot be at two "
        "places in it.",
        wrong="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1
  - customer: did("signed_up")
""",
        right="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1 or did("signed_up")
""",
    ),
}
