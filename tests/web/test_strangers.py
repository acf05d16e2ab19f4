"""What somebody does with links that are not theirs: each token opens one door, and no page is taken along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.delivery.outcome import MessageKey
from nurture.messages.tokens import KINDS, TokenKind
from nurture.runner.erase import erase
from nurture.store.engine import open_store
from support.corner import START
from support.signing_up import House, house

ANN, BOB = "ann@example.test", "bob@example.test"
DOORS: dict[str, TokenKind] = {"u": "unsubscribe", "p": "preferences", "k": "confirm", "v": "view"}
EVERYTHING = {"List-Unsubscribe": "One-Click", "stop": "all", "do": "stop"}


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """Bob gets mail; Ann signed up and has not confirmed."""
    store = open_store(sqlite_url, now=START, durable=False)
    with house(store, tmp_path) as it:
        it.corner.contact(BOB)
        it.sign_up(ANN)
        it.link(ANN)
        yield it
    store.close()


def key_of(it: House) -> MessageKey:
    [(entry, step)] = it.corner.rows("SELECT enrollment_id, step_no FROM messages")
    return MessageKey(entry, step)


def state(it: House) -> list[object]:
    return [
        it.corner.rows(f"SELECT count(*) FROM {name}") for name in ("consents", "sign_ups", "suppressions")
    ]


@pytest.mark.parametrize("door", DOORS)
def test_a_token_opens_the_door_it_was_made_for_and_no_other(shop: House, door: str) -> None:
    key, before = key_of(shop), state(shop)
    signer = shop.corner.app.signer
    for kind in KINDS:
        if kind == DOORS[door]:
            continue
        for token in (signer.sign(kind, key), signer.sign_mailed(kind, key), signer.seal(kind, key)):
            assert shop.client.get(f"/{door}/{token}").status_code == 404
            assert shop.client.post(f"/{door}/{token}", data=EVERYTHING).status_code in (404, 405)
    assert state(shop) == before
    assert shop.client.get(f"/{door}/{signer.sign(DOORS[door], key)}").status_code == 200


@pytest.mark.parametrize("door", DOORS)
def test_no_page_behind_a_token_is_framed_cached_or_tells_others_where_it_was(shop: House, door: str) -> None:
    token = shop.corner.app.signer.sign(DOORS[door], key_of(shop))
    headers = shop.client.get(f"/{door}/{token}").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "noindex" in headers["x-robots-tag"]


@pytest.mark.parametrize("door", DOORS)
def test_the_links_of_somebody_who_was_erased_open_nothing_and_bring_nothing_back(
    shop: House, door: str
) -> None:
    token = shop.corner.app.signer.sign(DOORS[door], key_of(shop))
    app = shop.corner.app
    erase(app.store, ANN, shop.corner.now, address_key=app.address_key)
    for data in (
        {"List-Unsubscribe": "One-Click"},
        {"do": "move", "email": "eve@evil.example"},
        {"stop": "undo"},
    ):
        shop.client.post(f"/{door}/{token}", data=data)
    assert ANN not in shop.client.get(f"/{door}/{token}").text
    assert shop.corner.rows("SELECT email FROM contacts") == [(BOB,)]
    assert shop.count("sign_ups") == 0
    assert shop.corner.rows("SELECT reason FROM suppressions") == [("erased",)]


def test_the_page_of_choices_does_not_tell_whose_it_is(shop: House) -> None:
    shop.client.post(shop.link(ANN))
    token = shop.corner.app.signer.sign("preferences", key_of(shop))
    for answer in (
        shop.client.get(f"/p/{token}"),
        shop.client.post(f"/p/{token}", data={"do": "save", "topic": "news"}),
    ):
        assert answer.status_code == 200
        assert ANN not in answer.text
        assert "Lee" not in answer.text


ODD = {
    "multipart/form-data; boundary=x; charset=idna": b"xn--" * 500,
    "multipart/form-data; boundary=x; charset=punycode": b"a" * 4000,
    "multipart/form-data; boundary=x; charset=rot13": b"all",
    "multipart/form-data; boundary=x; charset=a\x00b": b"all",
    "multipart/form-data; boundary=": b"all",
    "multipart/form-data": b"all",
    "application/x-www-form-urlencoded; charset=utf-16": b"all",
    "application/json": b'{"stop": "all", "do": "stop"}',
    "": b"stop=all&do=stop",
}


@pytest.mark.parametrize("door", ["u", "p", "k", "f"])
def test_no_form_however_odd_is_answered_with_an_error_of_ours(shop: House, door: str) -> None:
    token = shop.corner.app.signer.sign(DOORS[door], key_of(shop)) if door in DOORS else "newsletter"
    before = shop.agreed(BOB)
    for kind, said in ODD.items():
        body = b'--x\r\nContent-Disposition: form-data; name="stop"\r\n\r\n' + said + b"\r\n--x--\r\n"
        sent = body if "boundary=x" in kind else said
        answer = shop.client.post(f"/{door}/{token}", content=sent, headers={"content-type": kind})
        assert answer.status_code in (200, 400), (kind, answer.status_code)
    assert shop.agreed(BOB) == before
