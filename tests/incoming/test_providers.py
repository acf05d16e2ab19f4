"""What each mail provider says, in the words of `heard`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from nurture.clock import SECOND
from nurture.incoming.heard import LONGEST_SAID, Heard
from nurture.incoming.parts import UnreadableError
from nurture.incoming.providers import generic, mailgun, postmark, sendgrid
from nurture.messages.mime import message_id, seal_of
from nurture.messages.return_path import return_path
from nurture.messages.tokens import Signer
from support.told import AT, GENERIC, MAILGUN, POSTMARK, SENDGRID, changed, dumped

SIGNER = Signer("a secret for tests")
KEY = (1234, 2)
OURS = message_id(KEY, "Shop <hello@shop.example>", seal_of(KEY, SIGNER))

Read = Callable[[bytes, Signer], list[tuple[Heard, bytes]]]


def one(read: Read, value: object) -> Heard:
    [(heard, raw)] = read(dumped(value), SIGNER)
    assert json.loads(raw) == (value[0] if isinstance(value, list) else value)
    return heard


def sent_by_sendgrid(**more: Any) -> tuple[str, str]:
    it = one(sendgrid.read, [changed(SENDGRID, **more)])
    return it.kind, it.severity


def test_a_bounce_of_sendgrid_says_who_why_and_when() -> None:
    assert one(sendgrid.read, [SENDGRID]) == Heard(
        kind="bounced",
        recipient="ann@example.test",
        proof="signed",
        severity="hard",
        reason="5.1.1",
        said=SENDGRID["reason"],
        at=(AT - 60) * SECOND,
        id="6g4ZI7SA-xmRDv57GoPIPw==",
        ip="168.1.1.1",
    )


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"type": "blocked"}, ("bounced", "other")),
        ({"status": "5.7.1"}, ("bounced", "other")),
        ({"status": "5.2.2"}, ("bounced", "soft")),
        ({"bounce_classification": "Reputation"}, ("bounced", "other")),
        ({"bounce_classification": "Mailbox Unavailable"}, ("bounced", "soft")),
        ({"event": "dropped", "reason": "Bounced Address"}, ("bounced", "hard")),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, ("unsubscribed", "")),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, ("complained", "")),
        ({"event": "dropped", "reason": "Invalid SMTPAPI header"}, ("bounced", "other")),
        ({"event": "processed"}, ("ignored", "")),
        ({"event": "deferred"}, ("deferred", "")),
        ({"event": "delivered"}, ("delivered", "")),
        ({"event": "open"}, ("opened", "")),
        ({"event": "click", "url": "https://shop.example/"}, ("clicked", "")),
        ({"event": "spamreport"}, ("complained", "")),
        ({"event": "group_unsubscribe"}, ("unsubscribed", "")),
        ({"event": "group_resubscribe"}, ("ignored", "")),
        ({"event": "something new"}, ("ignored", "")),
        ({"event": None}, ("ignored", "")),
    ],
)
def test_each_event_of_sendgrid_has_its_word(more: dict[str, Any], wanted: tuple[str, str]) -> None:
    assert sent_by_sendgrid(**more) == wanted


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, ("bounced", "hard")),
        ({"severity": "temporary"}, ("deferred", "")),
        ({"reason": "suppress-bounce"}, ("bounced", "hard")),
        ({"reason": "suppress-unsubscribe"}, ("unsubscribed", "")),
        ({"reason": "suppress-complaint"}, ("complained", "")),
        ({"reason": "old"}, ("bounced", "soft")),
        ({"reason": "generic"}, ("bounced", "other")),
        ({"delivery-status": {"enhanced-code": "5.7.26"}}, ("bounced", "other")),
        ({"event": "rejected"}, ("bounced", "other")),
        ({"event": "delivered"}, ("delivered", "")),
        ({"event": "opened"}, ("opened", "")),
        ({"event": "clicked"}, ("clicked", "")),
        ({"event": "unsubscribed"}, ("unsubscribed", "")),
        ({"event": "complained"}, ("complained", "")),
        ({"event": "accepted"}, ("ignored", "")),
    ],
)
def test_each_event_of_mailgun_has_its_word(more: dict[str, Any], wanted: tuple[str, str]) -> None:
    it = one(mailgun.read, {"event-data": changed(MAILGUN, **more)})
    assert (it.kind, it.severity) == wanted
    assert (it.recipient, it.id) == ("ann@example.test", "G9Bn5sl1TC6nu79C8C0bwg")


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, ("bounced", "hard")),
        ({"Type": "SoftBounce"}, ("bounced", "soft")),
        ({"Type": "Blocked"}, ("bounced", "other")),
        ({"Type": "AutoResponder"}, ("auto-reply", "")),
        ({"Type": "Unsubscribe"}, ("unsubscribed", "")),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, ("complained", "")),
        ({"RecordType": "Delivery", "Recipient": "ann@example.test"}, ("delivered", "")),
        ({"RecordType": "Open", "Recipient": "ann@example.test"}, ("opened", "")),
        ({"RecordType": "Click", "Recipient": "ann@example.test"}, ("clicked", "")),
        ({"RecordType": "Inbound"}, ("ignored", "")),
    ],
)
def test_each_record_of_postmark_has_its_word(more: dict[str, Any], wanted: tuple[str, str]) -> None:
    it = one(postmark.read, changed(POSTMARK, **more))
    assert (it.kind, it.severity) == wanted
    assert it.at == (AT - 60) * SECOND + 273_539


@pytest.mark.parametrize(
    ("suppresses", "reason", "wanted"),
    [
        (True, "ManualSuppression", ("unsubscribed", "")),
        (True, "HardBounce", ("bounced", "hard")),
        (True, "SpamComplaint", ("complained", "")),
        (False, None, ("ignored", "")),
    ],
)
def test_a_change_of_subscription_at_postmark_is_a_no_or_nothing(
    suppresses: bool, reason: str | None, wanted: tuple[str, str]
) -> None:
    record = {
        "RecordType": "SubscriptionChange",
        "MessageID": None,
        "Recipient": "ann@example.test",
        "Origin": "Recipient",
        "SuppressSending": suppresses,
        "SuppressionReason": reason,
        "ChangedAt": "2017-07-31T22:59:00Z",
    }
    it = one(postmark.read, record)
    assert (it.kind, it.severity) == wanted
    assert it.recipient == "ann@example.test"


def test_records_of_postmark_without_a_number_differ_by_message_recipient_and_time() -> None:
    record = {
        "RecordType": "Open",
        "MessageID": "883953f4",
        "Recipient": "a@b.test",
        "ReceivedAt": "2017-07-31",
    }
    ids = {
        one(postmark.read, record | more).id
        for more in ({}, {"Recipient": "c@b.test"}, {"ReceivedAt": "2017-07-30"}, {"RecordType": "Click"})
    }
    assert len(ids) == 4


def test_our_own_json_says_it_in_our_own_words() -> None:
    told = generic.read(
        dumped({"events": [GENERIC, changed(GENERIC, kind="opened", agent="Mail/1")]}), SIGNER
    )
    first, second = (heard for heard, _ in told)
    assert (first.kind, first.severity, first.reason, first.said) == (
        "bounced",
        "hard",
        "5.1.1",
        "no such user",
    )
    assert (second.kind, second.severity, second.agent) == ("opened", "", "Mail/1")
    assert one(generic.read, changed(GENERIC, severity="dreadful")).severity == "other"
    assert one(generic.read, changed(GENERIC, kind="replied")).kind == "ignored"


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (sendgrid.read, [changed(SENDGRID, **{"smtp-id": OURS})]),
        (
            mailgun.read,
            {"event-data": changed(MAILGUN, message={"headers": {"message-id": OURS.strip("<>")}})},
        ),
        (postmark.read, changed(POSTMARK, Metadata={"message_id": OURS})),
        (generic.read, changed(GENERIC, message_id=OURS)),
        (generic.read, changed(GENERIC, return_path=return_path(KEY, "b.shop.example", SIGNER))),
    ],
)
def test_a_message_of_ours_is_known_by_what_the_provider_gives_back(read: Read, value: object) -> None:
    assert one(read, value).key == KEY
    forged = json.loads(json.dumps(value).replace("1234-2.", "1234-3.").replace("b+a", "b+b"))
    assert one(read, forged).key is None


@pytest.mark.parametrize("read", [sendgrid.read, mailgun.read, postmark.read, generic.read])
@pytest.mark.parametrize("body", [b"", b"{", b"null", b"7", b'"x"', b"\xff", b"[" * 100_000, b"NaN"])
def test_what_is_no_json_of_the_kind_is_unreadable_and_nothing_worse(read: Read, body: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(body, SIGNER)


def test_hostile_text_is_one_clean_line_of_bounded_length() -> None:
    it = one(
        generic.read,
        {
            **GENERIC,
            "said": "a\x00b\r\nc" + "x" * 100_000,
            "reason": "5.1.1\r\nBcc: x@y.test",
            "recipient": "Ann <ANN@example.test>\x00",
            "at": "99999-01-01",
        },
    )
    assert it.said.startswith("a b cxxx") and len(it.said) == LONGEST_SAID
    assert it.reason == "5.1.1 Bcc: x@y.test"
    assert (it.recipient, it.at) == ("ann@example.test", 0)
    [(lone, _)] = generic.read(b'{"kind": "bounced", "said": "\\ud800"}', SIGNER)
    assert lone.said == "?"
