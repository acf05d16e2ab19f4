"""UTM parameters stand at the end of links to the web, and nowhere else."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.messages.compile import compile_template
from nurture.messages.library import Library
from nurture.messages.render import Renderer
from nurture.messages.utm import Tags

TAGS = Tags(source="nurture", ours="https://mail.shop.example", campaign="win-back")
ALL = "utm_source=nurture&utm_medium=email&utm_campaign=win-back&utm_content=hello"


@pytest.mark.parametrize(
    ("target", "tagged"),
    [
        ("https://shop.example", f"https://shop.example?{ALL}"),
        ("https://shop.example/a#top", f"https://shop.example/a?{ALL}#top"),
        ("https://shop.example/a?b=1&c=%20x", f"https://shop.example/a?b=1&c=%20x&{ALL}"),
        ("https://shop.example/?", f"https://shop.example/?{ALL}"),
        ("https://shop.example/?b&", f"https://shop.example/?b&{ALL}"),
        ("https://shop.example/#/a?b=1", f"https://shop.example/?{ALL}#/a?b=1"),
        ("HTTPS://Shop.example/", f"HTTPS://Shop.example/?{ALL}"),
        ("https://mail.shop.example/p/token", "https://mail.shop.example/p/token"),
        ("https://MAIL.shop.example", "https://MAIL.shop.example"),
        ("https://mail.shop.example.evil/", f"https://mail.shop.example.evil/?{ALL}"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("tel:1", "tel:1"),
        ("/relative", "/relative"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            "https://s.example/?UTM_Source=mine&x=1",
            "https://s.example/?UTM_Source=mine&x=1&utm_medium=email&utm_campaign=win-back&utm_content=hello",
        ),
        (f"https://s.example/?{ALL}#x", f"https://s.example/?{ALL}#x"),
        (
            "https://s.example/?not_utm_source=1&utm_sources=2",
            f"https://s.example/?not_utm_source=1&utm_sources=2&{ALL}",
        ),
    ],
)
def test_only_what_is_missing_is_added(target: str, tagged: str) -> None:
    assert TAGS.on(target, "hello") == tagged


@given(st.lists(st.tuples(st.text(), st.text()), max_size=3), st.text(alphabet="abc#?&=%é", max_size=12))
def test_what_an_address_says_stays_and_is_not_said_twice(query: list[tuple[str, str]], end: str) -> None:
    target = f"https://shop.example/a?{urlencode(query)}{end}"
    tagged = TAGS.on(target, "hello")
    assert TAGS.on(tagged, "hello") == tagged
    before, after = urlsplit(target), urlsplit(tagged)
    assert (
        after[:3] == before[:3] and after.fragment == before.fragment and after.query.startswith(before.query)
    )
    said = parse_qsl(after.query, keep_blank_values=True)
    assert [it for it in said if it[0] == "utm_medium"] == [("utm_medium", "email")]


def test_names_are_written_as_an_address_needs_them() -> None:
    it = Tags(source="a b&c", ours="", campaign="é")
    assert "utm_source=a%20b%26c&" in it.on("https://s.example", "x") and "utm_campaign=%C3%A9" in it.on(
        "https://s", "x"
    )


BODY = (
    "<html><body>"
    '<a href="https://shop.example/a?b=1&amp;c=2">a</a> <a href="{{ contact.link }}">b</a>'
    '{% for p in recommend(2) %}<a href="{{ p.url }}">c</a>{% endfor %}'
    '<a data-untracked href="https://shop.example/{{ contact.country }}?x=1&amp;y=2">d</a>'
    '<a href="{{ unsubscribe_url }}">e</a><a data-untracked href="mailto:a@b.example">f</a>'
    "</body></html>"
)
VALUES = {
    "recommend": lambda count: [{"url": "https://shop.example/p#q"}],
    "contact": {"country": "DE", "link": "https://shop.example/o"},
    "unsubscribe_url": "https://mail.shop.example/u/token",
}


class Links:
    open = hidden = "https://mail.shop.example/o/x"

    def click(self, link_no: int) -> str:
        return f"https://mail.shop.example/c/{link_no}"


def test_tracked_links_get_them_on_the_way_and_others_in_the_message() -> None:
    compiled = compile_template(
        Library({"m.html": f"subject: x\nlayout: none\n\n{BODY}"}, tags_links=True), "m"
    )
    values = {**VALUES, "_tags": TAGS}
    html = Renderer().render(compiled, values, Links()).html
    said = ALL.replace("hello", "m").replace("&", "&amp;")
    assert f'href="https://shop.example/DE?x=1&amp;y=2&amp;{said}"' in html
    assert 'href="https://mail.shop.example/u/token"' in html and 'href="mailto:a@b.example"' in html
    assert html.count("utm_source") == 1
    assert [Renderer().resolve_link(compiled, no, values) for no in (1, 2, 3)] == [
        f"https://shop.example/a?b=1&c=2&{ALL}".replace("hello", "m"),
        f"https://shop.example/o?{ALL}".replace("hello", "m"),
        f"https://shop.example/p?{ALL}#q".replace("hello", "m"),
    ]


def test_without_tracking_every_link_has_them() -> None:
    compiled = compile_template(
        Library({"m.html": f"subject: x\nlayout: none\n\n{BODY}"}, tags_links=True), "m"
    )
    rendered = Renderer().render(compiled, {**VALUES, "_tags": TAGS})
    assert rendered.html.count("utm_source=nurture") == 4
    assert Renderer().render(compiled, {**VALUES, "_tags": None}).html.count("utm_") == 0
