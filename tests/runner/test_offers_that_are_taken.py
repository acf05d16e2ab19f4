"""A shop that offers something to everybody: codes made ahead, taken, passed round and run out; what people are shown,
asked and reminded of; and a report that adds up."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from nurture.app import App
from nurture.clock import DAY, HOUR, Moment, VirtualClock, format_iso
from nurture.store import orders
from nurture.store.engine import Store, open_store
from nurture.store.orders import LineGiven
from support.cli import Nurture
from support.corner import LIFECYCLE, Corner, files, letter, opened, settings
from support.site import HERE, Browser, browser

BEGIN: Moment = (int(time.time()) - 24 * 86_400) // 3_600 * HOUR
"""So that the commands, whose clock is the machine's, look back on a story that is over."""

ANN, BEN, CLEO, DAN, EVA = (f"{it}@x.example" for it in ("ann", "ben", "cleo", "dan", "eva"))

TOML = """\
database = "{database}"
[sender]
from = "Corner Shop <hello@shop.example>"
address = "1 Main Street"
[topics]
offers = "Offers"
news = "News"
service = {{says = "About your orders", always = true}}
"""
OFFERS = """\
first-order:
  kind: introductory
  says: 15% off your first order
  discount: 15%
  code: {unique: ahead}
  prefix: HELLO
  expires: 14 days
  at most: {codes: 2}
  when out: free-delivery
free-delivery:
  kind: introductory
  says: free delivery
  discount: free delivery
  code: FREE
  expires: 60 days
thanks:
  kind: appreciation
  says: 10 USD off
  discount: 10 USD
  code: unique
  expires: 60 days
  at most: {codes: 1, discount: 100 USD}
"""
QUESTIONS = """\
how-was-it:
  asks: How did we do?
  answers: {good: {says: Good, score: 3}, poor: {says: Not good, score: 1}}
  comment: Anything else?
"""
CAMPAIGNS = {
    "offers": OFFERS,
    "questions": QUESTIONS,
    "introduce": """\
stage: prospect
topic: offers
offer: first-order
exit: offer.redeemed
on leaving: finish
sequence:
  - send: hello
  - wait: 3 days
  - send: reminder
  - wait: 3 days
  - send: reminder-again
""",
    "goes-with": "topic: offers\nenter: {on: looked_round}\nsequence:\n  - send: goods\n",
    "thank": "topic: offers\noffer: thanks\nenter: {on: was_kind}\nstale after: 1 day\nsequence:\n  - send: thanks\n",
    "put-right": """\
topic: service
enter: {on: answered}
when: event.question == "how-was-it" and event.score <= 1
sequence:
  - notify: owner@shop.example
    note: Not happy.
""",
    "again": "topic: offers\nenter: {on: due_again}\nreentry: {per: sku}\nsequence:\n  - send: again\n",
}
CODED = letter("{{ offer.code }}", "{{ offer.says }}: {{ offer.code }}. [Order](https://shop.example/order)")
GOODS = letter(
    "Goods",
    "{% for it in recommend(2) %}{{ it.sku }}, for {{ it.because }}. {% endfor %}"
    '{% for it in question("how-was-it").answers %}[{{ it.says }}]({{ it.url }}) {% endfor %}',
)
TEMPLATES = {
    **dict.fromkeys(("hello", "reminder", "reminder-again", "thanks"), CODED),
    "goods": GOODS,
    "again": letter("More {{ event.product }}?", "It has been {{ event.gap_days }} days."),
}


class Lately(Corner):
    """The corner shop, some weeks ago."""

    def __init__(self, store: Store, workspace: Path, **more: object) -> None:
        super().__init__(store, workspace, **more)
        self.clock = VirtualClock(BEGIN)
        self.app = App(settings(workspace, **more), store, self.clock)


