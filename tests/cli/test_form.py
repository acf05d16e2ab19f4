"""The HTML of a sign-up form."""

from __future__ import annotations

from lxml import html

from support.cli import Nurture

FORM = '\n[forms.newsletter]\ntopics = "offers"\nsays = "Yes, <b>offers</b>."\n'


def written(nurture: Nurture, more: str = 'embed_in = "https://shop.example"\n') -> None:
    with (nurture.workspace / "nurture.toml").open("a") as file:
        file.write(FORM + more)


def test_the_form_is_plain_html_that_leads_to_its_page(nurture: Nurture) -> None:
    written(nurture)
    ran = nurture.ok("form", "newsletter")
    form = html.fromstring(ran.out)
    assert (form.get("action"), form.get("method")) == ("http://127.0.0.1:8025/f/newsletter", "post")
    assert [it.get("name") for it in form.iter("input")] == ["email", "first_name", "website"]
    assert "Yes, &lt;b&gt;offers&lt;/b&gt;." in ran.out
    assert "script" not in ran.out
    frame = nurture.ok("form", "newsletter", "--frame", "--json").document
    assert html.fromstring(frame["html"]).get("src") == "http://127.0.0.1:8025/f/newsletter?embed"


def test_a_form_that_is_not_there_or_may_stand_nowhere_else_is_told(nurture: Nurture) -> None:
    written(nurture, "")
    assert 'Did you mean "newsletter"?' in nurture("form", "newsleter").err
    assert 'embed_in = "https://shop.example"' in nurture("form", "newsletter").err
