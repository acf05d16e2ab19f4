"""In one go or step by step: the same message, whatever the recipient's values are."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.test_render import GOODS, NOBODY, NOW, SENDER, SIGNER, facts
from nurture.audience.contact import Contact
from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.composer import Composer
from nurture.messages.library import Library
from nurture.messages.mime import MailHeaders, compose, verify
from nurture.messages.render import Renderer
from nurture.messages.urls import Urls
from nurture.messages.values import Values, values

URLS = Urls("https://m.shop.example", SIGNER)
STYLED = "<style>.a-{{ contact.tier }} { color: red }</style>"
BODIES = (
    'Hi {{ contact.first_name or "there" }},\n\n{{ orders.total|money }}  {{ contact.tier }} \n\n{{ sender.name }}',
    "{% for p in recommend(3) %}[{{ p.name }}]({{ p.url }}) {{ p.price|money }}\n{% endfor %}",
    "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m(contact.first_name) }}",
    "{% set x %}={{ contact.tier }}{% endset %}{{ x }}",
    "{% filter upper %}a {{ contact.first_name }}{% endfilter %}\n\n[x](https://shop.example/{{ contact.first_name }})",
    "{% if offer %}{{ offer.says }} {{ offer.expires_at|date }}{% endif %} {{ range(3)|join }} {{ now.year }}",
    f'{STYLED}<p class="a-gold">{{{{ contact.first_name }}}}</p>',
)


def compiled(body: str) -> Compiled:
    head = "subject: For {{ contact.first_name or 'you' }}\npreview: P {{ orders.count }}\nlayout: none"
    return compile_template(Library({"m.md": f"{head}\n\n{body}"}), "m")


MESSAGES = tuple(compiled(body) for body in BODIES)
COMPOSER, RENDERER = Composer(), Renderer()
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=90)


def parts(content: bytes) -> tuple[list[tuple[str, str]], list[bytes]]:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not any(part.defects for part in message.walk())
    bodies = [part.get_payload(decode=True) for part in message.iter_parts()]
    return [(name, str(value)) for name, value in message.raw_items()], [
        it for it in bodies if isinstance(it, bytes)
    ]


@given(st.sampled_from(MESSAGES), NAMES, st.text(max_size=120), st.booleans())
def test_in_one_go_or_step_by_step_it_is_the_same_message(
    message: Compiled, name: str, tier: str, known: bool
) -> None:
    contact = Contact(id=1, email="ann@example.test", first_name=name, attributes={"tier": tier})
    it = facts(contact=contact) if known else NOBODY
    urls = URLS.of((7, 2))
    headers = MailHeaders(
        key=(7, 2), sender=SENDER.from_, to="ann@example.test", now=NOW, unsubscribe=urls.unsubscribe
    )
    asked = Values(it, NOW, sender=SENDER, urls=urls, recommended=GOODS)
    all_at_once = values(it, NOW, sender=SENDER, urls=URLS.of((7, 2)), recommended=GOODS)
    try:
        step_by_step = compose(RENDERER.render(message, all_at_once, URLS.of((7, 2))), headers)
    except TemplateError as error:
        with pytest.raises(TemplateError) as other:
            COMPOSER.finish(message, asked, urls, headers)
        assert str(other.value) == str(error)
        return
    verify(step_by_step, headers.names)
    in_one_go = COMPOSER.finish(message, asked, urls, headers)
    assert parts(in_one_go) == parts(step_by_step)


def test_one_recipient_leaves_nothing_behind_for_the_next() -> None:
    message = compiled("{% set mine = contact.first_name %}{{ mine }}.{{ 1 / contact.age }}")
    for name, age in (("Ann", 1), ("Eve", 0), ("Bob", 1)):
        contact = Contact(id=1, email="a@example.test", first_name=name, attributes={"age": age})
        urls = URLS.of((7, 2))
        asked = Values(facts(contact=contact), NOW, sender=SENDER, urls=urls)
        headers = MailHeaders(key=(7, 2), sender=SENDER.from_, to="a@example.test", now=NOW)
        if not age:
            with pytest.raises(TemplateError, match="ZeroDivisionError"):
                COMPOSER.finish(message, asked, urls, headers)
            continue
        text, html = parts(COMPOSER.finish(message, asked, urls, headers))[1]
        assert text == f"{name}.1.0\r\n".encode()
        assert all(other not in html.decode() for other in {"Ann", "Eve", "Bob"} - {name})


def test_values_asked_one_by_one_are_those_of_all_at_once() -> None:
    it = Values(facts(), NOW, sender=SENDER, urls=URLS.of((7, 2)), recommended=GOODS)
    whole = values(facts(), NOW, sender=SENDER, urls=URLS.of((7, 2)), recommended=GOODS)
    assert set(it) == set(whole) and len(it) == len(whole)
    for name in (
        "contact",
        "stage",
        "orders",
        "line",
        "offer",
        "event",
        "unsubscribe_url",
        "browser_url",
        "now",
    ):
        assert str(it[name]) == str(whole[name])


def test_an_address_is_the_same_however_often_it_is_asked_for() -> None:
    urls, again = URLS.of((7, 2)), URLS.of((7, 2))
    for name in ("open", "hidden", "unsubscribe", "view"):
        assert getattr(urls, name) == getattr(urls, name) == getattr(again, name)
