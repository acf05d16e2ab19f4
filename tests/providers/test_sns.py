"""What is asked of SNS, over real TLS: certificates once, confirmations of what was asked about and nothing else."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from nurture.errors import ServiceError
from nurture.incoming.providers import ses
from nurture.incoming.providers.ses import Envelope
from nurture.providers.sns import Sns
from support.amazon import Amazon
from support.told import SES_BOUNCE, TOPIC, dumped, sns, sns_certificate, subscription


def envelope(fields: dict[str, str]) -> Envelope:
    found = ses.envelope(dumped(fields))
    assert found is not None
    return found


def test_a_certificate_is_asked_for_once_and_from_the_name_it_lies_at() -> None:
    with Amazon() as amazon:
        asked = Sns(ca_file=amazon.ca_file, place=amazon.place)
        for _ in range(3):
            assert asked.certificate(envelope(sns(SES_BOUNCE))) == sns_certificate()[1]
        assert [line.split()[1] for line in amazon.lines] == [
            "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
        ]
        assert amazon.hosts == ["sns.us-east-1.amazonaws.com"]


def test_a_confirmation_names_topic_and_token_whatever_the_envelope_would_have_us_visit() -> None:
    with Amazon() as amazon:
        it = envelope(subscription(SubscribeURL="https://evil.example/?Action=DeleteTopic"))
        Sns(ca_file=amazon.ca_file, place=amazon.place).confirm(it)
        [line] = amazon.lines
        query = parse_qs(urlsplit(line.split()[1]).query)
        assert query == {
            "Action": ["ConfirmSubscription"],
            "TopicArn": [TOPIC],
            "Token": [it.token],
            "AuthenticateOnUnsubscribe": ["true"],
        }


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n" + b"x" * 70_000,
        b"not HTTP at all\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_no_certificate_is_none_and_is_not_kept(said: bytes) -> None:
    with Amazon() as amazon:
        asked = Sns(ca_file=amazon.ca_file, place=amazon.place)
        amazon.says = said
        with pytest.raises(ServiceError):
            asked.certificate(envelope(sns(SES_BOUNCE)))
        amazon.says = None
        assert asked.certificate(envelope(sns(SES_BOUNCE))) == sns_certificate()[1]


def test_whoever_is_not_amazon_by_tls_is_not_listened_to() -> None:
    with Amazon() as amazon, pytest.raises(ServiceError, match="cannot be reached"):
        Sns(place=amazon.place).certificate(envelope(sns(SES_BOUNCE)))
    assert amazon.lines == []
