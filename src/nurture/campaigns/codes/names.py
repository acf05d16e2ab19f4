"""Codes of names that stand for nothing: templates, topics, stages, events …"""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

NAMES: Mapping[str, Code] = {
    "unknown-template": Code(
        says="A step sends a template that does not exist.",
        why="A template is known by its file's name in templates/email/, without the ending: welcome.md is welcome.",
        wrong="- send: mroe",
        right="- send: more",
    ),
    "unknown-topic": Code(
        says="A campaign's topic is not in [topics] of nurture.toml.",
        why="The topic is what people agree to, and what they can switch off. Nobody has agreed to one that is "
        "not there.",
        wrong="topic: sales",
        right="topic: offers",
    ),
    "unknown-offer": Code(
        says="An offer is not in offers.yaml.",
        why="offers.yaml says what the offer is, who gets a code, and until when it holds.",
        wrong="offer: first-order",
        right="offer: first-order-15\nstage: prospect",
    ),
    "unknown-stage": Code(
        says="A stage is not in lifecycle.yaml.",
        why="Nobody is ever at a stage that is not there, so nobody would enter.",
        wrong="stage: prospects",
        right="stage: prospect",
    ),
    "unknown-line": Code(
        says="A product line does not exist.",
        why="Lines come with the products, and are spelled as there, in small or large letters.",
        wrong="lines: [Floral]",
        right="lines: [FLORAL]",
    ),
    "unknown-event": Code(
        says="An event was never recorded.",
        why="It may still come, by import or by the API. If not, nobody enters, leaves or reaches a goal by it.",
        wrong="exit: {on: singed_up}",
        right="exit: {on: signed_up}",
    ),
    "unknown-campaign": Code(
        says="[rates] of nurture.toml names a campaign that has no file.",
        why="A campaign is known by its file's name: campaigns/prospect/news.yaml is news. The rate of one that is "
        "not there holds for nothing, and the campaign that was meant goes as fast as it can.",
        wrong='[rates]\nnewz = "1000 per hour"',
        right='[rates]\nnews = "1000 per hour"',
    ),
    "unsure": Code(
        says="An expression names what was never recorded: an attribute, event, line, campaign or message.",
        why="It may still come. Until then it is missing for everybody, and a condition over it does not hold.",
        wrong='when: contact.teir == "gold"',
        right='when: contact.tier == "gold"',
    ),
    "unknown-step": Code(
        says="An expression asks about a step that its campaign does not have.",
        why="Nobody can click on a message that is not sent, so the condition would never hold. A message of "
        'another campaign is named with it: "campaign/step".',
        wrong="""\
- wait for: clicked("wellcome")
  up to: 3 days
- send: more
""",
        right="""\
- wait for: clicked("welcome")
  up to: 3 days
- send: more
""",
    ),
    "campaign-twice": Code(
        says="Two files have the same name, so that two campaigns would be known by one.",
        why="The folder of a file is for people only. Who is in which campaign is kept by the name of the file.",
        wrong="""\
# campaigns/customer/hello.yaml
stage: customer
topic: news
sequence:
  - send: more
# campaigns/prospect/hello.yaml
stage: prospect
topic: news
sequence:
  - send: welcome
""",
        right="""\
# campaigns/customer/thanks.yaml
stage: customer
topic: news
sequence:
  - send: more
# campaigns/prospect/hello.yaml
stage: prospect
topic: news
sequence:
  - send: welcome
""",
    ),
    "name-twice": Code(
        says="Two campaigns have the same `name:`.",
        why="Reports show campaigns by their names; two that are called the same cannot be told apart there.",
        wrong="""\
# campaigns/customer/thanks.yaml
name: Hello
stage: customer
topic: news
sequence:
  - send: more
# campaigns/prospect/hello.yaml
name: Hello
stage: prospect
topic: news
sequence:
  - send: welcome
""",
        right="""\
# campaigns/customer/thanks.yaml
name: Thank you
stage: customer
topic: news
sequence:
  - send: more
# campaigns/prospect/hello.yaml
name: Hello
stage: prospect
topic: news
sequence:
  - send: welcome
""",
    ),
    "step-twice": Code(
        says="Two steps of a campaign have the same id.",
        why="A step is known by its id: where people stand, what they clicked on, what was sent. A message "
        "without an id is called after its template.",
        wrong="- wait: 3 days\n- send: welcome",
        right="- wait: 3 days\n- send: welcome\n  id: welcome-once-more",
    ),
}
