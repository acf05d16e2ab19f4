"""Rendering for one contact: facts in, four finished parts out, and no way out of the template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from nurture.audience.contact import Contact
from nurture.audience.facts import (
    EntryFacts,
    Event,
    Facts,
    LineFacts,
    OfferFacts,
    OrderFacts,
    Purchase,
    StageFacts,
)
from nurture.clock import DAY, parse_iso
from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.render import Rendered, Renderer
from nurture.messages.tokens import Signer, Token
from nurture.messages.urls import Urls
from nurture.messages.values import values
from nurture.settings import Sender

NOW = parse_iso("2026-03-02T12:00:00Z", ZoneInfo("UTC"))
SIGNER = Signer("a secret of some length")
URLS = Urls("https://m.shop.example", SIGNER).of((7, 2))
SENDER = Sender.model_validate({"from": "Corner Shop <hello@shop.example>", "address": "1 Main Street"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """A product as it is handed in."""

    sku: str
    name: str
    line: str = "FLORAL"
    category: str = ""
    price: int = 0
    url: str = ""
    image_url: str = ""


GOODS = (
    Goods(sku="R-1", name="Roses & more", price=1250, url="https://shop.example/r1?a=1&b=2"),
    Goods(sku="R-2", name="", url="https://shop.example/r2"),
    Goods(sku="R-3", name="Lilies", url="javascript:alert(1)"),
)


def facts(**changes: Any) -> Facts:
    contact = Contact(
        id=1,
        email="ann@example.test",
        first_name="Ann",
        locale="de-AT",
        timezone="Europe/Berlin",
        created_at=NOW - 10 * DAY,
        attributes={"tier": "gold", "items": 3},
    )
    whole: dict[str, Any] = {
        "contact": contact,
        "stage": StageFacts(name="customer/repeat", since=NOW - 5 * DAY),
        "orders": OrderFacts(
            count=2,
            total=123456,
            last_at=NOW - 3 * DAY,
            recent=(Purchase(at=NOW - 100 * DAY, amount=100000), Purchase(at=NOW - 3 * DAY, amount=23456)),
        ),
        "offer": OfferFacts(key="k", says="15% off", code="X-1", expires_at=NOW + 12 * 3_600_000_000),
        "entry": EntryFacts(
            campaign="c",
            enrollment_id=7,
            entered_at=NOW,
            event=Event(name="ordered", at=NOW, properties={"sku": "R-1"}),
        ),
        "line": LineFacts(name="FLORAL", stage=StageFacts(name="prospect", since=NOW)),
    }
    return Facts(**{**whole, **changes})


def compiled(body: str, head: str = "subject: Hi\nlayout: none", **parts: str) -> Compiled:
    return compile_template(Library({"m.md": f"{head}\n\n{body}", **parts}), "m")


def given_values(it: Facts | None = None, locale: str = "en-US") -> dict[str, Any]:
    return values(
        it or facts(),
        NOW,
        sender=SENDER,
        urls=URLS,
        recommended=GOODS,
        timezone="UTC",
        locale=locale,
        currency="EUR",
    )


def rendered(body: str, head: str = "subject: Hi\nlayout: none", it: Facts | None = None) -> Rendered:
    return Renderer().render(compiled(body, head), given_values(it))


def text(body: str, it: Facts | None = None) -> str:
    return rendered(body, it=it).text.strip()


NOBODY = facts(
    contact=Contact(id=2, email="bob@example.test"),
    orders=OrderFacts(),
    offer=None,
    entry=None,
    line=None,
)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("{{ contact.first_name }} {{ contact.tier }} {{ contact.items }}", "Ann gold 3"),
        ("{{ stage.name }} {{ stage.days|round|int }}", "customer/repeat 5"),
        ("{{ orders.count }} {{ orders.total }} {{ orders.average }}", "2 1234.56 617.28"),
        ("{{ orders.total|money }}", "€\xa01.234,56"),
        ("{{ orders.total|number }} {{ orders.total|number(1) }}", "1.234,56 1.234,6"),
        ('{{ orders.within("30 days").count }} {{ orders.within("30 days").total }}', "1 234.56"),
        ("{{ offer.code }} {{ offer.expires_at|date }}", "X-1 3. März 2026"),
        ('{{ offer.expires_at|date("d.M.") }} {{ offer.expires_at.hour }}', "3.3. 1"),
        ("{{ event.name }} {{ event.sku }} {{ event.unknown }}.", "ordered R-1 ."),
        ("{{ line }} {{ line.name }} {{ line.orders.count }}", "FLORAL FLORAL 0"),
        ("{{ line.stage }} {{ line.stage.name }}", "prospect prospect"),
        ('{{ lines["SEAFOOD"].orders.count }}', "0"),
        ("{{ sender.name }}, {{ sender.address }}", "Corner Shop, 1 Main Street"),
        ("{{ sender.reply_to }}", "hello@shop.example"),
        ("{{ recommend(2)|map(attribute='name')|join(', ') }}", "Roses & more, R-2"),
        ("{% for p in recommend(1) %}{{ p.price|money }}{% endfor %}", "€\xa012,50"),
        ("{{ days_since(contact.created_at)|round|int }}", "10"),
        ("{{ contact.first_name|upper }} {{ contact.first_name.lower() }}", "ANN ann"),
    ],
)
def test_a_template_sees_facts_in_the_contacts_language_zone_and_money(said: str, shown: str) -> None:
    assert text(said) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('{{ contact.first_name or "there" }}', "there"),
        ('{{ contact.first_name|default("there", true) }}', "there"),
        ("a{{ contact.unheard_of }}b{{ contact.tier }}c", "abc"),
        ("{% if offer %}yes{% else %}no{% endif %}", "no"),
        ("{% if offer.code %}yes{% else %}no{% endif %}", "no"),
        ("{% if orders.days_since_last > 60 %}yes{% else %}no{% endif %}", "no"),
        ("{% if orders.days_since_last < 60 %}yes{% else %}no{% endif %}", "no"),
        ("a{{ orders.average|money }}{{ orders.last_at|date }}{{ orders.average * 2 + 1 }}b", "ab"),
        (
            "{% if event %}yes{% else %}no{% endif %}{{ event.name }}{{ line.name }}{{ line.orders.count }}",
            "no",
        ),
        ("{{ orders.total|money }}", "€0.00"),
    ],
)
def test_what_is_not_known_prints_as_nothing_and_is_no(said: str, shown: str) -> None:
    assert text(said, NOBODY) == shown


HOSTILE = (
    "{{ ''['__class__'] }}",
    "{{ contact['__class__'] }}",
    "{{ recommend['__globals__'] }}",
    "{{ orders.within['__func__'] }}",
    "{{ days_since['__code__'] }}",
    "{{ ('%s' % contact.email) }}",
    "{{ 'a' * 100000000 }}",
    "{{ contact.email * 100000000 }}",
    "{{ [1] * 100000000 }}",
    "{{ 9 ** 99999 }}",
    "{{ range(100000)|length }}",
    "{{ '{0.__class__}'.format(contact) }}",
    "{{ contact.email.format_map({}) }}",
    "{{ contact.email.ljust(1000000000) }}",
    "{{ contact.email.encode() }}",
    "{{ contact.tags.append(1) }}",
    "{{ {}.update({'a': 1}) }}",
    "{{ recommend(1)[0]['_build'] }}",
    "{{ contact|map(attribute='_data')|list }}",
    "{{ lines['A']['_known'] }}",
    "{{ lines['A'].name.__class__ }}",
    "{{ now.strftime('%Y' * 10) }}",
    "{{ contact.created_at.tzinfo }}",
    "{{ (1).real }}",
    "{{ loop }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__ }}",
    "{% macro m() %}{% endmacro %}{{ m['_func'] }}",
)


@pytest.mark.parametrize("said", HOSTILE)
def test_there_is_no_way_out_of_a_template(said: str) -> None:
    with pytest.raises(TemplateError):
        rendered(said)


def test_names_are_escaped_in_html_and_as_they_are_in_text() -> None:
    eve = facts(contact=Contact(id=3, email="e@x.test", first_name='<script>"&'))
    it = rendered("Hi {{ contact.first_name }}", "subject: Hi {{ contact.first_name }}\nlayout: none", eve)
    assert "<script>" not in it.html and "&lt;script&gt;&#34;&amp;" in it.html
    assert 'Hi <script>"&' in it.text and it.subject == 'Hi <script>"&'


def test_the_subject_is_one_line_without_control_characters() -> None:
    head = "subject: Hi {{ contact.first_name }}\nlayout: none"
    broken = facts(contact=Contact(id=3, email="e@x.test", first_name="Ann\r\nBcc: eve@evil.example"))
    assert rendered("x", head, broken).subject == "Hi Ann Bcc: eve@evil.example"
    for name in ("Ann\x00", "Ann\x1b[2J", "=?utf-8?q?a=0ABcc:_x?="):
        hostile = facts(contact=Contact(id=3, email="e@x.test", first_name=name))
        with pytest.raises(TemplateError, match="control character"):
            rendered("x", head, hostile)


def test_links_are_tracked_and_lead_where_they_said() -> None:
    body = (
        "[a](https://shop.example/?a=1&b=2) [b](https://shop.example/{{ event.sku }})\n\n"
        "{% for p in recommend(2) %}[{{ p.name }}]({{ p.url }}){% endfor %}"
    )
    message, renderer = compiled(body), Renderer()
    it = renderer.render(message, given_values(), URLS)
    numbers = []
    for link in lxml_html.fromstring(it.html).iter("a"):
        href = link.get("href") or ""
        assert href in it.text or "/h/" in href
        token = SIGNER.read(href.rpartition("/")[2], "click")
        if token:
            assert token.key == (7, 2)
            numbers.append(token.link_no)
    assert [renderer.resolve_link(message, no, given_values()) for no in numbers] == [
        "https://shop.example/?a=1&b=2",
        "https://shop.example/R-1",
        "https://shop.example/r1?a=1&b=2",
        "https://shop.example/r2",
    ]
    assert URLS.open in it.html and URLS.hidden in it.html and URLS.hidden not in it.text


def test_without_tracking_links_lead_straight_and_there_is_no_pixel() -> None:
    it = rendered("[a](https://shop.example) {% for p in recommend(1) %}[b]({{ p.url }}){% endfor %}")
    assert (
        'href="https://shop.example"' in it.html and 'href="https://shop.example/r1?a=1&amp;b=2"' in it.html
    )
    assert "<img" not in it.html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "", "//evil.example", "https:///x", "ftp://x", "http://a b", "https://"]
)
def test_a_link_that_leads_to_no_page_is_refused(url: str) -> None:
    message = compiled("[b]({{ event.url }})")
    event = Event(name="e", at=NOW, properties={"url": url})
    it = facts(entry=EntryFacts(campaign="c", enrollment_id=7, entered_at=NOW, event=event))
    with pytest.raises(TemplateError, match="no http or https"):
        Renderer().resolve_link(message, 1, given_values(it))


def test_a_link_that_is_not_there_is_refused() -> None:
    message, renderer = compiled("{% for p in recommend(1) %}[b]({{ p.url }}){% endfor %}"), Renderer()
    for no in (0, 2, -1, 257, 255 * 256 + 1):
        with pytest.raises(TemplateError):
            renderer.resolve_link(message, no, given_values())


def test_what_cannot_be_rendered_names_the_message() -> None:
    with pytest.raises(TemplateError, match="m: it cannot be rendered"):
        rendered("{{ 1 / 0 }}")


def test_a_renderer_keeps_only_so_many_messages() -> None:
    renderer = Renderer(keep=2)
    messages = [compiled(f"{no}") for no in range(4)]
    for message in [*messages, *messages]:
        assert renderer.render(message, given_values()).text == f"{messages.index(message)}\n"


def test_styles_are_inlined_for_each_recipient_where_they_must_be() -> None:
    message = compiled(
        '<style>.gold { color: #da0 } .none { color: red }</style><p class="{{ contact.tier }}">x</p>'
    )
    assert "class=" in message.inline_each
    assert 'class="gold" style="color:#da0"' in Renderer().render(message, given_values(), URLS).html


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_in_the_data_changes_the_shape_of_the_html(name: str, tier: str) -> None:
    it = facts(contact=Contact(id=1, email="a@x.test", first_name=name, attributes={"tier": tier}))
    renderer, message = _SHAPE
    shown = renderer.render(message, given_values(it), URLS).html
    tags = [element.tag for element in lxml_html.fromstring(shown).iter() if isinstance(element.tag, str)]
    assert tags == _TAGS


_SHAPE = (
    Renderer(),
    compiled('<p title="{{ contact.tier }}">{{ contact.first_name }}</p>[x](https://s.example)'),
)
_TAGS = [
    element.tag
    for element in lxml_html.fromstring(_SHAPE[0].render(_SHAPE[1], given_values(), URLS).html).iter()
    if isinstance(element.tag, str)
]


def test_the_token_of_a_pixel_names_the_message() -> None:
    assert SIGNER.read(URLS.open.rpartition("/")[2][:-4], "open") == Token(kind="open", key=(7, 2))


def test_an_untracked_address_in_a_loop_cannot_break_out_of_its_place() -> None:
    hostile = Goods(sku="R-9", name="x", url='https://s.example/"><script>alert(1)</script>')
    given = values(facts(), NOW, sender=SENDER, urls=None, recommended=(hostile,))
    message = compiled("{% for p in recommend(1) %}[b]({{ p.url }}){% endfor %}")
    assert "<script>" not in Renderer().render(message, given).html
