"""Signatures of providers and shops: what they sign is taken, and nothing that differs from it by a byte."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR, MINUTE, SECOND, Moment
from nurture.incoming.providers import generic, mailgun, postmark, sendgrid
from nurture.incoming.shops import shopify, stripe, woocommerce
from support import told
from support.told import AT, NOW, OLDER, SECRET, WHSEC, Posted

Verify = Callable[[Mapping[str, str], bytes, Sequence[str], Moment], bool]

CASES: dict[str, tuple[Verify, Posted, str, str]] = {
    "sendgrid": (
        sendgrid.verify,
        told.sendgrid(told.SENDGRID),
        told.sendgrid_public(),
        "x-twilio-email-event-webhook-signature",
    ),
    "generic": (generic.verify, told.generic(told.dumped(told.GENERIC)), WHSEC, "webhook-signature"),
    "shopify": (
        shopify.verify,
        told.shopify("orders/paid", told.dumped(told.SHOPIFY)),
        SECRET,
        "x-shopify-hmac-sha256",
    ),
    "stripe": (
        stripe.verify,
        told.stripe(told.stripe_event("checkout.session.completed", told.CHECKOUT)),
        SECRET,
        "stripe-signature",
    ),
    "woocommerce": (
        woocommerce.verify,
        told.woocommerce("order.created", told.dumped(told.WOOCOMMERCE)),
        SECRET,
        "x-wc-webhook-signature",
    ),
}
OTHERS = {
    "sendgrid": base64.b64encode(base64.b64decode(told.sendgrid_public())[:-1] + b"\x00").decode(),
    "generic": "whsec_" + base64.b64encode(b"a key that was in use before now!").decode(),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_signed_is_taken_by_any_of_the_secrets_and_by_no_other(name: str) -> None:
    verify, (headers, body), secret, _ = CASES[name]
    other = OTHERS.get(name, OLDER)
    assert verify(headers, body, [secret], NOW)
    assert verify(headers, body, [other, secret], NOW)
    assert not verify(headers, body, [other], NOW)
    assert not verify(headers, body, [], NOW)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60)
@given(data=st.data())
def test_any_changed_byte_of_the_body_is_refused(name: str, data: st.DataObject) -> None:
    verify, (headers, body), secret, _ = CASES[name]
    at = data.draw(st.integers(0, len(body) - 1))
    how = data.draw(st.integers(1, 255))
    assert not verify(headers, body[:at] + bytes([body[at] ^ how]) + body[at + 1 :], [secret], NOW)
    assert not verify(headers, body[:at], [secret], NOW)
    assert not verify(headers, body + bytes([how]), [secret], NOW)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60)
@given(data=st.data())
def test_any_changed_letter_of_the_signature_is_refused(name: str, data: st.DataObject) -> None:
    verify, (headers, body), secret, header = CASES[name]
    signature = headers[header]
    if name == "stripe":
        # What is behind it is a signature of a kind that is not read.
        signature = signature.partition(",v0=")[0]
    at = data.draw(st.integers(0, len(signature) - 1))
    letter = data.draw(st.characters(min_codepoint=1, max_codepoint=255))
    forged = signature[:at] + letter + signature[at + 1 :]
    if forged == signature:
        return
    assert not verify({**headers, header: forged}, body, [secret], NOW)
    assert not verify({**headers, header: ""}, body, [secret], NOW)


@pytest.mark.parametrize(
    ("name", "within"),
    [("sendgrid", DAY + HOUR), ("generic", 5 * MINUTE), ("stripe", 5 * MINUTE)],
)
def test_a_signature_is_good_for_a_time_only(name: str, within: int) -> None:
    verify, (headers, body), secret, _ = CASES[name]
    for now in (NOW - within, NOW + within):
        assert verify(headers, body, [secret], now)
    for now in (NOW - within - SECOND, NOW + within + SECOND):
        assert not verify(headers, body, [secret], now)


def test_the_time_is_signed_too() -> None:
    headers, body = told.generic(told.dumped(told.GENERIC))
    later = {**headers, "webhook-timestamp": str(AT + 3600)}
    assert not generic.verify(later, body, [WHSEC], NOW + HOUR)
    headers, body = told.stripe(told.stripe_event("invoice.paid", told.INVOICE))
    moved = {"stripe-signature": headers["stripe-signature"].replace(f"t={AT}", f"t={AT + 3600}")}
    assert not stripe.verify(moved, body, [SECRET], NOW + HOUR)


def test_one_good_signature_among_several_is_enough() -> None:
    headers, body = told.generic(told.dumped(told.GENERIC))
    two = {**headers, "webhook-signature": f"v1,AAAA {headers['webhook-signature']} v2,BBBB"}
    assert generic.verify(two, body, [WHSEC], NOW)
    headers, body = told.stripe(told.stripe_event("invoice.paid", told.INVOICE))
    rolled = headers["stripe-signature"].replace(",v1=", f",v1={'0' * 64},v1=")
    assert stripe.verify({"stripe-signature": rolled}, body, [OLDER, SECRET], NOW)


@settings(max_examples=60)
@given(data=st.data())
def test_mailgun_signs_time_and_token_and_neither_may_change(data: st.DataObject) -> None:
    _, body = told.mailgun(told.MAILGUN)
    assert mailgun.verify({}, body, [OLDER, SECRET], NOW)
    head = body.index(b'"event-data"')
    at = data.draw(st.integers(0, head - 1))
    how = data.draw(st.integers(1, 127))
    changed = body[:at] + bytes([body[at] ^ how]) + body[at + 1 :]
    assert not mailgun.verify({}, changed, [OLDER], NOW)
    signature, same = (told.json.loads(body)["signature"], None)
    try:
        same = told.json.loads(changed)["signature"]
    except (ValueError, KeyError, TypeError):
        assert not mailgun.verify({}, changed, [SECRET], NOW)
        return
    assert mailgun.verify({}, changed, [SECRET], NOW) == (same == signature)


def test_mailgun_is_believed_for_a_day() -> None:
    _, body = told.mailgun(told.MAILGUN)
    assert mailgun.verify({}, body, [SECRET], NOW + DAY)
    assert not mailgun.verify({}, body, [SECRET], NOW + DAY + HOUR + SECOND)
    assert not mailgun.verify({}, body, [SECRET], NOW - DAY - HOUR - SECOND)


def test_postmark_shows_the_password_in_the_url_or_in_a_header() -> None:
    headers, body = told.postmark(told.POSTMARK)
    assert postmark.verify(headers, body, [OLDER, SECRET], NOW)
    assert postmark.verify({"x-nurture-secret": SECRET}, body, [SECRET], NOW)
    for wrong in (
        {},
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Bearer " + SECRET},
        {"authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()},
        told.postmark(told.POSTMARK, SECRET[:-1])[0],
        told.postmark(told.POSTMARK, SECRET + "x")[0],
        {"x-nurture-secret": ""},
        {"x-nurture-secret": "\udcff"},
    ):
        assert not postmark.verify(wrong, body, [SECRET], NOW)


def test_a_payload_that_sendgrid_publishes_with_its_key_and_signature_is_taken() -> None:
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZ"
        "FceEu/1FwCM/QmGUhA=="
    )
    headers = {
        "x-twilio-email-event-webhook-signature": "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZ"
        "Gi6BpSzoQsbVRamr2nlxFDWYNH2j/0=",
        "x-twilio-email-event-webhook-timestamp": "1588788367",
    }
    body = b'{"category":"example_payload","event":"test_event","message_id":"message_id"}'
    assert sendgrid.verify(headers, body, [key], 1_588_788_367 * SECOND)
    assert not sendgrid.verify(headers, body + b" ", [key], 1_588_788_367 * SECOND)
