"""Rows that come in through the API: they mean what the same rows mean in a file, on both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.runner.intake import import_file
from nurture.runner.tick import decide
from nurture.store.engine import Store, open_store
from support.api_site import ApiSite, api_site
from support.databases import START

ORDER = {
    "order_id": "1001",
    "email": "ann@example.test",
    "ordered_at": "2016-12-01T10:00:00Z",
    "lines": [{"sku": "R-12", "amount": 24.9, "quantity": 2}, {"sku": "T-1", "amount": "3.10"}],
}


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[ApiSite]:
    with api_site(store, tmp_path) as opened:
        yield opened


@pytest.fixture
def own(sqlite_url: str, tmp_path: Path) -> Iterator[ApiSite]:
    """For what reads its whole database, and asks it nothing that others do not ask of both engines."""
    store = open_store(sqlite_url, now=START, durable=False)
    with api_site(store, tmp_path) as opened:
        yield opened
    store.close()


def counts(answer: dict[str, object]) -> tuple[object, object, object]:
    return answer["taken"], answer["unchanged"], answer["rejected"]


def test_a_contact_is_taken_in_found_again_and_changed_by_external_id(site: ApiSite) -> None:
    ann = {"email": "Ann@Example.test", "external_id": "c-1", "first_name": "Ann", "Points!": 7}
    assert counts(site.post("/contacts", ann)) == (1, 0, 0)
    assert counts(site.post("/contacts", ann)) == (0, 1, 0)
    assert counts(site.post("/contacts", {"external_id": "c-1", "last_name": "Lee"})) == (1, 0, 0)
    found = site.ask("GET", "/contacts/c-1").json()
    assert (found["email"], found["first_name"], found["last_name"]) == ("ann@example.test", "Ann", "Lee")
    assert found["attributes"] == {"points": 7}
    assert site.post("/contacts/look-up", {"email": "ann@example.test"}) == found
    moved = {"external_id": "c-1", "email": "ann@new.example", "consent": "checkbox"}
    assert counts(site.post("/contacts", moved)) == (1, 0, 0)
    found = site.ask("GET", "/contacts/c-1").json()
    assert (found["email"], found["topics"]) == ("ann@new.example", {"offers": True, "news": True})


def test_of_a_batch_the_good_lines_are_taken_and_the_others_told(site: ApiSite) -> None:
    batch = [
        {"email": "a@example.test", "name": "seen", "id": "1"},
        {"email": "nobody", "name": "seen"},
        {"external_id": "c-9", "name": "seen"},
        {"email": "a@example.test", "name": "seen", "at": "2099-01-01"},
        {"email": "a@example.test", "name": "seen", "id": "1"},
        {"email": "a@example.test", "name": "x\u0000y", "id": "2", "half": "\udc00"},
        {"email": "a@example.test", "name": "x\u0000y", "id": "3", "na\u0000me": "v\u0000"},
    ]
    lines = [json.dumps(it).encode() for it in batch] + [
        b"",
        b"[1]",
        b"{",
        b"\xff",
        b'{"a":NaN}',
        b"9" * 5000,
    ]
    answer = site.post("/events", b"\r\n".join(lines), content_type="application/x-ndjson")
    assert counts(answer) == (2, 1, 9)
    assert [(it["line"], it["because"]) for it in answer["lines"]] == [
        (2, "'nobody' is not an e-mail address: An email address must have an @-sign"),
        (3, "no contact has the external_id 'c-9', and email is missing"),
        (4, "at is in the future: '2099-01-01'"),
        (6, "it is not JSON"),
        (9, "it is not a JSON object"),
        (10, "it is not JSON"),
        (11, "it is not JSON"),
        (12, "NaN is not a number"),
        (13, "it is not JSON"),
    ]
    kept = site.rows("SELECT name, properties FROM events ORDER BY name")
    assert [tuple(it) for it in kept] == [("seen", "{}"), ("x y", '{"na_me": "v"}')]


def test_an_order_comes_with_its_lines_and_is_undone_by_its_status(site: ApiSite) -> None:
    assert counts(site.post("/orders", ORDER)) == (1, 0, 0)
    assert counts(site.post("/orders", ORDER)) == (0, 1, 0)
    assert site.rows("SELECT amount, status FROM orders") == [(2800, "paid")]
    partly = {**ORDER, "lines": [{**ORDER["lines"][1], "status": "refunded"}]}  # type: ignore[index,dict-item]
    assert counts(site.post("/orders", partly)) == (1, 0, 0)
    assert site.rows("SELECT amount, status FROM orders") == [(2490, "paid")]
    assert counts(site.post("/orders", {**ORDER, "status": "refunded"})) == (1, 0, 0)
    assert site.rows("SELECT status FROM orders") == [("refunded",)]


def test_the_same_order_twice_in_a_batch_is_not_added_up(own: ApiSite) -> None:
    other = {**ORDER, "order_id": "1002", "colour": "blue"}
    answer = own.post("/orders", [ORDER, other, ORDER, {**other, "status": "cancelled"}])
    assert (counts(answer), answer["not_used"]) == ((3, 1, 0), ["colour"])
    found = own.rows("SELECT order_id, amount, status FROM orders ORDER BY order_id")
    assert [tuple(it) for it in found] == [("1001", 2800, "paid"), ("1002", 2800, "cancelled")]


@pytest.mark.parametrize(
    ("order", "because"),
    [
        ({"lines": []}, "lines is missing"),
        ({"lines": ["R-12"]}, "line of goods 1 is not a JSON object"),
        ({"lines": [{"sku": "R-12"}]}, "line of goods 1: amount is missing"),
        ({"status": "lost"}, "line of goods 1: status is 'lost'"),
        ({"currency": "CHF"}, "line of goods 1: currency is CHF"),
    ],
)
def test_an_order_that_cannot_be_taken_says_why(api: ApiSite, order: dict[str, object], because: str) -> None:
    answer = api.ask("POST", "/orders", {**ORDER, **order})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(because)


def test_a_file_and_the_api_mean_the_same(own: ApiSite, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "email": "ann@example.test", "name": "seen", "at": "2016-12-01", "Zip Code": "01067"},
        {
            "id": "2",
            "email": "ann@example.test",
            "name": "seen",
            "at": "2016-12-02",
            "n": "12",
            "yes": "true",
        },
    ]
    file = tmp_path / "events.ndjson"
    file.write_text("".join(json.dumps(it) + "\n" for it in rows))
    settings = own.corner.app.settings
    done = import_file(
        own.store,
        "events",
        file,
        now=own.corner.now,
        zone=settings.zone,
        currency=settings.currency,
        address_key=own.corner.app.address_key,
    )
    before = own.rows("SELECT at, name, properties FROM events ORDER BY at")
    assert (done.taken, counts(own.post("/events", rows))) == (2, (0, 2, 0))
    apart = [{**it, "id": f"again {it['id']}"} for it in rows]
    assert counts(own.post("/events", apart)) == (2, 0, 0)
    after = own.rows("SELECT at, name, properties FROM events ORDER BY at")
    assert after == [it for it in before for _ in (1, 2)]


def test_products_come_by_sku(own: ApiSite) -> None:
    rice = {"sku": "R-12", "name": "Rice", "line": "rice", "price": 24.9, "in_stock": True}
    assert counts(own.post("/products", [rice, {**rice, "price": 19}, {"name": "Tea"}])) == (1, 1, 1)
    assert own.rows("SELECT sku, price, in_stock FROM products") == [("R-12", 1900, True)]


def test_a_yes_needs_a_basis_and_a_no_stops_what_waits(site: ApiSite) -> None:
    site.corner.contact("ann@example.test", "news")
    said = {"email": "ann@example.test", "topic": "offers", "agreed": True}
    answer = site.ask("POST", "/consents", said)
    assert (answer.status_code, "basis" in answer.json()["detail"]) == (422, True)
    whole = {**said, "basis": "checkbox", "wording": "Yes,\u0000do", "ip": "192.0.2.1"}
    assert site.post("/consents", whole) == {"topic": "offers", "agreed": True}
    site.post("/events", {"email": "ann@example.test", "name": "signed_up"})
    decide(site.store, site.corner.world(), site.corner.now)
    assert site.rows("SELECT outcome FROM messages") == [("",)]
    kept = site.rows("SELECT basis, wording, source, ip FROM consents WHERE topic = 'offers'")
    assert [tuple(it) for it in kept] == [("checkbox", "Yes, do", "API key everything", "192.0.2.1")]
    site.post("/consents", {**said, "agreed": False})
    found = site.post("/contacts/look-up", {"email": "ann@example.test"})
    assert found["topics"] == {"news": True, "offers": False}
    assert site.corner.skipped() == {"one": "not-agreed"}


@pytest.mark.parametrize("topic", ["offer", "service", "nothing"])
def test_a_topic_that_nobody_can_agree_to_is_refused(api: ApiSite, topic: str) -> None:
    said = {"email": "ann@example.test", "topic": topic, "agreed": True, "basis": "checkbox"}
    answer = api.ask("POST", "/consents", said)
    assert (answer.status_code, "topic" in answer.json()["detail"]) == (422, True)
