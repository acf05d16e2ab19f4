"""Codes of what is right as a file, and does people no good: goals out of reach, and what they hear in all."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

_PROSPECTS_HEAR = """\
# campaigns/prospect/hello.yaml
stage: prospect
topic: news
sequence:
  - send: welcome
  - wait: 10 days
  - send: how-it-works
  - wait: 10 days
  - send: more
"""

CARE: Mapping[str, Code] = {
    "no-way-to-goal": Code(
        says="The messages of a campaign have no part in its goal: it is over before the first one, or it cannot come.",
        why="Everybody would count as not having reached it, or would reach it without having heard a word, and "
        "the reports would say nothing about the campaign.",
        wrong="""\
stage: prospect
topic: news
goal: {on: ordered, within: 3 days}
sequence:
  - wait: 5 days
  - send: welcome
""",
        right="""\
stage: prospect
topic: news
goal: {on: ordered, within: 30 days}
sequence:
  - wait: 5 days
  - send: welcome
""",
    ),
    "holdout-without-goal": Code(
        says="Some are held out, and there is no goal by which to compare them with the others.",
        why="Those who are held out get nothing, so that it shows what would have happened anyway. What happened "
        "is counted by the goal.",
        wrong="holdout: 10%",
        right="holdout: 10%\ngoal: {on: ordered, within: 30 days}",
    ),
    "same-day": Code(
        says="Two campaigns begin with the same thing, and send their first message on the same day.",
        why="Two messages within a day read as one too many, and the second is not looked at. One of them can "
        'wait, or a cap of one a day holds it back: `per_contact = "1 per 1 day"`.',
        wrong="""\
# campaigns/prospect/hello.yaml
stage: prospect
topic: news
sequence:
  - send: welcome
# campaigns/prospect/introduction.yaml
stage: prospect
topic: offers
sequence:
  - wait: 4 hours
  - send: first-order
""",
        right="""\
# campaigns/prospect/hello.yaml
stage: prospect
topic: news
sequence:
  - send: welcome
# campaigns/prospect/introduction.yaml
stage: prospect
topic: offers
sequence:
  - wait: 4 days
  - send: first-order
""",
    ),
    "stage-without-campaign": Code(
        says="A stage of lifecycle.yaml for which there is no campaign.",
        why="Those who are there hear nothing. Most often that is so behind the sale, where care counts most.",
        wrong="""\
# campaigns/prospect/hello.yaml
stage: prospect
topic: news
sequence:
  - send: welcome
""",
        right="""\
# campaigns/prospect/hello.yaml
stage: prospect
topic: news
sequence:
  - send: welcome
# campaigns/customer/thanks.yaml
stage: [customer, lapsed]
topic: news
sequence:
  - send: more
""",
    ),
    "care-drops": Code(
        says="Prospects hear more than customers do.",
        why="Who is courted until the sale and forgotten behind it does not come back. The messages of all "
        "campaigns are counted that each can enter, over the days these take, 30 at least; newsletters, which "
        "go to everybody at once, are left out.",
        wrong=f"""\
{_PROSPECTS_HEAR}\
# campaigns/customer/thanks.yaml
stage: [customer, lapsed]
topic: news
sequence:
  - send: more
""",
        right=f"""\
{_PROSPECTS_HEAR}\
# campaigns/customer/thanks.yaml
stage: [customer, lapsed]
topic: news
sequence:
  - send: more
  - wait: 7 days
  - send: how-it-works
    id: how-it-works-again
  - wait: 14 days
  - send: welcome-again
""",
    ),
    "late-thanks": Code(
        says="The first word after the first order comes later than two days, or never.",
        why="In the first days people look forward to what they bought, and are glad of help and thanks. Silence "
        "then is what they remember.",
        wrong="""\
# campaigns/customer/thanks.yaml
stage: customer
topic: news
sequence:
  - wait: 3 weeks
  - send: more
""",
        right="""\
# campaigns/customer/thanks.yaml
stage: customer
topic: news
sequence:
  - wait: 1 day
  - send: more
""",
    ),
    "no-lines": Code(
        says="A campaign runs per product line, and lifecycle.yaml keeps no stages per line.",
        why="Who is a prospect for which line has to be worked out before a campaign can be for them.",
        wrong="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1
# campaigns/cross-sell.yaml
lines: each
topic: offers
sequence:
  - wait: 1 day
  - send: more
""",
        right="""\
# campaigns/lifecycle.yaml
stages:
  - prospect
  - customer: orders.count >= 1
lines: product.line
# campaigns/cross-sell.yaml
lines: each
topic: offers
sequence:
  - wait: 1 day
  - send: more
""",
    ),
    "lines-wanted": Code(
        says="A key or fact makes sense in a campaign with `lines:` only.",
        why="Only there each entry is about one line, and `line` is a fact.",
        wrong="stage: customer\nwhen: line.orders.count == 0",
        right="stage: customer\nlines: each\nwhen: line.orders.count == 0",
    ),
}
