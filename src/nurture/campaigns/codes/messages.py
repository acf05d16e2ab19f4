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
    "inlined-each": Code(
        says="The styles of a message cannot be worked into its elements once for all.",
        why="Mail programs want styles in each element. That is done once, when a message is compiled, unless which "
        "style holds depends on the contact: a class that is a value, a condition round a class or a style, HTML that "
        "comes with a value. Then it is done for every recipient: what arrives is the same, some milliseconds later.",
        wrong="# templates/email/hello.html\nsubject: Hello\n\n"
        '<html lang="en"><head><style>.dear { color: #a33 }</style></head><body>\n'
        '<p class="{{ contact.look }}">Hello</p></body></html>',
        right="# templates/email/hello.html\nsubject: Hello\n\n"
        '<html lang="en"><head><style>.dear { color: #a33 }</style></head><body>\n'
        '{% if contact.look == "dear" %}<p class="dear">Hello</p>\n'
        "{% else %}<p>Hello</p>{% endif %}</body></html>",
    ),
    "no-alt": Code(
        says="An image has no alt.",
        why="Many people read with images switched off, or have their mail read to them. What alt says stands in "
        "the place of the image.",
        wrong='# templates/email/hello.html\nsubject: Hello\n\n<img src="roses.jpg" width="180">',
        right='# templates/email/hello.html\nsubject: Hello\n\n<img src="roses.jpg" alt="Red roses" width="180">',
    ),
    "css-dropped": Code(
        says="Mail programs drop a style that the layout of a message rests on.",
        why="What stands side by side here stands one below the other there, or on top of each other. Tables with "
        "padding look the same everywhere. Which program drops what is told by caniemail.com; which programs count is "
        "told by `clients` in [check] of nurture.toml.",
        wrong='# templates/email/hello.html\nsubject: Hello\n\n<div style="display: flex">…</div>',
        right='# templates/email/hello.html\nsubject: Hello\n\n<table role="presentation"><tr><td>…</td></tr></table>',
    ),
    "no-width": Code(
        says="An image has no width.",
        why="Outlook for Windows shows it as wide as its file is, and a picture saved for sharp screens is twice as "
        "wide as the message. Others draw it at once where it belongs, instead of moving the text when it comes.",
        wrong='# templates/email/hello.html\nsubject: Hello\n\n<img src="roses.jpg" alt="Red roses">',
        right='# templates/email/hello.html\nsubject: Hello\n\n<img src="roses.jpg" alt="Red roses" width="180">',
    ),
    "mostly-images": Code(
        says="A message has images and hardly any text.",
        why="Who reads with images switched off sees nothing of it, and filters against spam count it against you: "
        "advertising that is one large picture is what they know best. Fewer than 400 letters count as hardly any.",
        wrong="# templates/email/hello.html\nsubject: Hello\n\n"
        '<img src="everything-is-written-in-here.png" alt="Summer sale" width="600">',
        right="# templates/email/hello.html\nsubject: Hello\n\n"
        '<img src="roses.jpg" alt="Red roses" width="600">\n'
        "<p>The first roses of the year are here, cut this morning in our own garden.\n"
        "Come in before Sunday, or write to us, and we keep a dozen for you until you have time.\n"
        "There are red ones and white ones, and a few of a yellow that we have never had before.\n"
        "Bring a jar, and we fill it with water. Whoever takes two dozen gets a third for a neighbour,\n"
        "since that is how we came to know most of you. And whoever has nobody to give them to: ask us,\n"
        "we know somebody who would be glad.</p>",
    ),
    "html-dropped": Code(
        says="Mail programs drop an element, or a kind of image, that the message rests on.",
        why="In its place there is nothing, or a sign that something is missing. Which program drops what is told by "
        "caniemail.com; which programs count is told by `clients` in [check] of nurture.toml.",
        wrong='# templates/email/hello.html\nsubject: Hello\n\n<img src="logo.svg" alt="Corner Shop" width="120">',
        right='# templates/email/hello.html\nsubject: Hello\n\n<img src="logo.png" alt="Corner Shop" width="120">',
    ),
    "bad-link": Code(
        says="A link leads nowhere, or looks like a trick.",
        why="A message has no place that a link could start from, so every address stands there in full. Mail filters "
        "take numbers in place of names, and names before an @, for fraud.",
        wrong="# templates/email/hello.md\nsubject: Hello\n\n[Our roses](www.shop.example/roses)",
        right="# templates/email/hello.md\nsubject: Hello\n\n[Our roses](https://www.shop.example/roses)",
    ),
    "http-link": Code(
        says="A link is not encrypted: it begins with http: and not https:.",
        why="Browsers warn of the page before they show it, and filters trust such messages less.",
        wrong="# templates/email/hello.md\nsubject: Hello\n\n[Our roses](http://shop.example/roses)",
        right="# templates/email/hello.md\nsubject: Hello\n\n[Our roses](https://shop.example/roses)",
    ),
    "short-link": Code(
        says="A link goes by a service that shortens addresses.",
        why="It hides where it leads, as frauds do, so many filters refuse mail with one. Clicks are counted here "
        "anyway.",
        wrong="# templates/email/hello.md\nsubject: Hello\n\n[Our roses](https://bit.ly/3xYz)",
        right="# templates/email/hello.md\nsubject: Hello\n\n[Our roses](https://shop.example/roses)",
    ),
    "no-preview": Code(
        says="A message has no preview.",
        why="Beside the subject an inbox shows the first words that it finds: those of the preview, else whatever the "
        "message begins with. It is the second thing people read, and often the last.",
        wrong="# templates/email/hello.md\nsubject: The roses are here\n\nDear customer, …",
        right="# templates/email/hello.md\nsubject: The roses are here\npreview: Cut this morning, and yours until "
        "Sunday.\n\nDear customer, …",
    ),
    "no-address": Code(
        says="A message on a topic that can be switched off does not show the postal address of the sender.",
        why="The law asks for it in the United States (CAN-SPAM), Canada and most of Europe. The layout's foot is the "
        "place for it; what it says stands in [sender] of nurture.toml.",
        wrong='# templates/email/layouts/base.html\n<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
        right="# templates/email/layouts/base.html\n"
        '<p>{{ sender.address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
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