class Story:
    """What happens, in chapters."""

    def __init__(self, corner: Lately, nurture: Nurture, client: Browser) -> None:
        self.corner = corner
        self.nurture = nurture
        self.client = client

    def day(self, number: float) -> None:
        """Let time pass, nights included."""
        while self.corner.now + DAY <= BEGIN + number * DAY:
            self.corner.until(self.corner.now + DAY)
            self.corner.tick.night(self.corner.now)
        self.corner.until(BEGIN + round(number * DAY))

    def buys(self, email: str, number: str, *skus: str, code: str = "", at: Moment = 0) -> None:
        rows = [
            LineGiven(
                order_id=number, email=email, ordered_at=at or self.corner.now, sku=sku, quantity=1,
                amount=8_500 // len(skus), code=code,
            )
            for sku in skus
        ]  # fmt: skip
        with self.corner.store.write() as tx:
            orders.upsert_orders(tx, self.corner.store.ids, rows, self.corner.now)

    def history(self) -> None:
        """What was bought before anybody was written to: bread goes with butter, and Cleo's coffee lasts 20 days."""
        for n in range(8):
            self.buys(f"f{n}@x.example", f"f{n}", *(("bread", "butter") if n < 4 else ("milk", "jam")))
        for n in range(4):
            self.buys(CLEO, f"c{n}", "coffee", at=BEGIN - (61 - 20 * n) * DAY)

    def codes_are_made(self) -> list[str]:
        """Two, which the shop is told of by a file."""
        self.nurture.ok("codes", "make", "first-order", "--count", "2")
        self.nurture.ok("codes", "export", "first-order", "--only-new", "--out", "codes.csv")
        text = (self.nurture.workspace / "codes.csv").read_text()
        assert self.nurture.ok("codes", "export", "first-order", "--only-new").out.count("\n") == 1
        return [row["code"] for row in csv.DictReader(io.StringIO(text))]

    def mails(self, email: str) -> list[str]:
        return [subject for who, subject, _ in self.corner.inbox() if who == email]

    def body(self, email: str) -> str:
        """The last mail to somebody, as HTML."""
        who = [it for it, _, _ in self.corner.inbox()]
        last = max(n for n, it in enumerate(who) if it == email)
        text = self.corner.contents()[last].decode().replace("=\r\n", "").replace("=3D", "=")
        return unescape(text[text.index("<html") :])

    def clicked(self, email: str, nth: int = 0) -> str:
        """Where a link of the last mail leads."""
        links = list(dict.fromkeys(re.findall(r"/c/[\w-]{43}", self.body(email))))
        return self.client.get(links[nth]).headers["location"]

    def told(self, email: str) -> dict[str, Any]:
        document: dict[str, Any] = self.nurture.ok("explain", email, "--json").document
        return document

    def offers(self, *more: str) -> dict[str, dict[str, Any]]:
        document = self.nurture.ok("offers", "--json", *more).document
        return {it["offer"]: it for it in document["offers"]}


