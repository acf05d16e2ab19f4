"""Codes of files that cannot be read as text or as YAML."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

TEXT: Mapping[str, Code] = {
    "not-text": Code(
        says="A file holds characters that no text file should hold.",
        why="Control characters come in by copying from other programs, or because the file is no text at all. "
        "Nobody sees them, and every program takes them for something else.",
        wrong="name: Wel\x07come",
        right="name: Welcome",
    ),
    "too-large": Code(
        says="A file is larger or nested deeper than any campaign needs.",
        why="A file of this size was made by a program or by mistake. It is refused before it is read, so that "
        "it cannot make everything else slow.",
        wrong="name: " + "[" * 41 + "]" * 41,
        right="name: Welcome",
    ),
    "yaml": Code(
        says="A file is not YAML.",
        why="A campaign file is YAML: keys, a colon and a space, and lists with a - before each item. What stands "
        "on one level is indented by the same number of spaces.",
        wrong="""\
- send: more
 when: orders.count == 0
""",
        right="""\
- send: more
  when: orders.count == 0
""",
    ),
    "tab": Code(
        says="A line is indented by a tab; YAML wants spaces.",
        why="How wide a tab is depends on the editor, so YAML cannot tell what belongs to what. Most editors can "
        "be set to write spaces where you press the tab key.",
        wrong="- send: more\n\twhen: orders.count == 0",
        right="- send: more\n  when: orders.count == 0",
    ),
    "colon": Code(
        says="A value holds a colon and a space and stands without quotes.",
        why="A colon and a space end a key. In the middle of a sentence they look like a second key.",
        wrong="name: Welcome: the first word",
        right='name: "Welcome: the first word"',
    ),
    "quote": Code(
        says="A quotation mark is opened and never closed.",
        why="All that follows belongs to the text until the mark is closed, up to the end of the file.",
        wrong='name: "Welcome',
        right='name: "Welcome"',
    ),
    "cut-off": Code(
        says="A value has a # in it, so that what is behind it is taken for a comment.",
        why="A space and a # begin a comment, also in the middle of a sentence, and the rest of the line is "
        "gone without a word. Quotes keep it.",
        wrong="name: We are #1 in town",
        right='name: "We are #1 in town"',
    ),
    "anchor": Code(
        says="A file uses YAML's anchors (&) or aliases (*), which are not part of the language.",
        why="With them a line stands for another one far away, and a small file can unfold into one that fills "
        "the memory. What is to be said twice is written twice.",
        wrong="stage: &who prospect",
        right="stage: prospect",
    ),
    "tag": Code(
        says="A file uses YAML's tags (!), which are not part of the language.",
        why="Tags are made for programs. What a value means is decided by the key it stands under.",
        wrong="name: !!str 2026",
        right="name: 2026",
    ),
    "several-documents": Code(
        says="A file holds a second document behind ---.",
        why="One file is one campaign, known by the name of the file.",
        wrong="""\
stage: prospect
topic: offers
sequence:
  - send: welcome
---
stage: prospect
topic: offers
sequence:
  - send: more
""",
        right="""\
stage: prospect
topic: offers
sequence:
  - send: welcome
  - wait: 3 days
  - send: more
""",
    ),
    "duplicate-key": Code(
        says="A key is given twice in one place.",
        why="Only one of the two could hold, and nobody can tell which one was meant.",
        wrong="stage: prospect\nstage: lapsed",
        right="stage: [prospect, lapsed]",
    ),
    "empty": Code(
        says="A file, or a key that needs a value, is empty.",
        why="A key without a value is one that somebody meant to fill in. Take it out if it has nothing to say.",
        wrong="when:",
        right="when: orders.count == 0",
    ),
}
