"""The message of ours that a bounce or a complaint brings back: which it is, as far as that cannot be made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from nurture.incoming.mail.headers import NO_HEAD, Head, address_of, read_head, split_head
from nurture.incoming.mail.structure import Mail
from nurture.messages.mime import read_message_id
from nurture.messages.return_path import read_return_path
from nurture.messages.tokens import Key, Signer

WHOLE = ("message/rfc822", "message/global")
HEADERS = ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "message/rfc822-header")
_MOST_TRIED = 20
_QUOTED_ID = re.compile(
    r"^[>| \t*]{0,8}(?:message-id|return-path)[ \t]{0,3}:[ \t]{0,8}(?:\n[>| \t]{1,8})?<?([^\s<>]{3,320})",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What came back of the message itself."""

    key: Key | None = None
    """None: it bears no number that we gave."""
    to: str = ""
    """To whom its head says it went."""


def read_original(mail: Mail, signer: Signer) -> Original:
    """The returned message, or its head, wherever in the mail it is; in old bounces, in the text."""
    returned = _returned_head(mail)
    tried = islice(_candidates(mail, returned), _MOST_TRIED)
    key = next((it for it in (_key(text, signer) for text in tried) if it is not None), None)
    return Original(key=key, to=address_of(returned.get("to")))


def _returned_head(mail: Mail) -> Head:
    for part in mail.of_type(*WHOLE, *HEADERS):
        if head := read_head(split_head(part.content.lstrip())[0]):
            return head
    return NO_HEAD


def _candidates(mail: Mail, returned: Head) -> Iterator[str]:
    yield from returned.all("message-id", "return-path", "x-original-message-id")
    for part in mail.of_type("message/feedback-report"):
        yield from read_head(part.content).all("original-mail-from", "original-envelope-id")
    for part in mail.of_type("text/plain", "text/html"):
        yield from (it[1] for it in islice(_QUOTED_ID.finditer(part.text), _MOST_TRIED))


def _key(text: str, signer: Signer) -> Key | None:
    return read_message_id(text, signer) or read_return_path(text, signer)