@pytest.fixture
def story(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setenv("NURTURE_SECRET", "a secret for tests")
    nurture = Nurture(tmp_path)
    nurture.file("nurture.toml", TOML.format(database=sqlite_url))
    store = open_store(sqlite_url, now=BEGIN, durable=False)
    given = files(CAMPAIGNS, TEMPLATES) | {"campaigns/lifecycle.yaml": LIFECYCLE}
    with opened(store, tmp_path, given, of=Lately, links={"utm": True}) as corner:
        assert isinstance(corner, Lately)
        with browser(replace(corner.app.web(corner.world), answer_seconds=0.0)) as client:
            yield Story(corner, nurture, client)
    store.close()


def prospects_are_offered_something(story: Story) -> tuple[str, str]:
    """Two have the codes that the shop knows; the limit is reached, so the third is offered something else."""
    codes = story.codes_are_made()
    for who in (ANN, BEN):
        story.corner.contact(who)
    story.day(0.5)
    story.corner.contact(EVA)
    story.day(1)
    [anns], [bens] = story.mails(ANN), story.mails(BEN)
    assert {anns, bens} == set(codes)
    assert story.mails(EVA) == ["FREE"]
    assert "free delivery: FREE" in story.body(EVA)
    return anns, bens


def a_link_says_where_it_stood(story: Story) -> None:
    link = urlsplit(story.clicked(ANN))
    assert (link.netloc, link.path) == ("shop.example", "/order")
    said = parse_qs(link.query)
    assert (said["utm_campaign"], said["utm_content"]) == (["introduce"], ["hello"])


def one_takes_it_and_another_tries(story: Story, anns: str, bens: str) -> None:
    """The reminder has the same code. Ann types hers in small letters, and hears no more of it; Eva tries it, too."""
    story.day(4)
    assert story.mails(ANN) == [anns, anns]
    story.buys(ANN, "a1", "bread", code=anns.lower().replace("-", " "))
    story.day(5)
    story.buys(EVA, "e1", "milk", code=anns)
    story.day(8)
    assert story.mails(ANN) == [anns, anns]
    assert story.mails(BEN) == [bens, bens, bens]
    [entry] = [it for it in story.told(ANN)["entries"] if it["campaign"] == "introduce"]
    assert entry["reason"] == "exit"
    uses = story.told(ANN)["codes"][0]["uses"]
    assert [(it["order"], it["verdict"]) for it in uses] == [("a1", "redeemed"), ("e1", "somebody else")]


def a_customer_is_shown_what_goes_with_what_they_have(story: Story) -> None:
    """What Dan owns is left out, and why the rest is there is told."""
    story.corner.contact(DAN)
    story.buys(DAN, "d1", "bread")
    story.day(9)
    story.corner.event(DAN, "looked_round", story.corner.now)
    story.day(9.1)
    assert "butter, for bread." in story.body(DAN)
    entries = story.told(DAN)["entries"]
    shown = [it for entry in entries for message in entry["messages"] for it in message["recommended"]]
    assert shown[0]["sku"] == "butter"
    assert shown[0]["why"].startswith("goes with bread, which they bought: 4 orders held both")
    assert "bread" not in {it["sku"] for it in shown}


def a_bad_answer_reaches_a_person(story: Story) -> None:
    answer = story.clicked(DAN, 1).removeprefix(HERE)
    assert story.client.post(answer, data={"answer": "poor", "comment": "Cold."}).status_code == 200
    story.day(9.2)
    told = story.corner.rows("SELECT c.email, n.target FROM notices n JOIN contacts c ON c.id = n.contact_id")
    assert [tuple(it) for it in told] == [(DAN, "owner@shop.example")]
    [answered] = story.nurture.ok("answers", "how-was-it", "--json").document["questions"]
    assert (answered["count"], answered["mean"]) == (1, 1)


def one_waits_for_a_code(story: Story) -> None:
    """There is one code for two; whoever comes second is told nothing, and `explain` tells us why."""
    for who in (DAN, CLEO):
        story.corner.contact(who)
        story.corner.event(who, "was_kind", story.corner.now)
        story.day(10 if who == DAN else 10.1)
    assert len(story.mails(DAN)) == 2
    assert story.mails(CLEO) == []
    told = " ".join(story.nurture.ok("explain", CLEO).out.split())
    assert 'the offer "thanks" is out: its one code is given' in told, told


def one_is_about_to_need_more(story: Story) -> None:
    """Cleo's coffee lasts 20 days, by her own three gaps; she bought it a day before all this began."""
    story.day(18)
    assert story.mails(CLEO) == []
    assert story.corner.skipped()["thanks"] == "offer-out"
    story.day(21)
    assert story.mails(CLEO) == ["More coffee?"]
    assert "It has been 20 days." in story.body(CLEO), story.body(CLEO)[200:900]


def all_of_it_adds_up(story: Story, anns: str) -> None:
    """Nothing is issued that is not redeemed, expired or still out; a moment in the past shows what was so then."""
    offers = story.offers()
    first, free, thanks = (offers[it] for it in ("first-order", "free-delivery", "thanks"))
    for it in offers.values():
        assert it["issued"] == it["redeemed"] + it["expired"] + it["out"]
        assert it["issued"] == it["handed_over"]
    assert (first["issued"], first["redeemed"], first["expired"], first["free"]) == (2, 1, 1, 0)
    assert (free["issued"], free["out"], free["liability_left"]) == (1, 1, None)
    assert (thanks["issued"], thanks["out"], thanks["liability_left"]) == (1, 1, 10.0)
    assert first["verdicts"] == {"redeemed": 1, "somebody else": 1}
    assert (first["revenue"], first["discount_given"]) == (85.0, 30.0)
    [wrong] = first["misuse"]
    assert (wrong["code"], wrong["order"], wrong["email"], wrong["holder"]) == (anns, "e1", EVA, ANN)
    assert first["runs_out"]["left"] == 0
    then = story.offers("--at", format_iso(BEGIN + 3 * DAY))["first-order"]
    assert (then["issued"], then["redeemed"], then["out"], then["discount_given"]) == (2, 0, 2, 0.0)


def test_offers_are_made_taken_tried_and_run_out_and_the_report_adds_up(story: Story) -> None:
    story.history()
    anns, bens = prospects_are_offered_something(story)
    a_link_says_where_it_stood(story)
    one_takes_it_and_another_tries(story, anns, bens)
    a_customer_is_shown_what_goes_with_what_they_have(story)
    a_bad_answer_reaches_a_person(story)
    one_waits_for_a_code(story)
    one_is_about_to_need_more(story)
    all_of_it_adds_up(story, anns)
