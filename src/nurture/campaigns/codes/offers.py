"""Codes of offers that are made to the wrong people, or too late."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

OFFERS: Mapping[str, Code] = {
    "offer-to-customers": Code(
        says="An introductory or trial offer stands in a campaign that customers can enter.",
        why="What newcomers get to try you is an insult to those who did. Offer them something of their own.",
        wrong="stage: customer\noffer: first-order-15",
        right="stage: prospect\noffer: first-order-15",
    ),
    "service-sells": Code(
        says="A campaign on a topic that cannot be switched off makes an offer.",
        why="Only what people need for what they bought may go out without their consent. In most countries an "
        "offer in such a message is against the law.",
        wrong="topic: service\noffer: thanks",
        right="topic: offers\noffer: thanks",
    ),
    "offer-expired": Code(
        says="An offer has expired before a later message shows it.",
        why="A code begins to run when the first message that shows it has gone, and everybody keeps the one they "
        "have. A reminder of a code that is no good any more makes people angry. Those who do nothing are "
        "counted, as most do: a `wait for` takes as long as it may.",
        wrong="""\
- send: first-order
  offer: first-order-15
- wait: 15 days
- send: first-order-reminder
  offer: first-order-15
""",
        right="""\
- send: first-order
  offer: first-order-15
- wait: 11 days
- send: first-order-reminder
  offer: first-order-15
""",
    ),
    "not-a-code": Code(
        says="A code, or what codes begin with, cannot be typed by anybody.",
        why="People read codes aloud and type them on telephones; a code is found by its letters and digits alone.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: "***"
""",
        right="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: THANKYOU
""",
    ),
    "not-a-pool": Code(
        says="A file of codes is named that cannot be one.",
        why="Codes are taken from a CSV file below campaigns/, so that it lies beside what uses it and nothing else "
        "of the machine can be read.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: {from: ../codes.xlsx}
""",
        right="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: unique
""",
    ),
    "unknown-pool": Code(
        says="The file that an offer takes its codes from is not there.",
        why="Without it there is no code to give, and every message that makes the offer would wait.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: {from: thanks.csv}
""",
        right="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: {unique: ahead}
""",
    ),
    "other-currency": Code(
        says="A discount or its limit is in another currency than the workspace.",
        why="All orders are in the `currency` of nurture.toml. What another amount costs could not be added up, and a "
        "limit would be held against other money.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: 10 euros off
  discount: 10 EUR
  code: unique
""",
        right="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: 10 dollars off
  discount: 10 USD
  code: unique
""",
    ),
    "code-twice": Code(
        says="Two offers have the same code.",
        why="When it comes back on an order, nobody can tell which of them was used.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: THANKS
regulars:
  kind: loyalty
  says: for you who come often
  code: Thanks
""",
        right="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: THANKS
regulars:
  kind: loyalty
  says: for you who come often
  code: REGULARS
""",
    ),
    "circle-of-offers": Code(
        says="Offers stand in for one another in a circle.",
        why="When all of them are out, nobody could tell what becomes of the message.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: unique
  at most: {codes: 100}
  when out: regulars
regulars:
  kind: loyalty
  says: for you who come often
  code: unique
  at most: {codes: 100}
  when out: thanks
""",
        right="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: unique
  at most: {codes: 100}
  when out: regulars
regulars:
  kind: loyalty
  says: for you who come often
  code: unique
  at most: {codes: 100}
  when out: skip
""",
    ),
    "instead-for-others": Code(
        says="An offer for newcomers stands in for one that customers get.",
        why="Whoever has bought is never sent an introductory or trial offer, so they would get nothing at all.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: unique
  at most: {codes: 100}
  when out: hello
hello:
  kind: introductory
  says: 15% off your first order
  code: unique
""",
        right="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: a small thank-you
  code: unique
  at most: {codes: 100}
  when out: regulars
regulars:
  kind: loyalty
  says: for you who come often
  code: unique
""",
    ),
    "newcomers-get-more": Code(
        says="Prospects are offered more than those who have bought.",
        why="Whoever ordered yesterday sees what they would have got today. Shares are compared with shares, and "
        "amounts with amounts of the same currency.",
        wrong="""\
# campaigns/offers.yaml
first-order-15:
  kind: introductory
  says: 15% off your first order
  discount: 15%
thanks:
  kind: appreciation
  says: a small thank-you
  discount: 10%
# campaigns/prospect/hello.yaml
stage: prospect
topic: offers
offer: first-order-15
sequence:
  - send: welcome
# campaigns/customer/thanks.yaml
stage: [customer, lapsed]
topic: offers
offer: thanks
sequence:
  - send: more
""",
        right="""\
# campaigns/offers.yaml
first-order-15:
  kind: introductory
  says: 15% off your first order
  discount: 15%
thanks:
  kind: appreciation
  says: a thank-you
  discount: 15%
# campaigns/prospect/hello.yaml
stage: prospect
topic: offers
offer: first-order-15
sequence:
  - send: welcome
# campaigns/customer/thanks.yaml
stage: [customer, lapsed]
topic: offers
offer: thanks
sequence:
  - send: more
""",
    ),
}
