"""The pages that people see, in a real browser without script: they work, fit a small screen, and can be read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

import pytest
from playwright.sync_api import Browser, Page

from nurture.clock import SECOND
from nurture.delivery.outcome import MessageKey
from nurture.runner.direct import DirectGiven, plan_direct
from nurture.store.engine import open_store
from support import browsers
from support.corner import START
from support.real_site import served
from support.signing_up import House, house

T = TypeVar("T")

QUESTIONS = """\
how-was-it:
  asks: How did we do with your last order?
  answers:
    good: {says: "Good, I would come again", score: 3}
    fair: {says: "All right, but there is something that you could do better next time", score: 2}
    poor: {says: Not good, score: 1}
  comment: Anything you would like to add?
  thanks: Thank you. Every answer is read.
recommend-us:
  asks: How likely are you to recommend us to a friend?
  scale: 0-10
  low: Not at all likely
  high: Very likely
"""
ASK = """\
subject: One question

{{ question("how-was-it").asks }} {{ question("recommend-us").asks }}
"""

ANN, BOB = "ann@example.test", "bob@example.test"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3)
    .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let it = element; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const element = words.currentNode.parentElement;
    if (!words.currentNode.data.trim() || !element.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    found.push([words.currentNode.data.trim().slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return found.filter((it) => it[1] < 4.5);
}"""
LACKS = """() => {
  const found = [];
  if (document.documentElement.scrollWidth > 320) found.push("wider than the screen");
  if (document.documentElement.lang !== "en") found.push("no language");
  const headings = [...document.querySelectorAll("h1, h2, h3")].map((it) => Number(it.tagName[1]));
  if (headings.filter((it) => it === 1).length !== 1 || headings.some((it, i) => it > (headings[i - 1] || 0) + 1))
    found.push(`headings: ${headings}`);
  for (const it of document.querySelectorAll("input:not([type=hidden]), textarea, button"))
    if (!(it.labels && it.labels.length) && !it.textContent.trim()) found.push(`without a label: ${it.name}`);
  for (const it of document.querySelectorAll(
    "button, label.topic, .answers label, .entry > input:not([type=hidden]), .way a"))
    if (it.getBoundingClientRect().height < 44) found.push(`too small to touch: ${it.textContent || it.name}`);
  return found;
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsers.chromium() as it:
        yield it


class Away:
    """The shop, in a thread of its own: the browser's driver has a loop in this one."""

    def __init__(self, thread: ThreadPoolExecutor, house: House, address: str) -> None:
        self._thread = thread
        self._house = house
        self.address = address

    def ask(self, question: Callable[[House], T]) -> T:
        return self._thread.submit(question, self._house).result()


