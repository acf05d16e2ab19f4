"""Where the links of a test lead."""

from __future__ import annotations

import pytest

from nurture.runner.sent_tests import pages_of_tests
from support.site import Browser

PAGES = pages_of_tests("")


@pytest.mark.parametrize(
    "path",
    [PAGES.unsubscribe, PAGES.preferences, PAGES.confirm, PAGES.view, PAGES.answer("how-was-it", "good")],
)
def test_each_says_that_it_was_a_test(empty_site: Browser, path: str) -> None:
    answer = empty_site.get(path, headers={"host": "mail.shop.example"})
    assert answer.status_code == 200
    assert "This was a test" in answer.text
    assert "<form" not in answer.text
    style = answer.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    up = style.count("../")
    assert path.count("/") - 1 == up and style == "../" * up + "static/nurture.css"


@pytest.mark.parametrize("path", ["/t/nothing", "/t/", "/t/unsubscribe/more"])
def test_others_lead_nowhere(empty_site: Browser, path: str) -> None:
    assert empty_site.get(path).status_code == 404


def test_nobody_can_leave_by_it(empty_site: Browser) -> None:
    assert empty_site.post(PAGES.unsubscribe).status_code == 405
