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
