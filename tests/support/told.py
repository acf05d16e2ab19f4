"""What mail providers and shops post, after their public documentation, and how each signs it."""

from __future__ import annotations

import base64
import copy
import datetime
import hashlib
import hmac
import json
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from nurture.clock import SECOND

SECRET = "0123456789abcdef0123456789abcdef"
OLDER = "an older secret that is still good"
WHSEC = "whsec_" + base64.b64encode(b"thirty-two bytes of a webhook key").decode()

AT = 1_501_542_000
"""2017-07-31T23:00:00Z."""
NOW = AT * SECOND

TOPIC = "arn:aws:sns:us-east-1:123456789012:ses-events"
CERTIFICATE = (
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
)

Posted = tuple[dict[str, str], bytes]
"""Headers in lower case, and the body."""


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def changed(value: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A copy in which some keys are others; None takes a key away."""
    found = copy.deepcopy(value) | more
    return {key: it for key, it in found.items() if it is not None}


def _mac(secret: str | bytes, content: bytes) -> bytes:
    key = secret.encode() if isinstance(secret, str) else secret
    return hmac.new(key, content, hashlib.sha256).digest()


# ------------------------------------------------------------------ SendGrid


@cache
def sendgrid_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x5EED_0F_5E17D, ec.SECP256R1())


@cache
def sendgrid_public() -> str:
    public = sendgrid_key().public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def sendgrid(*events: dict[str, Any], at: int = AT, body: bytes | None = None) -> Posted:
    content = dumped(list(events)) if body is None else body
    signature = sendgrid_key().sign(str(at).encode() + content, ec.ECDSA(hashes.SHA256()))
    return {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": str(at),
    }, content


SENDGRID = {
    "email": "Ann@Example.test",
    "timestamp": AT - 60,
    "event": "bounce",
    "type": "bounce",
    "status": "5.1.1",
    "reason": "550 5.1.1 The email account that you tried to reach does not exist",
    "bounce_classification": "Invalid Address",
    "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
    "sg_event_id": "6g4ZI7SA-xmRDv57GoPIPw==",
    "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
    "ip": "168.1.1.1",
    "tls": 1,
    "category": ["cat facts"],
}

# ------------------------------------------------------------------ Mailgun


def mailgun(
    event: dict[str, Any], *, at: int = AT, token: str = "a8ce0edb2dd8301dee6c2405235584e4"
) -> Posted:
    signature = {
        "timestamp": str(at),
        "token": token * 2,
        "signature": _mac(SECRET, f"{at}{token * 2}".encode()).hex(),
    }
    return {}, dumped({"signature": signature, "event-data": event})


MAILGUN = {
    "event": "failed",
    "severity": "permanent",
    "reason": "bounce",
    "id": "G9Bn5sl1TC6nu79C8C0bwg",
    "timestamp": AT - 0.5,
    "log-level": "error",
    "recipient": "ann@example.test",
    "recipient-domain": "example.test",
    "delivery-status": {
        "attempt-no": 1,
        "code": 550,
        "enhanced-code": "5.1.1",
        "message": "5.1.1 The email account that you tried to reach does not exist.",
        "description": "",
        "session-seconds": 0.43,
    },
    "message": {
        "headers": {
            "to": "Ann <ann@example.test>",
            "message-id": "20130503192659.13651.20287@mg.shop.example",
        },
        "attachments": [],
        "size": 111,
    },
    "flags": {"is-routed": False, "is-authenticated": True},
    "user-variables": {},
    "tags": [],
}

# ------------------------------------------------------------------ Postmark


def postmark(record: dict[str, Any], secret: str = SECRET) -> Posted:
    shown = base64.b64encode(f"nurture:{secret}".encode()).decode()
    return {"authorization": f"Basic {shown}"}, dumped(record)


POSTMARK = {
    "RecordType": "Bounce",
    "MessageStream": "broadcast",
    "ID": 4323372036854775807,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "Tag": "Test",
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "Metadata": {"a_key": "a_value"},
    "ServerID": 23,
    "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
    "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
    "Email": "ann@example.test",
    "From": "hello@shop.example",
    "BouncedAt": "2017-07-31T18:59:00.2735393-04:00",
    "DumpAvailable": True,
    "Inactive": True,
    "CanActivate": True,
    "Subject": "Hello",
}

# ------------------------------------------------------------------ our own


def generic(body: bytes, *, at: int = AT, secret: str = WHSEC, name: str = "msg_1") -> Posted:
    signature = _mac(base64.b64decode(secret.removeprefix("whsec_")), f"{name}.{at}.".encode() + body)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }, body


GENERIC = {
    "id": "evt-1",
    "kind": "bounced",
    "recipient": "ann@example.test",
    "severity": "hard",
    "reason": "5.1.1",
    "said": "no such user",
    "at": "2017-07-31T22:59:00Z",
}

# ------------------------------------------------------------------ SES


@cache
def sns_certificate() -> tuple[rsa.RSAPrivateKey, bytes]:
    """A key as SNS has one, and its certificate in PEM."""
    key = rsa.generate_private_key(65_537, 2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.datetime(2017, 1, 1))
        .not_valid_after(datetime.datetime(2018, 1, 1))
        .sign(key, hashes.SHA256())
    )
    return key, made.public_bytes(serialization.Encoding.PEM)


def sns(message: object, *, version: str = "1", sign: bool = True, **more: str) -> dict[str, str]:
    """An envelope, signed unless told otherwise."""
    fields = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2017-07-31T22:59:30.000Z",
        "SigningCertURL": CERTIFICATE,
        "UnsubscribeURL": f"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:c9",
        **more,
    }
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    content = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = sns_certificate()[0].sign(content, padding.PKCS1v15(), algorithm) if sign else b"none"
    return {**fields, "SignatureVersion": version, "Signature": base64.b64encode(signature).decode()}


def subscription(**more: str) -> dict[str, str]:
    """What SNS posts first."""
    return sns(
        "You have chosen to subscribe to the topic.",
        **{
            "Type": "SubscriptionConfirmation",
            "Token": "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92768dd60a747ba6f3beb71854e2",
            "SubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336",
            **more,
        },
    )


SES_MAIL = {
    "timestamp": "2017-07-31T22:58:00.000Z",
    "source": "hello@shop.example",
    "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/shop.example",
    "sendingAccountId": "123456789012",
    "messageId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000",
    "destination": ["ann@example.test", "bob@example.test"],
    "headersTruncated": False,
    "headers": [{"name": "From", "value": "Corner Shop <hello@shop.example>"}],
    "commonHeaders": {"from": ["Corner Shop <hello@shop.example>"], "subject": "Hello"},
}
SES_BOUNCE = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "reportingMTA": "dns; email.example.com",
        "bouncedRecipients": [
            {
                "emailAddress": "ann@example.test",
                "status": "5.1.1",
                "action": "failed",
                "diagnosticCode": "smtp; 550 5.1.1 <ann@example.test>... User unknown",
            }
        ],
        "timestamp": "2017-07-31T22:58:30.237Z",
        "feedbackId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa068a-000000",
        "remoteMtaIp": "127.0.2.0",
    },
    "mail": SES_MAIL,
}

# ------------------------------------------------------------------ shops


def shopify(topic: str, body: bytes, secret: str = SECRET) -> Posted:
    return {
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": base64.b64encode(_mac(secret, body)).decode(),
        "x-shopify-shop-domain": "corner.myshopify.com",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-api-version": "2025-01",
    }, body


def shopify_line(number: int, sku: str, price: str, quantity: int = 1, off: str = "") -> dict[str, Any]:
    return {
        "id": number,
        "sku": sku,
        "variant_id": 39072856,
        "product_id": 632910392,
        "title": "Lamp",
        "quantity": quantity,
        "current_quantity": quantity,
        "price": price,
        "total_discount": "0.00",
        "discount_allocations": [{"amount": off, "discount_application_index": 0}] if off else [],
        "tax_lines": [],
        "taxable": True,
    }


SHOPIFY = {
    "id": 450789469,
    "name": "#1001",
    "email": "Bob.Norman@mail.example.test",
    "contact_email": "bob.norman@mail.example.test",
    "created_at": "2017-07-31T18:00:00-04:00",
    "processed_at": "2017-07-31T18:00:00-04:00",
    "updated_at": "2017-07-31T18:00:05-04:00",
    "cancelled_at": None,
    "test": False,
    "currency": "USD",
    "presentment_currency": "USD",
    "taxes_included": False,
    "financial_status": "paid",
    "buyer_accepts_marketing": True,
    "customer_locale": "en-US",
    "discount_codes": [{"code": "TENOFF", "amount": "10.00", "type": "fixed_amount"}],
    "customer": {
        "id": 207119551,
        "first_name": "Bob",
        "last_name": "Norman",
        "email": "bob.norman@mail.example.test",
    },
    "billing_address": {"first_name": "Bob", "last_name": "Norman", "country_code": "US"},
    "line_items": [
        shopify_line(466157049, "IPOD-GREEN", "199.00", 2, off="10.00"),
        shopify_line(518995019, "IPOD-RED", "50.00"),
    ],
    "refunds": [],
}


def shopify_refund(number: int, *lines: tuple[int, str, int, str], adjusted: str = "") -> dict[str, Any]:
    """`lines`: (line, sku, quantity, subtotal)."""
    adjustments = [
        {"id": 4221763620, "refund_id": number, "amount": adjusted, "kind": "refund_discrepancy",
         "reason": "Refund discrepancy"},
    ]  # fmt: skip
    return {
        "id": number,
        "order_id": 450789469,
        "created_at": "2017-07-31T18:30:00-04:00",
        "processed_at": "2017-07-31T18:30:00-04:00",
        "note": "it broke during shipping",
        "refund_line_items": [
            {
                "id": number + line,
                "line_item_id": line,
                "quantity": quantity,
                "subtotal": float(subtotal),
                "total_tax": 0.0,
                "restock_type": "return",
                "line_item": {"id": line, "sku": sku, "quantity": quantity},
            }
            for line, sku, quantity, subtotal in lines
        ],
        "order_adjustments": adjustments if adjusted else [],
        "transactions": [],
    }


def woocommerce(topic: str, body: bytes, secret: str = SECRET) -> Posted:
    return {
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-signature": base64.b64encode(_mac(secret, body)).decode(),
        "x-wc-webhook-id": "142",
        "x-wc-webhook-delivery-id": "723",
    }, body


WOOCOMMERCE = {
    "id": 727,
    "number": "727",
    "status": "processing",
    "currency": "USD",
    "prices_include_tax": False,
    "date_created_gmt": "2017-07-31T22:28:02",
    "date_modified_gmt": "2017-07-31T22:28:08",
    "date_paid_gmt": "2017-07-31T22:28:08",
    "total": "29.35",
    "billing": {"first_name": "John", "last_name": "Doe", "country": "US", "email": "john.doe@example.test"},
    "line_items": [
        {"id": 315, "name": "Woo Single #1", "product_id": 93, "variation_id": 0, "quantity": 2, "subtotal": "6.00",
         "total": "6.00", "total_tax": "0.45", "sku": "", "price": 3},
        {"id": 316, "name": "Ship Your Idea", "product_id": 22, "variation_id": 23, "quantity": 1,
         "subtotal": "12.00", "total": "12.00", "total_tax": "0.90", "sku": "Bar3", "price": 12},
    ],
    "coupon_lines": [{"id": 1, "code": "welcome"}],
    "shipping_lines": [{"total": "10.00"}],
    "refunds": [],
}  # fmt: skip


def stripe(event: dict[str, Any], *, at: int = AT, secret: str = SECRET) -> Posted:
    body = dumped(event)
    return stripe_signed(body, at=at, secret=secret), body


def stripe_signed(body: bytes, *, at: int = AT, secret: str = SECRET) -> dict[str, str]:
    signature = _mac(secret, f"{at}.".encode() + body).hex()
    return {
        "stripe-signature": f"t={at},v1={signature},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba8"
    }


def stripe_event(
    kind: str, it: dict[str, Any], name: str = "evt_1Nk", created: int = AT - 30
) -> dict[str, Any]:
    return {
        "id": name,
        "object": "event",
        "api_version": "2025-03-31.basil",
        "created": created,
        "data": {"object": it},
        "livemode": True,
        "type": kind,
    }


CHECKOUT = {
    "id": "cs_live_a1",
    "object": "checkout.session",
    "amount_subtotal": 2198,
    "amount_total": 2198,
    "consent": {"promotions": "opt_in", "terms_of_service": None},
    "created": AT - 90,
    "currency": "usd",
    "customer_details": {"address": {"country": "US"}, "email": "Eve@example.test", "name": "Eve Adams"},
    "customer_email": None,
    "invoice": None,
    "locale": "auto",
    "metadata": {},
    "mode": "payment",
    "payment_intent": "pi_1",
    "payment_link": None,
    "payment_status": "paid",
    "status": "complete",
}
INVOICE = {
    "id": "in_1",
    "object": "invoice",
    "amount_due": 1190,
    "amount_paid": 1190,
    "billing_reason": "subscription_cycle",
    "created": AT - 3600,
    "currency": "usd",
    "customer_email": "eve@example.test",
    "customer_name": "Eve Adams",
    "customer_address": None,
    "lines": {
        "object": "list",
        "data": [
            {"id": "il_1", "amount": 700, "quantity": 1, "metadata": {}, "description": "1 × Coffee",
             "pricing": {"price_details": {"price": "price_1", "product": "prod_coffee"}, "type": "price_details"}},
            {"id": "il_2", "amount": 300, "quantity": 1, "metadata": {"sku": "TEA-1"}, "description": "1 × Tea"},
            {"id": "il_3", "amount": -100, "quantity": 1, "metadata": {}, "description": "Unused time"},
        ],
    },
    "payment_intent": "pi_9",
    "status": "paid",
    "status_transitions": {"finalized_at": AT - 200, "paid_at": AT - 120},
}  # fmt: skip
CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "amount": 2198,
    "amount_refunded": 1000,
    "billing_details": {"email": "eve@example.test"},
    "created": AT - 90,
    "currency": "usd",
    "invoice": None,
    "payment_intent": "pi_1",
    "refunded": False,
    "status": "succeeded",
}
