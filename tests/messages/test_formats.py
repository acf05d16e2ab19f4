"""Filters write as people do in the contact's language."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from nurture.messages.bounds import TooMuch
from nurture.messages.environment import make_environment

NOW = datetime(2026, 3, 1, 22, 30)


def shown(source: str, locale: str = "en", **values: Any) -> str:
    return (
        make_environment(html=True)
        .from_string(source)
        .render(_locale=locale, now=NOW, _currency="EUR", **values)
    )


@pytest.mark.parametrize(
    ("source", "en", "de"),
    [
        ("{{ 0.155|percent }}", "16%", "16\xa0%"),
        ("{{ 0.155|percent(1) }}", "15.5%", "15,5\xa0%"),
        ("{{ 1234.5|number(2) }}", "1,234.50", "1.234,50"),
        ("{{ 1234.5|money }}", "€1,234.50", "1.234,50\xa0€"),
        ('{{ ["a", "b & c", "d"]|listed }}', "a, b &amp; c, and d", "a, b &amp; c und d"),
        ('{{ ["a", "b"]|listed("or") }}', "a or b", "a oder b"),
        ("{{ []|listed }}{{ ['x']|listed }}", "x", "x"),
        ("{{ day|relative }}", "tomorrow", "morgen"),
        ("{{ now|relative }}", "today", "heute"),
        ("{{ far|relative }}", "June 1, 2026", "1. Juni 2026"),
        ("{{ far|relative(100) }}", "in 92 days", "in 92 Tagen"),
        ("{{ past|relative }}", "3 days ago", "vor 3 Tagen"),
        ("{{ 'x'|relative }}{{ 'x'|percent }}", "xx", "xx"),
        ("{{ day|date }}", "March 2, 2026", "2. März 2026"),
    ],
)
def test_what_is_written_is_written_in_the_contacts_language(source: str, en: str, de: str) -> None:
    days = {"day": date(2026, 3, 2), "far": date(2026, 6, 1), "past": datetime(2026, 2, 26, 23)}
    assert (
        shown(source, "en", **days),
        shown(source, "de-AT" if "money" not in source else "de", **days),
    ) == (en, de)


def test_a_language_without_words_for_tomorrow_says_in_one_day() -> None:
    assert shown("{{ day|relative }}", "ja", day=date(2026, 3, 2)) == "1 日後"


def test_a_list_in_words_is_short() -> None:
    with pytest.raises(TooMuch):
        shown("{{ range(200)|listed }}")
