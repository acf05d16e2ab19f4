"""Signing up by a form and confirming it, from the page to the first letter, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from nurture.clock import DAY, MINUTE, SECOND
from nurture.runner.direct import DirectGiven, plan_direct
from nurture.runner.intake_rows import ContactRead
from nurture.runner.taking import Terms, take_contacts, take_orders
from nurture.store import people, suppressions
from nurture.store.engine import Store, open_store
from nurture.store.orders import LineGiven
from nurture.store.people import ContactGiven
from nurture.web.pace import Pace
from support.corner import START, files, opened
from support.signing_up import FORMS, SAYS, SERVICE, WELCOME, House, house
from support.site import browser

ANN, BOB = "ann@example.test", "bob@example.test"


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    made = open_store(sqlite_url, now=START, durable=False)
    yield made
    made.close()


@pytest.fixture
def sqlite_house(sqlite_store: Store, tmp_path: Path) -> Iterator[House]:
    with house(sqlite_store, tmp_path) as it:
        yield it


def test_a_sign_up_is_mailed_once_confirmed_by_post_and_begins_then(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, {"welcome": WELCOME, "service": SERVICE}) as it:
        answer = it.sign_up("  Ann@Example.test ", first_name="Ann")
        assert (answer.status_code, "Look in your mailbox" in answer.text) == (200, True)
        assert it.mail(ANN) == ["Please confirm"]
        it.pass_by(DAY)
        assert it.mail(ANN) == ["Please confirm"]
        url = it.link(ANN)
        for method in ("GET", "HEAD"):
            shown = it.client.request(method, url)
            assert shown.status_code == 200
        assert it.agreed(ANN) == {}
        assert "Yes, send me offers &amp; news." in it.client.get(url).text
        done = it.client.post(url)
        assert (done.status_code, "You are in" in done.text) == (200, True)
        assert it.agreed(ANN) == {"news": "double opt-in", "offers": "double opt-in"}
        [(wording, source, ip)] = it.corner.rows("SELECT DISTINCT wording, source, ip FROM consents")
        assert (wording, source, ip) == (SAYS, "http://127.0.0.1:8025/f/newsletter", "127.0.0.1")
        assert it.count("sign_ups") == 0
        again = it.client.post(url)
        assert (again.status_code, "nothing to confirm" in again.text) == (200, True)
        assert it.count("consents") == 2
        it.pass_by(MINUTE)
        assert sorted(it.mail(ANN)) == ["Please confirm", "one", "two"]
        assert it.corner.rows("SELECT first_name FROM contacts") == [("Ann",)]


def test_who_does_not_confirm_is_reminded_once_and_then_forgotten(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, {"service": SERVICE}) as it:
        it.sign_up(ANN)
        it.pass_by(DAY)
        assert it.mail(ANN) == ["Please confirm"]
        url = it.link(ANN)
        it.pass_by(DAY + MINUTE)
        assert it.mail(ANN) == ["Please confirm", "Still waiting"]
        it.pass_by(4 * DAY)
        assert it.mail(ANN) == ["Please confirm", "Still waiting"]
        it.pass_by(DAY)
        for table in ("contacts", "sign_ups", "messages", "inbox", "enrollments", "agenda"):
            assert it.count(table) == 0, table
        assert it.client.get(url).status_code == 200
        assert "nothing to confirm" in it.client.post(url).text
        assert it.count("suppressions") == 0


def test_the_answer_is_the_same_for_everybody_and_only_who_needs_it_is_mailed(
    sqlite_store: Store, tmp_path: Path
) -> None:
    store = sqlite_store
    with house(store, tmp_path) as it:
        it.corner.contact("agrees@example.test", "offers", "news")
        it.corner.contact("half@example.test", "news")
        who = {"complained": "complained", "bounced": "bounced: 5.1.1", "hand": "by hand", "erased": "erased"}
        with store.write() as tx:
            for name, reason in who.items():
                suppressions.suppress(
                    tx, it.corner.app.address_key, [f"{name}@example.test"], reason=reason, at=it.corner.now
                )
        token = it.token()
        texts = set()
        for name in ("agrees", "half", "new", *who):
            given = {"email": f"{name}@example.test", "token": token}
            answer = it.client.post("/f/newsletter", data=given, headers={"host": "x"})
            texts.add((answer.status_code, answer.text))
        assert len(texts) == 1
        it.corner.until(it.corner.now)
        assert {to for to, _, _ in it.corner.inbox()} == {
            "half@example.test",
            "new@example.test",
            "erased@example.test",
        }
        it.client.post(it.link("half@example.test"))
        assert it.agreed("half@example.test") == {"news": "double opt-in", "offers": "double opt-in"}


def test_who_was_erased_may_come_back_and_is_suppressed_again_where_they_do_not(
    store: Store, tmp_path: Path
) -> None:
    with house(store, tmp_path, {"service": SERVICE}) as it:
        key = it.corner.app.address_key
        with store.write() as tx:
            suppressions.erase(tx, key, ANN, it.corner.now)
            suppressions.erase(tx, key, "bob@example.test", it.corner.now)
        it.sign_up(ANN)
        it.sign_up("bob@example.test")
        # A file that knows the address meanwhile changes nothing: they have not confirmed.
        it.corner.contact(ANN, "offers", "news")
        it.corner.order(ANN, it.corner.now, "A-1")
        it.client.post(it.link("bob@example.test"))
        it.pass_by(8 * DAY)
        assert it.mail(ANN) == ["Please confirm"]
        with store.read() as tx:
            assert suppressions.suppressed(tx, key, [ANN, "bob@example.test"]) == {ANN: "erased"}


def test_nobody_can_fill_a_mailbox_by_a_form(sqlite_house: House) -> None:
    it = sqlite_house
    for _ in range(2):
        it.sign_up(ANN)
    assert it.mail(ANN) == ["Please confirm"]
    for form in ("newsletter", "news", "newsletter"):
        it.corner.clock.move_to(it.corner.now + 11 * MINUTE)
        it.sign_up(ANN, form)
    assert len(it.mail(ANN)) == 3
    assert it.count("contacts") == 1


def test_what_a_page_did_not_show_is_not_agreed_to(sqlite_house: House) -> None:
    it = sqlite_house
    it.sign_up(ANN, "news")
    url = it.link(ANN)
    shown = it.client.get(url)
    it.sign_up(ANN, "newsletter")
    [of] = [part.partition('"')[0] for part in shown.text.split('name="of" value="')[1:]]
    answer = it.client.post(url, data={"of": of})
    assert (answer.status_code, answer.headers["location"]) == (303, "https://shop.example/thanks?a=1")
    assert "https://shop.example" in shown.headers["content-security-policy"]
    assert it.agreed(ANN) == {"news": "double opt-in"}
    assert SAYS.partition("&")[0] in it.client.get(url).text


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "a@b@c.test",
        "ann@example.test\r\nBcc: x@example.test",
        "a\0nn@example.test",
        "x" * 400 + "@a.test",
    ],
)
def test_what_is_no_address_is_told_and_kept_nowhere(sqlite_house: House, email: str) -> None:
    answer = sqlite_house.sign_up(email, first_name='"><script>alert(1)</script>')
    assert answer.status_code == 400
    assert "does not look like an e-mail address" in answer.text
    assert "<script>" not in answer.text
    assert sqlite_house.count("contacts") == 0


def test_machines_are_answered_as_everybody_and_nothing_is_kept(sqlite_house: House) -> None:
    it = sqlite_house
    filled = it.sign_up(ANN, website="https://spam.example")
    assert "Look in your mailbox" in filled.text
    quick = it.client.get("/f/newsletter").text.split('name="token" value="')[1].partition('"')[0]
    posts = [{"email": ANN, "token": quick}, {"email": ANN}, {"email": ANN, "token": "1-" + "0" * 32}]
    old = it.token()
    other = it.token("news")
    it.corner.clock.move_to(it.corner.now + DAY)
    posts += [{"email": ANN, "token": old}, {"email": ANN, "token": other}]
    for data in posts:
        answer = it.client.post("/f/newsletter", data=data)
        assert (answer.status_code, "once more" in answer.text) == (400, True), data
        assert f'value="{ANN}"' in answer.text
    assert it.count("contacts") == 0


def test_a_pasted_form_is_taken_from_the_sites_that_may_hold_one(sqlite_house: House) -> None:
    it = sqlite_house
    for origin, status in (("https://evil.example", 400), ("null", 400), ("https://shop.example", 200)):
        answer = it.client.post("/f/newsletter", data={"email": ANN}, headers={"origin": origin})
        assert answer.status_code == status, origin
    assert it.mail(ANN) == ["Please confirm"]
    assert (
        it.client.post("/f/news", data={"email": ANN}, headers={"origin": "https://shop.example"}).status_code
        == 400
    )


def test_a_form_may_be_framed_where_the_settings_say_and_nowhere_else(sqlite_house: House) -> None:
    policies = {
        url: sqlite_house.client.get(url).headers["content-security-policy"]
        for url in ("/f/newsletter", "/f/newsletter?embed", "/f/news?embed")
    }
    assert "frame-ancestors 'none'" in policies["/f/newsletter"]
    assert "frame-ancestors 'self' https://shop.example" in policies["/f/newsletter?embed"]
    assert "frame-ancestors 'none'" in policies["/f/news?embed"]


def test_a_name_that_is_a_message_or_too_long_is_left_out(sqlite_house: House) -> None:
    it = sqlite_house
    names = ["Visit https://spam.example", "a\0b\r\nBcc: x", "N" * 3_000, "Zoë"]
    for number, name in enumerate(names):
        it.sign_up(f"n{number}@example.test", first_name=name)
    rows = it.corner.rows("SELECT first_name FROM contacts ORDER BY email")
    assert rows == [("",), ("a b Bcc: x",), ("",), ("Zoë",)]
    assert it.client.post("/f/newsletter", data={"first_name": "N" * 10_000_000}).status_code == 413


def test_one_visitor_signs_up_so_often_and_no_more(sqlite_store: Store, tmp_path: Path) -> None:
    with (
        house(sqlite_store, tmp_path) as it,
        browser(it.corner.app.web(it.corner.world), ("198.51.100.7", 5)) as client,
    ):
        answers = [client.post("/f/newsletter", data={"email": "x"}).status_code for _ in range(12)]
        assert answers == [400] * 10 + [429] * 2
        it.corner.clock.move_to(it.corner.now + 11 * MINUTE)
        assert client.post("/f/newsletter", data={"email": "x"}).status_code == 400


def test_all_visitors_together_sign_up_so_often_and_no_more(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nurture.web.forms.MOST_TOGETHER", 2)
    it = sqlite_house
    with browser(it.corner.app.web(it.corner.world)) as client:
        token = it.token()
        answers = [
            client.post(
                "/f/newsletter", data={"email": f"n{number}@example.test", "token": token}
            ).status_code
            for number in range(4)
        ]
        assert answers == [200, 200, 429, 429]
        it.corner.clock.move_to(it.corner.now + 11 * MINUTE)
        given = {"email": "n4@example.test", "token": token}
        assert client.post("/f/newsletter", data=given).status_code == 200


def test_no_number_of_visitors_fills_the_memory() -> None:
    pace = Pace(1, DAY)
    assert all(pace.allows(f"10.{no >> 16}.{no >> 8 & 255}.{no & 255}", 1) for no in range(10_001))
    assert pace.allows("10.0.0.0", 1)
    assert not pace.allows("10.0.39.16", 1)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(sqlite_house: House, method: str) -> None:
    sqlite_house.sign_up(ANN)
    for url in ("/f/newsletter", sqlite_house.link(ANN)):
        assert sqlite_house.client.request(method, url).status_code == 405
    for url in (
        "/f/none",
        "/k/" + "A" * 43,
        sqlite_house.link(ANN)[:-1],
        sqlite_house.link(ANN).replace("/k/", "/p/"),
    ):
        assert sqlite_house.client.get(url).status_code == 404
        assert sqlite_house.client.post(url).status_code == 404


def test_where_its_template_is_missing_nothing_is_kept_and_the_page_says_later(
    sqlite_store: Store, tmp_path: Path
) -> None:
    with opened(sqlite_store, tmp_path, files({}), forms=FORMS) as corner:
        with browser(corner.app.web(corner.world)) as client:
            it = House(corner, client)
            corner.clock.move_to(corner.now + SECOND)
            answer = it.sign_up(ANN)
            corner.contact(BOB, "offers", "news")
            # Who agrees already would get no mail: the answer must not tell them from the others.
            assert it.sign_up(BOB).status_code == 503
        assert answer.status_code == 503
        assert corner.rows("SELECT email FROM contacts") == [(BOB,)]


def test_one_mailbox_is_not_filled_by_many_ways_to_write_it(sqlite_house: House) -> None:
    it = sqlite_house
    ways = [f"ann+{number}@example.test" for number in range(5)]
    ways += ["a.nn@gmail.com", "an.n+x@gmail.com", "ann@googlemail.com", "a.n.n@gmail.com", "anna@gmail.com"]
    texts = {it.sign_up(email).text for email in ways}
    assert len(texts) == 1
    assert [email for email in ways if it.mail(email)] == [*ways[:3], *ways[5:8], ways[9]]


def test_no_answer_comes_sooner_than_another(sqlite_house: House) -> None:
    corner = sqlite_house.corner
    corner.contact("agrees@example.test", "offers", "news")
    with browser(replace(corner.app.web(corner.world), answer_seconds=0.15)) as client:
        it = House(corner, client)
        for given in ({"email": ANN}, {"email": "agrees@example.test"}, {"email": ANN, "website": "x"}):
            began = monotonic()
            assert it.sign_up(**given).status_code == 200
            assert monotonic() - began >= 0.15


def receipt(it: House, email: str, key: str) -> None:
    """A message that a program asks for."""
    with it.corner.store.write() as tx:
        contact = people.ids_by_email(tx, [email])[email]
        given = DirectGiven(contact_id=contact, template="one", key=f"api {key}")
        plan_direct(tx, it.corner.store.ids, it.corner.world(), [given], it.corner.now)


def test_what_was_suppressed_stays_out_of_files_until_its_mailbox_confirms(
    store: Store, tmp_path: Path
) -> None:
    """Anybody may type an address in: that must not open the door to what is brought along of an erased person."""
    with house(store, tmp_path) as it:
        erased = it.corner.now - DAY
        with store.write() as tx:
            suppressions.erase(tx, it.corner.app.address_key, ANN, erased)
            suppressions.suppress(
                tx,
                it.corner.app.address_key,
                ["bob@example.test"],
                reason="unsubscribed elsewhere",
                at=erased,
            )
        it.sign_up(ANN)
        it.sign_up("bob@example.test")
        terms = Terms(now=it.corner.now, address_key=it.corner.app.address_key, topics=("news",))
        given = [
            ContactRead(given=ContactGiven(email=email, last_name="Lee", created_at=erased), basis="a file")
            for email in (ANN, "bob@example.test")
        ]
        order = LineGiven(
            order_id="1", email=ANN, ordered_at=erased - DAY, sku="R-12", quantity=1, amount=1_000
        )
        with store.write() as tx:
            assert take_contacts(tx, store.ids, given, terms).left_out == 1
            assert take_orders(tx, store.ids, [order], terms).left_out == 1
        assert it.corner.rows("SELECT last_name FROM contacts ORDER BY email") == [("",), ("Lee",)]
        assert (it.count("consents"), it.count("orders")) == (0, 0)
        receipt(it, ANN, "1")
        it.sign_up("new@example.test")
        receipt(it, "new@example.test", "1")
        assert it.mail(ANN) == ["Please confirm"]
        assert sorted(it.mail("new@example.test")) == ["Please confirm", "one"]
        it.client.post(it.link(ANN))
        receipt(it, ANN, "2")
        assert it.mail(ANN) == ["Please confirm", "one"]
        assert it.agreed(ANN) == {"news": "double opt-in", "offers": "double opt-in"}
