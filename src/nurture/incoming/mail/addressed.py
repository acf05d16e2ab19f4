"""To which of our own addresses a mail came, and what their tokens say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nurture.incoming.mail.headers import Head, addresses_in
from nurture.messages.return_path import read_reply_address, read_return_path, read_unsubscribe_address
from nurture.messages.tokens import Key, Signer

_MOST = 50
_SHAPE = re.compile(r"<?[bur]\+", re.IGNORECASE)
_HEADERS = (
    "delivered-to",
    "x-original-to",
    "x-delivered-to",
    "envelope-to",
    "x-envelope-to",
    "to",
    "cc",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """What the addresses of one mail say. A token cannot be made up, only passed on by who has the message."""

    bounced: tuple[Key, ...] = ()
    """Messages whose return path it came to."""
    unsubscribed: tuple[Key, ...] = ()
    answered: int | None = None
    """The reply to which it is the answer."""


def read_addressed(addresses: Sequence[str], signer: Signer) -> Addressed:
    """What `addresses`, in any case and perhaps in `<>`, say."""
    few = addresses[:_MOST]
    bounced = (read_return_path(it, signer) for it in few)
    unsubscribed = (read_unsubscribe_address(it, signer) for it in few)
    return Addressed(
        bounced=tuple(dict.fromkeys(it for it in bounced if it is not None)),
        unsubscribed=tuple(dict.fromkeys(it for it in unsubscribed if it is not None)),
        answered=reply_token_of(few, signer),
    )


def reply_token_of(envelope_to: Sequence[str], signer: Signer) -> int | None:
    """The id of the reply to which a mail to these addresses is the answer; None: it is none."""
    read = (read_reply_address(it, signer) for it in envelope_to[:_MOST])
    return next((it for it in read if it is not None), None)


def is_token_shaped(address: str) -> bool:
    """Whether it looks like one of the addresses that only we make, whether or not we made it."""
    return bool(_SHAPE.match(address.strip()))


def addresses_of(head: Head) -> list[str]:
    """Where a mail was sent to, as its head says: for a mailbox, which keeps no envelope.

    As good as the envelope where a token is in it: who can write the token here can send to its address.
    """
    found = dict.fromkeys(it for field in head.all(*_HEADERS) for it in addresses_in(field))
    return list(found)[:_MOST]
