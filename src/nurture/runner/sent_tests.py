"""A message sent to somebody who only wants to see it: through the provider, and without any trace."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nurture.clock import Moment
from nurture.delivery.outcome import MessageKey
from nurture.messages.dkim import DkimSigners
from nurture.messages.headers import address, read_mailbox
from nurture.messages.mime import MailHeaders, compose, verify
from nurture.providers.base import Letter
from nurture.runner.preview import OwnPages, Seen
from nurture.store import suppressions
from nurture.store.engine import Store

MARK = "[Test]"
"""Before the subject, so that nobody takes it for the real one."""
PATH = "/t"
"""Below it are the pages that the links of a test lead to."""
_STEP = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """An address that is not mailed, and why."""

    to: str
    reason: str


def pages_of_tests(public_url: str) -> OwnPages:
    """Where the links lead by which people leave: to a page that says that it was a test."""
    base = f"{public_url}{PATH}"
    return OwnPages(
        unsubscribe=f"{base}/unsubscribe",
        preferences=f"{base}/preferences",
        confirm=f"{base}/confirm",
        view=f"{base}/view",
        answers=f"{base}/answer",
    )


def letters_for(
    store: Store, address_key: bytes, dkim: DkimSigners, seen: Seen, to: list[str], now: Moment
) -> list[Letter | Never]:
    """The letter for each address, or why it gets none. Raises TemplateError where an address cannot stand in a mail.

    Links lead straight to where they go, there is no pixel, and no header to unsubscribe by: nobody is in the books.
    """
    clean = [address(it.strip()) for it in to]
    with store.read() as tx:
        never = suppressions.suppressed(tx, address_key, clean)
    ids = store.ids.take(len(clean), now)
    made: list[Letter | Never] = []
    for it, id_ in zip(clean, ids, strict=True):
        if it in never:
            made.append(Never(to=it, reason=never[it]))
        else:
            made.append(_letter(dkim, seen, it, MessageKey(id_, _STEP), now))
    return made


def _letter(dkim: DkimSigners, seen: Seen, to: str, key: MessageKey, now: Moment) -> Letter:
    rendered = replace(seen.rendered, subject=f"{MARK} {seen.rendered.subject}")
    headers = MailHeaders(key=key, sender=seen.sender, to=to, reply_to=seen.reply_to, now=now)
    content = compose(rendered, headers)
    verify(content, headers.names)
    signed = dkim.sign(content, seen.sender, now)
    return Letter(key=key, sender=read_mailbox(seen.sender)[1], recipient=to, content=signed)
