"""Feedback reports: complaints (RFC 5965), and others in the same shape that are none (RFC 6591, 6430)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nurture.incoming.mail.headers import Head, address_of, addresses_in, read_blocks
from nurture.incoming.mail.structure import Mail

TYPE = "message/feedback-report"

_MEANS: dict[str, Literal["complained", "unsubscribed", "ignored"]] = {
    "abuse": "complained",
    "fraud": "complained",
    "other": "complained",
    "opt-out": "unsubscribed",
    "opt-out-list": "unsubscribed",
    # A machine found fault with a signature, or with what is attached; nobody complained.
    "auth-failure": "ignored",
    "dkim": "ignored",
    "virus": "ignored",
    # Somebody took it out of the junk folder.
    "not-spam": "ignored",
    "miscategorized": "ignored",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a feedback report says."""

    means: Literal["complained", "unsubscribed", "ignored"]
    type: str
    recipient: str = ""
    """Empty: it was left out, as many do to protect the complainer."""
    text: str = ""
    at: str = ""
    """When the message came to them, as it is written."""


def read_arf(mail: Mail) -> Report | None:
    """The mail's feedback report; None: it holds none."""
    for part in mail.of_type(TYPE):
        blocks = read_blocks(part.text, 1)
        if blocks and "feedback-type" in blocks[0]:
            return _report(blocks[0], part.text)
    return None


def _report(fields: Head, text: str) -> Report:
    kind = fields.get("feedback-type").strip().lower()[:40]
    recipient = next((it for field in fields.all("original-rcpt-to") if (it := _address(field))), "")
    return Report(
        # A type that came later is to be taken for a general one (RFC 5965 section 3.1 and 7.3).
        means=_MEANS.get(kind, "complained"),
        type=kind,
        recipient=recipient,
        text=text[:2_000],
        at=fields.get("arrival-date") or fields.get("received-date"),
    )


def _address(field: str) -> str:
    return address_of(field) or next(iter(addresses_in(field, 1)), "")
