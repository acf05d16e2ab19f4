"""Codes of values that their key cannot take."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

VALUES: Mapping[str, Code] = {
    "wrong-type": Code(
        says="A value is of another kind than its key wants.",
        why="Some keys want one word, others a list, yes or no, or keys of their own on the lines below.",
        wrong="topic: [offers, news]",
        right="topic: offers",
    ),
    "unknown-key": Code(
        says="A key is not part of the language here.",
        why="A key that is spelled wrong would otherwise do nothing, and nobody would notice.",
        wrong="stagge: prospect",
        right="stage: prospect",
    ),
    "missing": Code(
        says="A key that must be there is not.",
        why="Without a topic nobody could have agreed to a campaign, and without a sequence it has nothing to say.",
        wrong="""\
stage: prospect
sequence:
  - send: welcome
""",
        right="""\
stage: prospect
topic: offers
sequence:
  - send: welcome
""",
    ),
    "not-a-choice": Code(
        says="A value is none of the words its key takes.",
        why="Some keys take one of a few words only.",
        wrong="on goal: stop",
        right="on goal: exit",
    ),
    "not-a-length": Code(
        says="A length of time cannot be read.",
        why="A length is a whole number and minutes, hours, days or weeks. Months and years are of no certain "
        "length; write days.",
        wrong="- wait: 1 month\n- send: more",
        right="- wait: 30 days\n- send: more",
    ),
    "zero-length": Code(
        says="A wait of no time at all.",
        why="A step that waits for nothing does nothing. Two messages in a row need none: the second goes when the "
        "first has gone, as the window and the cap allow.",
        wrong="- wait: 0 days\n- send: more",
        right="- wait: 1 day\n- send: more",
    ),
    "not-a-discount": Code(
        says="A discount cannot be read, or gives away more than everything.",
        why="A share is more than 0% and at most 100%, an amount has a currency, and whatever else is given is free. "
        "What the reports count, and what an offer may cost in all, depends on it: a slip of the finger is dear.",
        wrong="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: 15% off
  discount: 150%
""",
        right="""\
# campaigns/offers.yaml
thanks:
  kind: appreciation
  says: 15% off
  discount: 15%
""",
    ),
    "not-a-share": Code(
        says="A share cannot be read, or is nobody or everybody.",
        why="A share is part of all: more than 0% and less than 100%. To hold everybody out is to send nothing.",
        wrong="holdout: 120%\ngoal: {on: ordered}",
        right="holdout: 10%\ngoal: {on: ordered}",
    ),
    "not-a-priority": Code(
        says="A priority is none of the numbers from 1 to 9.",
        why="Where the cap lets only one message through, the one with the higher priority goes. Who says nothing "
        "has 5.",
        wrong="priority: 12",
        right="priority: 9",
    ),
    "not-a-time": Code(
        says="A date, a time or what comes again and again cannot be read.",
        why="A time is a day and an hour, a weekday, or so long before or after a date that is known of the "
        "contact. Hours are written 09:00, dates 2026-12-01.",
        wrong="- wait until: tuesday 25:00\n- send: more",
        right="- wait until: tuesday 10:00\n- send: more",
    ),
    "not-a-window": Code(
        says="A window cannot be read.",
        why="A window is days and hours in which messages may go, in the time of the contact, such as mon-fri "
        "09:00-17:00, or any time.",
        wrong="window: office hours",
        right="window: mon-fri 09:00-17:00",
    ),
    "never-opens": Code(
        says="A window never opens.",
        why="A message outside of its window waits for the next opening. If there is none, it waits until it is "
        "too late, and nobody gets it.",
        wrong="window: mon-fri 09:00-09:00",
        right="window: mon-fri 09:00-17:00",
    ),
    "not-an-address": Code(
        says="An e-mail address cannot be one.",
        why="It stands in the message itself, where people see it and answer to it.",
        wrong="reply to: help at shop.example",
        right="reply to: help@shop.example",
    ),
    "not-a-target": Code(
        says="Nobody can be notified there.",
        why="A notice goes to an address, to one that the contact has as an attribute, or to a webhook by https. "
        "It holds what is known of a person, so nobody on the way may read it.",
        wrong="- notify: http://crm.example/hot",
        right="- notify: https://crm.example/hot",
    ),
    "not-a-change": Code(
        says="Something is set that cannot be set, or to a value it cannot have.",
        why="A step may put tags on and take them off, and set what is known of a contact. What comes with the "
        "contact, such as their address, stays as it is.",
        wrong="- set: {contact.email: ann@example.test}",
        right="- set: {tag: vip}",
    ),
    "not-a-property": Code(
        says="The name of an event's property holds what no name does.",
        why="With `per:` a contact is in the campaign once for each value of that property of the event.",
        wrong="enter: {on: ordered}\nreentry: {per: order id}",
        right="enter: {on: ordered}\nreentry: {per: order_id}",
    ),
    "not-an-event": Code(
        says="The name of an event holds what no name does.",
        why="An event has a name of one word. A condition is no event: it stands right behind its key, without { }.",
        wrong="exit: {on: orders.count > 1}",
        right="exit: orders.count > 1",
    ),
    "not-an-id": Code(
        says="The id of a step holds what no id may.",
        why='Conditions and reports know a step by its id, and "campaign/step" names one of another campaign.',
        wrong="- send: more\n  id: one/more",
        right="- send: more\n  id: one-more",
    ),
    "not-a-name": Code(
        says="The name of a stage, segment or offer holds what no name may.",
        why="Names are used in conditions, commands and addresses of pages, where spaces and signs mean other things.",
        wrong="""\
# campaigns/offers.yaml
10% off:
  kind: appreciation
  says: 10% off
""",
        right="""\
# campaigns/offers.yaml
ten-off:
  kind: appreciation
  says: 10% off
""",
    ),
    "file-name": Code(
        says="A campaign is known by its file's name, and this one cannot be such a name.",
        why="Reports, commands and conditions name the campaign by its file. What people read is `name:`, which "
        "may hold anything.",
        wrong="""\
# campaigns/Hello & welcome.yaml
topic: news
sequence:
  - send: welcome
""",
        right="""\
# campaigns/hello-and-welcome.yaml
name: Hello & welcome
topic: news
sequence:
  - send: welcome
""",
    ),
}
