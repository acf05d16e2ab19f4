"""A shop with everything set up, from a sign-up to forgetting: what comes in from people, servers and systems."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import MetaData, create_engine, select

from support.cli import Nurture, copy_of
from support.live_shop import BROWSER, CURL, GOOGLE, Live, Mail, live, until
from support.mails import failed, feedback, letter, report

SETTINGS = """\
timezone = "UTC"
database = "{database}"
provider = "smtp"

[sender]
from = "Corner Shop <hello@shop.example>"
reply_to = "help@shop.example"
address = "Corner Shop, 1 Main Street"

[topics]
news = "News from the shop"
service = {{says = "About your orders", always = true}}

[limits]
window = "mon-sun 00:00-24:00"

[bounces]
domain = "b.shop.example"

[forms.newsletter]
topics = ["news"]
says = "Yes, send me news from the Corner Shop."
"""
LIFECYCLE = """\
stages:
  - prospect:
  - customer: orders.count >= 1
"""
WELCOME = """\
name: Welcome
topic: news
enter: {on: subscribed}
goal: orders.count >= 1
sequence:
  - send: hello
  - wait: 20 days
  - send: letter
"""
LETTERS = """\
name: Letters
topic: news
enter: {on: asked_for_letters}
sequence:
  - send: letter
"""
LETTER = "subject: {}\npreview: From the shop\n\nDear {{{{ contact.email }}}}, [look](https://shop.example/look).\n"
SCOPES = ("contacts:write", "events:write", "orders:write", "privacy")
WHSEC = "whsec_" + base64.b64encode(b"thirty-two bytes of a webhook key").decode()
ANN, BEN, CLEO, DAN, EVA = (f"{it}@example.test" for it in ("ann", "ben", "cleo", "dan", "eva"))


def shop_in(made: Path, folder: Path, database: str = "sqlite:///nurture.db") -> Nurture:
    """A workspace with these settings and two campaigns."""
    nurture = copy_of(made, folder)
    letters = (
        it for it in folder.glob("templates/email/*.*") if not it.name.startswith(("confirm", "address"))
    )
    for path in (*folder.glob("campaigns/*/*.yaml"), folder / "campaigns/offers.yaml", *letters):
        path.unlink()
    nurture.file("nurture.toml", SETTINGS.format(database=database))
    nurture.file("campaigns/lifecycle.yaml", LIFECYCLE)
    nurture.file("campaigns/welcome.yaml", WELCOME)
    nurture.file("campaigns/letters.yaml", LETTERS)
    nurture.file("templates/email/hello.md", LETTER.format("Hello"))
    nurture.file("templates/email/letter.md", LETTER.format("News from the shop"))
    return nurture


def path_of(url: str) -> str:
    return urlsplit(url).path


class Story:
    """What happens, in chapters."""

    def __init__(self, shop: Live) -> None:
        self.shop = shop
        self.relay = shop.relay
        self.form = shop.http.get("/f/newsletter").text.split('name="token" value="')[1].split('"')[0]

    def some_are_known(self) -> dict[str, Mail]:
        """Four agreed at the counter, come by the API, are welcomed and get a letter each."""
        shop, names = self.shop, (BEN, CLEO, DAN, EVA)
        rows = [{"email": it, "consent": "at the counter"} for it in names]
        assert shop.api("/contacts", *rows)["taken"] == 4
        events = [{"email": it, "name": "asked_for_letters", "id": it} for it in names]
        assert shop.api("/events", *events)["taken"] == 4
        for it in names:
            self.relay.awaited(it, "Hello")  # their consent is new, so the welcome begins for them too
        return {it: self.relay.awaited(it, "News") for it in names}

    def somebody_signs_up(self) -> Mail:
        """By the form, and confirms; the welcome begins."""
        given = {"email": ANN, "first_name": "Ann", "token": self.form}
        http = self.shop.http
        until(lambda: http.post("/f/newsletter", data=given).status_code == 200, "the form is taken", 10)
        confirm = self.relay.awaited(ANN, "confirm")
        assert http.get(confirm.link("k")).status_code == 200
        assert [it["agreed"] for it in self.shop.known(ANN)["topics"]] == []
        assert http.post(confirm.link("k")).status_code == 200
        [word] = self.shop.known(ANN)["consents"]
        assert (word["agreed"], word["basis"]) == (True, "double opt-in")
        return self.relay.awaited(ANN, "Hello")

    def they_read_it(self, hello: Mail) -> None:
        """A machine was there first; then a person opens, later than a machine would, and clicks."""
        shop = self.shop
        sent = self._sent_at(ANN)
        assert shop.http.get(hello.link("c", "look"), headers=CURL).status_code == 302
        until(lambda: time.time() > sent + 3, "they get to it")
        assert shop.http.get(hello.link("o"), headers=GOOGLE).status_code == 200
        answer = shop.http.get(hello.link("c", "look"), headers=BROWSER)
        assert answer.headers["location"] == "https://shop.example/look"
        until(lambda: ("clicked", ANN) in shop.told(), "the click is told")

    def they_buy(self) -> None:
        lines = [{"sku": "R-1", "amount": 12.5}]
        order = {"order_id": "1", "email": ANN, "ordered_at": _now(), "lines": lines}
        assert self.shop.api("/orders", order)["taken"] == 1
        until(
            lambda: {("stage-changed", ANN), ("goal-reached", ANN)} <= set(self.shop.told()),
            "the order counts",
        )

    def they_answer(self, to: Mail) -> None:
        """What they write is passed on and holds marketing, until somebody answers."""
        shop, who = self.shop, to.to
        told = f"In-Reply-To: {to.message['message-id']}\n"
        shop.hand_over(
            letter("Do you ship?", subject=f"I am {who}", headers=told, sender=who), to.sender, who
        )
        passed_on = self.relay.awaited("help@shop.example", f"I am {who}")
        assert "Do you ship?" in passed_on.text
        [waiting] = shop.nurture.ok("replies", "--json").document["replies"]
        assert (waiting["from"], waiting["late"]) == (who, False)
        before = len(self.relay.to(who))
        shop.api("/events", {"email": who, "name": "asked_for_letters", "id": "while they wait"})
        until(lambda: self._waits(who) == ["awaits-answer"], "the letter waits")
        [copy] = re.findall(r"r\+\w+@b\.shop\.example", str(passed_on.message["reply-to"]))
        shop.hand_over(letter("We do.", sender="help@shop.example"), copy, "help@shop.example")
        until(lambda: len(self.relay.to(who)) == before + 1, "the letter goes when they have their answer")
        assert shop.nurture.ok("replies", "--json").document["replies"] == []

    def one_bounces(self, mail: Mail) -> None:
        self.shop.hand_over(report(failed(BEN)), mail.sender)
        assert self.suppressed(BEN) == "bounced: 5.1.1"

    def one_complains(self, mail: Mail) -> None:
        self.shop.hand_over(feedback(to=CLEO, returned=mail.head), "fbl@b.shop.example", "abuse@example.test")
        assert self.suppressed(CLEO) == "complained"

    def one_presses_the_button(self, mail: Mail) -> None:
        url = path_of("https:" + mail.unsubscribing("http"))
        assert self.shop.http.post(url, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        assert self.agrees(DAN) == {"news": False}

    def one_unsubscribes_by_mail(self, mail: Mail) -> None:
        to = mail.unsubscribing("mailto").partition("?")[0]
        self.shop.hand_over(letter("", subject="unsubscribe", sender=EVA), to, EVA)
        assert self.agrees(EVA) == {"news": False}

    def a_provider_tells(self, mail: Mail) -> None:
        """That it gave a mail up, signed by its secret; without it nobody is believed."""
        said = {"id": "1", "kind": "bounced", "severity": "hard", "recipient": EVA, "reason": "5.1.1"}
        body = json.dumps(said | {"message_id": str(mail.message["message-id"])}).encode()
        seconds = str(int(time.time()))
        made = hmac.digest(base64.b64decode(WHSEC[6:]), f"1.{seconds}.".encode() + body, "sha256")
        signature = "v1," + base64.b64encode(made).decode()
        headers = {"webhook-id": "1", "webhook-timestamp": seconds, "webhook-signature": signature}
        assert self.shop.http.post("/in/generic", content=body + b" ", headers=headers).status_code == 401
        assert self.shop.http.post("/in/generic", content=body, headers=headers).status_code == 200
        assert self.suppressed(EVA) == "bounced: 5.1.1"

    def they_are_forgotten(self) -> None:
        """By the command, and by the API; each gives a receipt, and what is left says no name."""
        shop = self.shop
        known = shop.known(ANN)
        kinds = {it["kind"] for it in known["arrivals"]}
        assert {it["name"] for it in known["events"]} >= {"subscribed", "replied", "asked_for_letters"}
        assert kinds == {"replied"} and len(known["replies"]) == 1 and len(known["orders"]) == 1
        assert {it["verdict"] for it in known["hits"]} == {"human", "scanner"}
        assert {it["kind"] for it in known["feed"]} >= {"enrolled", "sent", "clicked", "goal-reached"}
        receipt = shop.nurture.ok("erase", ANN, "--yes", "--json").document
        assert receipt["erased"]["orders"] == 1
        for address in (BEN, CLEO, DAN, EVA):
            shop.api("/contacts/erase", {"email": address})
        for address in (ANN, BEN, CLEO, DAN, EVA):
            left = shop.known(address)
            assert (left["contact"], left["arrivals"], left["suppressed"]["reason"]) == (None, [], "erased")

    def suppressed(self, address: str) -> str:
        it = self.shop.known(address)["suppressed"]
        return str(it["reason"]) if it else ""

    def agrees(self, address: str) -> dict[str, bool]:
        return {it["topic"]: it["agreed"] for it in self.shop.known(address)["topics"]}

    def _sent_at(self, address: str) -> float:
        """When the last message to them was taken by the relay."""
        done = [it["done_at"] for it in self.shop.known(address)["messages"] if it["outcome"] == "sent"]
        return datetime.fromisoformat(max(done)).timestamp()

    def _waits(self, address: str) -> list[str]:
        return [it["last_reply"] for it in self.shop.known(address)["messages"] if not it["outcome"]]


def mentions(database: str, word: str) -> dict[str, int]:
    """In how many rows of each table a word stands."""
    engine = create_engine(database)
    found: dict[str, int] = {}
    with engine.connect() as connection:
        every = MetaData()
        every.reflect(connection)
        for name, it in every.tables.items():
            count = sum(word in str(tuple(row)) for row in connection.execute(select(it)))
            found |= {name: count} if count else {}
    engine.dispose()
    return found


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Iterator[Live]:
    with opened(made, tmp_path / "shop") as it:
        yield it


@contextmanager
def opened(made: Path, folder: Path, database: str = "sqlite:///nurture.db") -> Iterator[Live]:
    nurture = shop_in(made, folder, database)
    with live(nurture.workspace, SCOPES, NURTURE_SOURCES_GENERIC_SECRET=WHSEC) as it:
        yield it


def test_mail_http_and_a_provider_say_no_and_are_heard_at_once(shop: Live) -> None:
    story = Story(shop)
    letters = story.some_are_known()
    story.they_answer(letters[DAN])
    story.one_bounces(letters[BEN])
    story.one_complains(letters[CLEO])
    story.one_presses_the_button(letters[DAN])
    story.one_unsubscribes_by_mail(letters[EVA])
    story.a_provider_tells(letters[EVA])
    shop.end()


@pytest.mark.nightly
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_from_a_sign_up_to_being_forgotten(
    made: Path, tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "shop"
    sqlite = f"sqlite:///{folder}/nurture.db"
    database = sqlite if engine == "sqlite" else request.getfixturevalue("postgres_url")
    with opened(made, folder, database) as shop:
        story = Story(shop)
        letters = story.some_are_known()
        hello = story.somebody_signs_up()
        story.one_bounces(letters[BEN])
        story.one_complains(letters[CLEO])
        story.one_presses_the_button(letters[DAN])
        story.one_unsubscribes_by_mail(letters[EVA])
        story.a_provider_tells(letters[EVA])
        story.they_read_it(hello)
        story.they_buy()
        story.they_answer(hello)
        story.they_are_forgotten()
        shop.end()
    assert mentions(database, "@example.test") == {}
    assert b"@example.test" not in b"".join(it.read_bytes() for it in folder.glob("nurture.db*"))
