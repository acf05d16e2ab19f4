"""Codes of messages that can be sent, and do not look or work as meant for everybody who gets them."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

MESSAGES: Mapping[str, Code] = {
    "clipped": Code(
        says="A message has more HTML than the 102 KB that Gmail shows.",
        why="Gmail cuts the rest off behind a link that few people press, and with it the end, where one can "
        "unsubscribe. Images do not count, only the HTML with its styles.",
        wrong="# templates/email/hello.md\nsubject: Hello\n\na letter of forty pages",
        right="# templates/email/hello.md\nsubject: Hello\n\na letter of one page, with a link to the rest",
    ),
    "no-alt": Code(
        says="An image has no alt.",
        why="Many people read with images switched off, or have their mail read to them. What alt says stands in "
        "the place of the image.",
        wrong='# templates/email/hello.html\nsubject: Hello\n\n<img src="roses.jpg">',
        right='# templates/email/hello.html\nsubject: Hello\n\n<img src="roses.jpg" alt="Red roses">',
    ),
    "css-dropped": Code(
        says="Gmail or Outlook for Windows drops a style that the layout of a message rests on.",
        why="What stands side by side here stands one below the other there, or on top of each other. Tables with "
        "padding look the same everywhere. Which program drops what is told by caniemail.com.",
        wrong='# templates/email/hello.html\nsubject: Hello\n\n<div style="display: flex">…</div>',
        right='# templates/email/hello.html\nsubject: Hello\n\n<table role="presentation"><tr><td>…</td></tr></table>',
    ),
    "no-unsubscribe": Code(
        says="A message on a topic that can be switched off shows no way to unsubscribe.",
        why="Who finds no way out presses “spam”, and that counts against everything else you send. In most "
        "countries the law asks for it, too. The layout's foot is the place for it.",
        wrong="# templates/email/layouts/base.html\n<p>{{ sender.address }}</p>",
        right="# templates/email/layouts/base.html\n"
        '<p>{{ sender.address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
    ),
    "stopped": Code(
        says="A message took more than 2 seconds, wanted more than 256 MB, or would have become endless text.",
        why="Messages are put together by the thousand, and one that never comes to its end would keep all others "
        "waiting. So it is stopped, in checking as in sending, and the others go on. Mostly it is a loop in a loop, "
        "a macro that calls itself, or a text that is made of itself again and again.",
        wrong="# templates/email/hello.md\nsubject: Hello\n\n"
        "{% for a in range(1000) %}{% for b in range(1000) %}\n* {{ a }} {{ b }}\n{% endfor %}{% endfor %}",
        right="# templates/email/hello.md\nsubject: Hello\n\n{% for product in recommend(3) %}{{ product.name }}, "
        "{% endfor %}",
    ),
    "fails-for-contact": Code(
        says="A message cannot be rendered for somebody in the database.",
        why="They would not get it, and `nurture explain` would say why. It is tried with a few contacts that "
        "differ as much as can be, so that others may be concerned as well. Often an attribute is text for "
        "some and a number for others.",
        wrong="# templates/email/hello.md\nsubject: Hello\n\nYou have {{ contact.points + 100 }} points.",
        right="# templates/email/hello.md\nsubject: Hello\n\nYou have {{ contact.points|int + 100 }} points.",
    ),
}
