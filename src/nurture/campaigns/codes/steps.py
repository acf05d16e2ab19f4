"""Codes of steps and of the way through them."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

STEPS: Mapping[str, Code] = {
    "step-kind": Code(
        says="A step is none of the kinds there are, or two at once.",
        why="Each step does one thing. Two things are two steps, each with a - of its own, so that it is plain "
        "which comes first.",
        wrong="- send: more\n  wait: 3 days",
        right="- wait: 3 days\n- send: more",
    ),
    "sends-nothing": Code(
        says="A sequence sends no message, and notifies nobody.",
        why="Nobody would notice that they are in it.",
        wrong="""\
stage: prospect
topic: offers
sequence:
  - wait: 3 days
""",
        right="""\
stage: prospect
topic: offers
sequence:
  - wait: 3 days
  - send: welcome
""",
    ),
    "unreachable": Code(
        says="Nobody comes to this step, because every way before it ends.",
        why="It looks as if something were sent, and nothing ever is.",
        wrong="""\
- if: clicked("welcome")
  then:
    - end: curious
  else:
    - end: not curious
- send: more
""",
        right="""\
- if: not clicked("welcome")
  then:
    - end: not curious
- send: more
""",
    ),
    "conflict": Code(
        says="Two keys that cannot stand together.",
        why="What the one says, the other takes back, so nobody could tell what is meant.",
        wrong="enter: {on: signed_up, existing: yes}",
        right="enter: {existing: yes}\nstage: prospect",
    ),
    "needs-key": Code(
        says="A key makes sense only beside another one, which is not there.",
        why="`winner:` picks the best of several `variants:`, `test:` says how many try them before the winner is "
        "picked, and `decide after:` when. Alone they do nothing.",
        wrong="- wait: 3 days\n- send: more\n  winner: clicks",
        right="- wait: 3 days\n- send: more\n  variants: [more, how-it-works]\n  winner: clicks",
    ),
    "one-variant": Code(
        says="A message has variants, but there is only one, so that nothing is compared.",
        why="Variants are different messages in the same place, of which each contact gets one. The step's own "
        "template is one of them.",
        wrong="- wait: 3 days\n- send: more\n  variants: [more]",
        right="- wait: 3 days\n- send: more\n  variants: [more, how-it-works]",
    ),
    "moved-circle": Code(
        says="Steps are moved in a circle.",
        why="Those who stand at one of them would be sent round without an end.",
        wrong="moved: {hello: good-day, good-day: hello}",
        right="moved: {hello: good-day, good-day: welcome}",
    ),
    "moved-nowhere": Code(
        says="A step is moved to one that the campaign does not have.",
        why="Those who stand at the removed step go on at the one it is moved to; so that must be a step of the "
        "sequence.",
        wrong="moved: {hello: wellcome}",
        right="moved: {hello: welcome}",
    ),
    "moved-still-there": Code(
        says="A step is moved that the campaign still has.",
        why="`moved:` is for steps that are gone. As long as the step is there, people stand at it and it is not "
        "looked at.",
        wrong="""\
stage: prospect
topic: offers
moved: {welcome: more}
sequence:
  - send: welcome
  - wait: 3 days
  - send: more
""",
        right="""\
stage: prospect
topic: offers
moved: {welcome: more}
sequence:
  - send: more
""",
    ),
}
