"""A message is light or dark in its frame as it is asked for, whatever the screen is set to."""

from __future__ import annotations

import time

from nurture.web.preview.frame import in_scheme, knows_dark

STYLES = (
    "<style>a{color:red}@media (prefers-color-scheme: dark){a{color:blue}}"
    "@media (prefers-color-scheme:light){b{c:d}}</style>"
)


def test_styles_for_dark_hold_in_dark_alone() -> None:
    assert in_scheme(STYLES, dark=True).count("(min-width: 0){a{color:blue}}") == 1
    assert "(max-width: 0){b{c:d}}" in in_scheme(STYLES, dark=True)
    assert "(max-width: 0){a{color:blue}}" in in_scheme(STYLES, dark=False)
    assert "(min-width: 0){b{c:d}}" in in_scheme(STYLES, dark=False)


def test_pictures_for_dark_are_chosen_so_too() -> None:
    html = '<picture><source media="(prefers-color-scheme: dark)" srcset="night.png"><img src="day.png"></picture>'
    assert 'media="(min-width: 0)"' in in_scheme(html, dark=True)
    assert 'media="(max-width: 0)"' in in_scheme(html, dark=False)


def test_words_that_only_speak_of_it_stay() -> None:
    html = "<p>Write (prefers-color-scheme: dark) into your styles.</p>"
    assert in_scheme(html, dark=True) == html


def test_the_message_says_which_it_can_be() -> None:
    both = '<meta name="color-scheme" content="light dark">'
    assert 'content="dark"' in in_scheme(both, dark=True)
    assert 'content="light"' in in_scheme(both, dark=False)
    only = '<meta name="color-scheme" content="light only">'
    assert 'content="light"' in in_scheme(only, dark=True)


def test_whether_it_has_styles_for_dark_is_told() -> None:
    assert knows_dark(STYLES)
    assert not knows_dark("<style>@media (prefers-color-scheme: light){a{b:c}}</style>")


def test_elements_that_are_never_closed_do_not_hold_the_page_up() -> None:
    for html in ("<style>" * 40_000, "<style " * 40_000, "<meta " + "name=color-scheme " * 10_000):
        before = time.process_time()
        assert in_scheme(html, dark=True) == html
        assert time.process_time() - before < 1
