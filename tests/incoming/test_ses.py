"""Amazon SES by way of SNS: whose envelope it is, and what is in it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR, SECOND
from nurture.incoming.heard import Heard
from nurture.incoming.providers import ses
from nurture.messages.mime import message_id, seal_of
from nurture.messages.return_path import return_path
from nurture.messages.tokens import Signer
from support.certificates import make_certificate
from support.told import (
    AT,
    NOW,
    SES_BOUNCE,
    SES_MAIL,
    changed,
    dumped,
    sns,
    sns_certificate,
    subscription,
)

SIGNER = Signer("a secret for tests")
KEY = (1234, 2)
PEM = sns_certificate()[1]


def is_good(fields: dict[str, str], now: int = NOW) -> bool:
    it = ses.envelope(dumped(fields))
    return it is not None and ses.verify(it, PEM, now)


def heard(event: object, **more: str) -> list[Heard]:
    it = ses.envelope(dumped(sns(event, **more)))
    assert it is not None
    return [found for found, _ in ses.read(it, SIGNER)]


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [{}, {"Subject": "Amazon SES Email Event Notification"}])
def test_both_versions_of_the_signature_are_read_and_a_subject_is_part_of_it(
    version: str, subject: dict[str, str]
) -> None:
    fields = sns(SES_BOUNCE, version=version, **subject)
    assert is_good(fields)
    assert is_good(subscription(SignatureVersion=version) | sns_as(version))
    assert not is_good(fields | {"SignatureVersion": "2" if version == "1" else "1"})
    assert not is_good(fields | {"SignatureVersion": "3"})
    assert not is_good(fields | {"Subject": "another"})


def sns_as(version: str) -> dict[str, str]:
    found = subscription()
    return sns(found["Message"], version=version, **{k: found[k] for k in ("Type", "Token", "SubscribeURL")})


@settings(max_examples=150)
@given(data=st.data())
def test_any_changed_letter_of_what_is_signed_is_refused(data: st.DataObject) -> None:
    fields = sns(SES_BOUNCE, Subject="Hello")
    name = data.draw(
        st.sampled_from(["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", "Signature"])
    )
    at = data.draw(st.integers(0, len(fields[name]) - 1))
    letter = data.draw(st.characters(min_codepoint=1, max_codepoint=0x2FF))
    forged = fields[name][:at] + letter + fields[name][at + 1 :]
    assert is_good(fields | {name: forged}) == (forged == fields[name])


def test_an_envelope_is_good_for_a_day_and_its_certificate_as_long_as_it_says() -> None:
    fields = sns(SES_BOUNCE)
    assert is_good(fields, NOW + DAY)
    assert not is_good(fields, NOW + DAY + HOUR + SECOND)
    old = sns(SES_BOUNCE, Timestamp="2019-01-01T00:00:00.000Z")
    assert not is_good(old, 1_546_300_800 * SECOND)


def test_a_certificate_of_another_kind_proves_nothing(tmp_path: Any) -> None:
    it = ses.envelope(dumped(sns(SES_BOUNCE)))
    assert it is not None
    other = make_certificate(tmp_path / "other.pem").read_bytes()
    for pem in (b"", b"not a certificate", other):
        assert not ses.verify(it, pem, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.s3-us-west-2.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://user@sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com/../x/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem?x=1",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem\n",
        "https://SNS.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com/other.pem",
        "https://127.0.0.1/SimpleNotificationService-0123456789abcdef.pem",
        "",
    ],
)
def test_a_certificate_from_anywhere_but_the_topics_own_region_at_amazon_is_never_asked_for(url: str) -> None:
    assert ses.envelope(dumped(sns(SES_BOUNCE, SigningCertURL=url))) is None


@pytest.mark.parametrize(
    ("region", "name", "partition"),
    [
        ("eu-central-1", "sns.eu-central-1.amazonaws.com", "aws"),
        ("us-gov-west-1", "sns.us-gov-west-1.amazonaws.com", "aws-us-gov"),
        ("cn-north-1", "sns.cn-north-1.amazonaws.com.cn", "aws-cn"),
        ("ap-southeast-2", "sns.ap-southeast-2.amazonaws.com", "aws"),
    ],
)
def test_every_region_of_amazons_is_one(region: str, name: str, partition: str) -> None:
    fields = sns(
        SES_BOUNCE,
        TopicArn=f"arn:{partition}:sns:{region}:123456789012:ses",
        SigningCertURL=f"https://{name}/SimpleNotificationService-{'0123456789abcdef' * 2}.pem",
    )
    assert is_good(fields)


def test_a_bounce_is_told_for_each_recipient() -> None:
    event = copy.deepcopy(SES_BOUNCE)
    event["bounce"]["bouncedRecipients"].append({"emailAddress": "Bob@example.test"})
    ann, bob = heard(event)
    assert ann == Heard(
        kind="bounced",
        recipient="ann@example.test",
        proof="signed",
        severity="hard",
        reason="5.1.1",
        said="smtp; 550 5.1.1 <ann@example.test>... User unknown",
        at=(AT - 90) * SECOND + 237_000,
        id=f"{event['bounce']['feedbackId']} ann@example.test",
    )
    assert (bob.recipient, bob.severity, bob.reason) == ("bob@example.test", "hard", "General")
    assert heard(event, MessageId="another topic told the same")[0].id == ann.id


@pytest.mark.parametrize(
    ("kind", "subkind", "status", "severity"),
    [
        ("Permanent", "NoEmail", "", "hard"),
        ("Permanent", "Suppressed", "", "hard"),
        ("Permanent", "OnAccountSuppressionList", "", "hard"),
        ("Permanent", "General", "5.7.1", "other"),
        ("Permanent", "General", "5.2.2", "soft"),
        ("Permanent", "UnsubscribedRecipient", "", "other"),
        ("Transient", "General", "", "soft"),
        ("Transient", "MailboxFull", "5.2.2", "soft"),
        ("Transient", "MessageTooLarge", "", "other"),
        ("Transient", "ContentRejected", "", "other"),
        ("Undetermined", "Undetermined", "", "other"),
    ],
)
def test_each_bounce_has_its_severity(kind: str, subkind: str, status: str, severity: str) -> None:
    bounce = {
        "bounceType": kind,
        "bounceSubType": subkind,
        "bouncedRecipients": [{"emailAddress": "ann@example.test", "status": status}],
    }
    [it] = heard({"eventType": "Bounce", "bounce": bounce, "mail": SES_MAIL})
    assert (it.kind, it.severity) == ("bounced", severity)


@pytest.mark.parametrize(
    ("word", "detail", "wanted"),
    [
        ("Complaint", {"complaintFeedbackType": "abuse"}, "complained"),
        ("Complaint", {}, "complained"),
        ("Complaint", {"complaintFeedbackType": "auth-failure"}, "ignored"),
        ("Complaint", {"complaintFeedbackType": "not-spam"}, "ignored"),
        ("Delivery", {"recipients": ["ann@example.test"], "smtpResponse": "250 ok"}, "delivered"),
        ("DeliveryDelay", {"delayType": "MailboxFull"}, "deferred"),
        ("Send", {}, "ignored"),
        ("Reject", {"reason": "Bad content"}, "bounced"),
        ("Open", {"userAgent": "Mozilla/5.0", "ipAddress": "192.0.2.1"}, "opened"),
        ("Click", {"link": "https://shop.example/"}, "clicked"),
        ("Rendering Failure", {}, "ignored"),
        ("Subscription", {"newTopicPreferences": {"unsubscribeAll": True}}, "unsubscribed"),
        ("Subscription", {"newTopicPreferences": {"unsubscribeAll": False}}, "ignored"),
        ("", {}, "ignored"),
    ],
)
def test_each_event_has_its_word(word: str, detail: dict[str, Any], wanted: str) -> None:
    field = "deliveryDelay" if word == "DeliveryDelay" else word.lower()
    told = heard({"eventType": word, field: detail, "mail": SES_MAIL})
    assert {it.kind for it in told} == {wanted}
    assert len({it.id for it in told}) == len(told)


def test_a_message_of_ours_is_known_by_its_return_path_or_by_its_own_id() -> None:
    ours = message_id(KEY, "Shop <hello@shop.example>", seal_of(KEY, SIGNER))
    for mail in (
        changed(SES_MAIL, source=return_path(KEY, "b.shop.example", SIGNER)),
        changed(SES_MAIL, headers=[{"name": "Message-ID", "value": ours}]),
        changed(SES_MAIL, commonHeaders={"messageId": ours}),
    ):
        [it] = heard(changed(SES_BOUNCE, mail=mail))
        assert it.key == KEY


def test_what_ses_says_in_plain_words_is_kept_and_nothing_more() -> None:
    [it] = heard("Successfully validated SNS topic for Amazon SES event publishing.")
    assert (it.kind, it.recipient) == ("ignored", "")


def test_a_question_whether_to_subscribe_tells_nothing() -> None:
    it = ses.envelope(dumped(subscription()))
    assert it is not None and ses.verify(it, PEM, NOW)
    assert ses.read(it, SIGNER) == []


@settings(max_examples=150)
@given(
    event=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["Bounce", "Complaint"]),
        lambda it: (
            st.lists(it)
            | st.dictionaries(
                st.sampled_from(
                    ["eventType", "bounce", "complaint", "mail", "bouncedRecipients", "destination"]
                ),
                it,
            )
        ),
        max_leaves=12,
    )
)
def test_no_shape_of_an_event_is_too_much(event: object) -> None:
    assert all(it.proof == "signed" for it in heard(json.dumps(event)))
