"""Tokens: what we signed is read, and nothing else."""

from __future__ import annotations

import base64
import hmac
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.messages.tokens import KINDS, Signer, Token, TokenKind
from nurture.messages.urls import Urls

SIGNER = Signer("a secret of some length")
KEYS = st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**31))
LINKS = st.integers(0, 2**15 - 1)


@given(st.sampled_from(KINDS), KEYS, LINKS)
def test_what_was_signed_is_read_again(kind: TokenKind, key: tuple[int, int], link_no: int) -> None:
    token = SIGNER.sign(kind, key, link_no)
    assert len(token) <= 44
    assert SIGNER.read(token, kind) == Token(kind=kind, key=key, link_no=link_no)


@given(st.sampled_from(KINDS), st.sampled_from(KINDS), KEYS)
def test_a_token_of_one_kind_is_none_of_another(
    kind: TokenKind, other: TokenKind, key: tuple[int, int]
) -> None:
    assert (SIGNER.read(SIGNER.sign(kind, key), other) is not None) == (kind == other)


@given(KEYS, st.integers(0, 42), st.characters())
def test_a_token_with_one_character_changed_is_not_taken(key: tuple[int, int], at: int, char: str) -> None:
    token = SIGNER.sign("click", key, 1)
    changed = token[:at] + char + token[at + 1 :]
    assert changed == token or SIGNER.read(changed, "click") is None


@given(KEYS, st.text(min_size=1, max_size=4), st.integers(0, 42))
def test_a_token_that_is_longer_or_shorter_is_not_taken(key: tuple[int, int], more: str, length: int) -> None:
    token = SIGNER.sign("unsubscribe", key)
    for changed in (token + more, more + token, token[:length], token + "=", token[:20] + "\n" + token[20:]):
        assert SIGNER.read(changed, "unsubscribe") is None


@given(st.text(max_size=60))
def test_what_we_never_signed_is_not_taken(token: str) -> None:
    assert all(SIGNER.read(token, kind) is None for kind in KINDS)


def test_an_older_secret_is_read_and_a_strange_one_is_not() -> None:
    old = Signer("the old one").sign("view", (1, 2))
    assert Signer("the new one", "the old one").read(old, "view") == Token(kind="view", key=(1, 2))
    assert Signer("the new one").read(old, "view") is None
    new = Signer("the new one", "the old one").sign("view", (1, 2))
    assert Signer("the old one").read(new, "view") is None


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="NURTURE_SECRET"):
        Signer("")


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="no token can hold"):
        SIGNER.sign("click", (-1, 0))


def test_each_address_carries_a_token_of_its_own_kind() -> None:
    urls = Urls("https://mail.shop.example/", SIGNER).of((7, 2))
    assert urls.open.startswith("https://mail.shop.example/o/") and urls.open.endswith(".gif")
    assert SIGNER.read(urls.open[-47:-4], "open") == Token(kind="open", key=(7, 2))
    for url, path, kind in (
        (urls.hidden, "/h/", "hidden"),
        (urls.unsubscribe, "/u/", "unsubscribe"),
        (urls.view, "/v/", "view"),
        (urls.click(3), "/c/", "click"),
    ):
        assert path in url
        token = SIGNER.read(url.rpartition("/")[2], kind)
        assert token is not None and token.key == (7, 2)
        assert token.link_no == (3 if kind == "click" else 0)


def test_a_token_is_what_it_has_always_been() -> None:
    """Messages that were sent long ago hold such tokens."""
    assert SIGNER.sign("click", (12, 3), 4) == "AX0AAAAAAAAADAAAAAMABCpqEjd03dogO0ypBlJtJSc"
    key = hmac.digest(b"a secret of some length", b"nurture tokens", "sha256")
    body = struct.pack(">BBQIH", 1, hmac.digest(key, b"which key", "sha256")[0], 12, 3, 4)
    mac = hmac.digest(key, bytes([1, 2]) + body, "sha256")[:16]
    assert SIGNER.sign("click", (12, 3), 4) == base64.urlsafe_b64encode(body + mac).rstrip(b"=").decode()