@pytest.fixture(scope="module")
def shop(made_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    """A shop with forms, served on a port of its own; each test has its own people there."""
    workspace = tmp_path_factory.mktemp("shop")
    copy = shutil.copyfile(made_file, workspace / "nurture.db")
    store = open_store(f"sqlite:///{copy}", now=START, durable=False)
    with ThreadPoolExecutor(max_workers=1) as thread:
        opening = house(store, workspace, {"questions": QUESTIONS}, {"ask": ASK})
        inside = thread.submit(opening.__enter__).result()
        deps = replace(inside.corner.app.web(inside.corner.world), answer_seconds=0.0)
        with served(deps) as address:
            yield Away(thread, inside, address)
        thread.submit(opening.__exit__, None, None, None).result()
    store.close()


def unsubscribe_path(it: House, email: str) -> str:
    query = (
        "SELECT e.id FROM enrollments e JOIN contacts c ON c.id = e.contact_id"
        f" WHERE c.email = '{email}' ORDER BY e.id LIMIT 1"
    )
    key = MessageKey(it.corner.rows(query)[0][0], 1)
    return it.corner.app.urls.unsubscribe(key).removeprefix("http://127.0.0.1:8025")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a small phone, with no script at all."""
    context = chromium.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def looks_right(page: Page) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRASTS) == [], scheme
    assert page.evaluate(LACKS) == []
    assert page.context.cookies() == []


def test_from_the_form_to_the_preference_centre_and_out(shop: Away, page: Page) -> None:
    address = shop.address
    page.goto(f"{address}/f/newsletter")
    looks_right(page)
    shop.ask(lambda it: it.corner.clock.move_to(it.corner.now + 10 * SECOND))
    page.get_by_label("E-mail address").fill(ANN)
    page.get_by_label("First name").fill("Ann")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Look in your mailbox").wait_for()
    looks_right(page)

    page.goto(address + shop.ask(lambda it: it.link(ANN)))
    looks_right(page)
    page.get_by_role("button", name="Yes, I want that").click()
    page.get_by_role("heading", name="Thank you. You are in.").wait_for()
    looks_right(page)
    assert sorted(shop.ask(lambda it: it.agreed(ANN))) == ["news", "offers"]

    page.get_by_role("link", name="What we send you").click()
    page.get_by_role("heading", name="What we send you").wait_for()
    looks_right(page)
    page.get_by_label("News").uncheck()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("We have noted").wait_for()
    assert page.get_by_label("Offers").is_checked()
    assert not page.get_by_label("News").is_checked()
    looks_right(page)
    page.get_by_role("button", name="Pause for 30 days").click()
    page.get_by_role("button", name="End the pause").wait_for()
    looks_right(page)
    page.get_by_label("Your new e-mail address").fill("new@example.test")
    page.get_by_role("button", name="Change my address").click()
    page.get_by_text("a message is on its way").wait_for()
    looks_right(page)
    assert sorted(shop.ask(lambda it: it.agreed(ANN))) == ["offers"]

    page.goto(address + shop.ask(lambda it: unsubscribe_path(it, ANN)))
    looks_right(page)
    page.get_by_role("button", name="Stop everything").click()
    page.get_by_role("heading", name="Done. We have stopped.").wait_for()
    looks_right(page)
    assert shop.ask(lambda it: it.agreed(ANN)) == {}


def test_one_click_by_a_browser_is_answered_without_cookie_or_redirect(shop: Away, chromium: Browser) -> None:
    address = shop.address
    shop.ask(lambda it: it.sign_up(BOB))
    shop.ask(lambda it: it.client.post(it.link(BOB)))
    url = address + shop.ask(lambda it: unsubscribe_path(it, BOB))
    context = chromium.new_context()
    page = context.new_page()
    for encoding in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = (
            f'<form method="post" action="{url}" enctype="{encoding}">'
            '<input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Stop</button></form>'
        )
        page.set_content(form)
        with page.expect_navigation() as navigation:
            page.get_by_role("button").click()
        answer = navigation.value
        assert (answer.status, answer.text()) == (200, "You are unsubscribed.\n")
        assert answer.request.redirected_from is None
        assert shop.ask(lambda it: it.agreed(BOB)) == {}
    assert context.cookies() == []
    context.close()


def test_a_form_stands_in_a_frame_where_it_may_and_is_refused_where_not(
    shop: Away, chromium: Browser
) -> None:
    address = shop.address
    context = chromium.new_context()
    page = context.new_page()
    html = '<iframe src="https://mail.shop.example/f/newsletter?embed"></iframe>'
    # By a name: a browser does not let pages of the world show what is on this machine.
    page.route(
        "https://mail.shop.example/**",
        lambda route: route.fulfill(response=route.fetch(url=address + route.request.url[25:])),
    )
    shown = {}
    for site in ("https://shop.example", "https://evil.example"):
        page.route(f"{site}/", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(f"{site}/")
        frame = page.frames[1]
        shown[site] = frame.locator("input[name=email]").count()
    assert shown == {"https://shop.example": 1, "https://evil.example": 0}
    context.close()


def asked(it: House, email: str) -> Callable[[str, str], str]:
    """Where the answers of a message of theirs are taken."""
    contact = it.corner.contact(email, "service")
    given = DirectGiven(contact_id=contact, template="ask", key=email)
    with it.corner.store.write() as tx:
        [key] = plan_direct(tx, it.corner.store.ids, it.corner.world(), [given], it.corner.now)
    it.corner.until(it.corner.now)
    urls = it.corner.app.urls.of(key)
    return lambda question, answer: urls.answer(question, answer).removeprefix("http://127.0.0.1:8025")


def test_a_question_is_answered_from_a_small_phone_without_script(shop: Away, page: Page) -> None:
    url = shop.ask(lambda it: asked(it, "fay@example.test"))
    page.goto(shop.address + url("how-was-it", "good"))
    looks_right(page)
    assert page.get_by_label("Good, I would come again").is_checked()
    page.get_by_label("All right").check()
    page.get_by_label("Anything you would like to add?").fill("Warmer soup")
    page.get_by_role("button", name="Send my answer").click()
    page.get_by_role("heading", name="Thank you. Every answer is read.").wait_for()
    assert page.get_by_text("All right, but there is something").is_visible()
    looks_right(page)
    page.get_by_role("link", name="Change my answer").click()
    page.get_by_role("heading", name="How did we do with your last order?").wait_for()


def test_a_scale_fits_on_a_small_phone_and_goes_by_keyboard(shop: Away, page: Page) -> None:
    url = shop.ask(lambda it: asked(it, "gil@example.test"))
    page.goto(shop.address + url("recommend-us", "7"))
    looks_right(page)
    page.get_by_label("7", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_text("We have noted: 8").wait_for()
    looks_right(page)
