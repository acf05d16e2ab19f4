"""Messages shown in the browser and links worked out: in processes that can be ended without anybody noticing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nurture.clock import DAY
from nurture.delivery.outcome import MessageKey
from nurture.errors import TemplateStoppedError
from nurture.runner.helpers import Helpers
from nurture.runner.view import Viewer
from nurture.store.engine import open_store
from support.corner import Corner, files, letter, opened
from support.site import Browser, browser

SHORT = 0.3
CAMPAIGN = "stage: prospect\ntopic: offers\nsequence:\n  - send: one\n  - send: two\n"
ONE = (
    "{% for a in range(contact.points) %}{% for b in range(contact.points) %}{% for c in range(contact.points) %}"
    "{% set d = c %}{% endfor %}{% endfor %}{% endfor %}"
    "[look](https://shop.example/{{ contact.first_name }}) {% for no in range(2) %}"
    "[this]({{ 'https://shop.example/at/' ~ no }}){% endfor %}"
)
WHO = "ann@example.test"


class Shown:
    """The corner shop, with two messages sent to Ann, whose points decide whether the first comes to an end."""

    def __init__(self, shop: Corner) -> None:
        self.shop = shop
        self.points(1)
        shop.until(shop.now + 2 * DAY)
        self.helpers = Helpers(seconds=SHORT)
        self.viewer = Viewer(shop.store, shop.clock, shop.world, shop.app.urls, self.helpers)
        rows = shop.rows("SELECT enrollment_id, step_no FROM messages ORDER BY step_no")
        self.one, self.two = (MessageKey(*row) for row in rows)

    def points(self, points: int) -> None:
        self.shop.contact(WHO, first_name="Ann", attributes={"points": points})

    def pids(self) -> set[int]:
        return {it._process.pid for it in self.helpers._free}


@pytest.fixture
def shown(sqlite_url: str, tmp_path: Path) -> Iterator[Shown]:
    store = open_store(sqlite_url, now=0, durable=False)
    with opened(store, tmp_path, files({"hello": CAMPAIGN}, {"one": letter("one", ONE)})) as shop:
        it = Shown(shop)
        yield it
        it.helpers.close()
    store.close()


def test_a_message_is_shown_and_its_links_lead_where_they_led(shown: Shown) -> None:
    html = shown.viewer.html(shown.one)
    assert html is not None
    assert "https://shop.example/Ann" not in html and "/c/" in html
    assert shown.viewer.target(shown.one, 1) == "https://shop.example/Ann"
    assert [shown.viewer.target(shown.one, no) for no in (2, 2 + 256)] == [
        "https://shop.example/at/0",
        "https://shop.example/at/1",
    ]
    assert shown.viewer.target(shown.one, 0) is None
    assert shown.viewer.target(shown.one, 99) is None
    assert shown.viewer.html(MessageKey(1, 1)) is None
    assert len(shown.pids()) == 1


def test_one_without_end_is_stopped_and_refused_for_a_while_and_others_are_shown(shown: Shown) -> None:
    assert shown.viewer.html(shown.two)
    shown.points(1000)
    began = time.monotonic()
    with pytest.raises(TemplateStoppedError, match=r"one: it was stopped: it took more than 0.3 seconds"):
        shown.viewer.html(shown.one)
    assert time.monotonic() - began < SHORT + 1
    with pytest.raises(TemplateStoppedError, match="a moment ago"):
        shown.viewer.html(shown.one)
    assert shown.viewer.target(shown.one, 2) is None
    assert shown.viewer.html(shown.two)


def test_nobody_else_waits_while_one_is_on_its_way_to_be_stopped(shown: Shown) -> None:
    shown.points(1000)
    helpers = Helpers(seconds=1.5)
    viewer = Viewer(shown.shop.store, shown.shop.clock, shown.shop.world, shown.shop.app.urls, helpers)
    ended: list[float] = []

    def endless() -> None:
        with pytest.raises(TemplateStoppedError):
            viewer.html(shown.one)
        ended.append(time.monotonic())

    thread = threading.Thread(target=endless)
    thread.start()
    try:
        time.sleep(0.3)
        assert viewer.html(shown.two)
        assert not ended
    finally:
        thread.join()
        helpers.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_died_or_froze_is_replaced_unnoticed(shown: Shown, number: int) -> None:
    assert shown.viewer.html(shown.two)
    (first,) = shown.pids()
    os.kill(first, number)
    if number == signal.SIGKILL:
        assert shown.viewer.html(shown.two)
    else:
        with pytest.raises(TemplateStoppedError):
            shown.viewer.html(shown.two)
    assert first not in shown.pids()
    assert shown.viewer.html(shown.one)


def test_the_page_of_one_that_was_stopped_is_friendly_and_its_links_lead_to_a_page(shown: Shown) -> None:
    shown.points(1000)
    deps = replace(shown.shop.app.web(shown.shop.world), render=shown.viewer.html, target=shown.viewer.target)
    with browser(deps) as client:
        urls = shown.shop.app.urls
        answer = client.get(urls.view(shown.one))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert "Please try again in a minute" in answer.text
        assert leads(client, urls.click(shown.one, 2)) == 404
        assert leads(client, urls.view(shown.two)) == 200


def leads(client: Browser, url: str) -> int:
    return client.get(url).status_code


def test_nothing_is_left_of_them_at_the_end(shown: Shown) -> None:
    assert shown.viewer.html(shown.two)
    (first,) = shown.pids()
    shown.helpers.close()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
