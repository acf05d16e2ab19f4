"""Return paths: what came back says which message it was about, and nobody can make one up."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.messages.headers import address
from nurture.messages.return_path import read_return_path, return_path
from nurture.messages.tokens import Signer

SIGNER = Signer("a secret of some length")
DOMAIN = "b.shop.example"
KEYS = st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**31))


@given(KEYS)
def test_an_address_is_read_again_whatever_became_of_its_case(key: tuple[int, int]) -> None:
    made = return_path(key, DOMAIN, SIGNER)
    local, _, domain = made.partition("@")
    assert len(local) == 50 <= 64
    assert domain == DOMAIN
    assert address(made) == made == made.lower(), "fit for an envelope"
    for spelled in (made, made.upper(), f"<{made}>", f" < {made} > ", local, made.swapcase()):
        assert read_return_path(spelled, SIGNER) == key


@given(KEYS, st.integers(2, 49), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_an_address_with_one_letter_changed_is_not_taken(key: tuple[int, int], at: int, letter: str) -> None:
    made = return_path(key, DOMAIN, SIGNER)
    changed = made[:at] + letter + made[at + 1 :]
    assert changed == made or read_return_path(changed, SIGNER) is None


@given(st.text(max_size=80))
def test_any_text_is_read_without_harm(text: str) -> None:
    assert read_return_path(text, SIGNER) is None
    assert read_return_path(f"b+{text}@{DOMAIN}", SIGNER) is None


@pytest.mark.parametrize(
    "text", ["", "<>", "b+@x", "b+" + "a" * 48 + "@" + "x" * 300, "b+" + "1" * 48 + "@x.example"]
)
def test_what_is_no_address_of_ours_is_not_taken(text: str) -> None:
    assert read_return_path(text, SIGNER) is None


def test_an_older_secret_is_read_and_a_strange_one_is_not() -> None:
    made = return_path((7, 1), DOMAIN, SIGNER)
    assert read_return_path(made, Signer("new", "a secret of some length")) == (7, 1)
    assert read_return_path(made, Signer("new")) is None


def test_a_link_of_a_message_is_no_return_path() -> None:
    token = SIGNER.sign("bounce", (7, 1))
    raw = base64.urlsafe_b64decode(token + "=")
    spelled = base64.b32encode(raw).decode().lower().rstrip("=")
    assert read_return_path(f"b+{spelled}@{DOMAIN}", SIGNER) is None


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="no token can hold"):
        return_path((2**64, 1), DOMAIN, SIGNER)
