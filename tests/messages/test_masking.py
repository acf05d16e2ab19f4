"""Marks are hidden and brought back exactly, wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.messages.markdown import to_html
from nurture.messages.masking import Masker
from nurture.messages.segments import join, split

PIECES = st.sampled_from(
    [
        "{{ a }}",
        "{{ 'x\"y>' }}",
        "{% if a < 3 %}",
        "{% endif %}",
        "{% for x in y %}",
        "{% endfor %}",
        "<p>",
        "</p>",
        "<td ",
        'class="',
        "'",
        '"',
        ">",
        "<\n",
        "<!--",
        "-->",
        "<style>",
        "</style>",
        "<title>",
        "</title>",
        " ",
        "text",
        "=",
        "&#123;",
        "nvz1z",
        "<br/>",
        "<a href=",
        "/",
        "é",
        "}}",
        "%}",
        "{ ",
    ]
)


@given(st.lists(PIECES, max_size=30))
def test_what_was_masked_comes_back_exactly(pieces: list[str]) -> None:
    source = "".join(pieces)
    plain = join(split(source))
    masker = Masker(source)
    masked = masker.mask(source)
    assert "{{" not in masked and "{%" not in masked
    assert masker.unmask(masked) == plain


@pytest.mark.parametrize(
    "source",
    ["<!--{{ a }}-->", "<title><!--{{ a }}--></title>", "<style>/*{{ a }}*/</style>", "<p <!--{{ a }}-->>"],
)
def test_a_comment_of_the_author_around_a_value_stays(source: str) -> None:
    masker = Masker(source)
    assert masker.unmask(masker.mask(source)) == source


@given(st.lists(PIECES, max_size=20))
def test_cutting_a_source_again_changes_nothing(pieces: list[str]) -> None:
    once = split("".join(pieces))
    assert split(join(once)) == once


def test_a_condition_between_list_items_stays_in_the_list() -> None:
    html = to_html("- one\n{% if x %}\n- two\n{% endif %}\n- three\n")
    assert html.count("<ul>") == 1
    assert (
        html.index("<li>one") < html.index("{% if x %}") < html.index("<li>two") < html.index("{% endif %}")
    )


def test_a_loop_makes_rows_of_one_table() -> None:
    html = to_html(
        "| a |\n|---|\n{% for x in y %}\n| {{ x }} |\n{% endfor %}\n\nText {% if a %}_b_{% endif %}\n"
    )
    assert html.count("<table>") == 1 and html.index("<tbody>") < html.index("{% for x in y %}") < html.index(
        "<td>{{ x }}"
    )
    assert html.endswith("<p>Text {% if a %}<em>b</em>{% endif %}</p>\n")


def test_a_statement_alone_on_its_line_stands_between_paragraphs() -> None:
    assert to_html("{% if a %}\n    One\n{% else %}\nTwo\n{% endif %}\n") == (
        "{% if a %}\n<p>One</p>\n{% else %}\n<p>Two</p>\n{% endif %}\n"
    )
