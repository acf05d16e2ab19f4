"""The provider `inbox`: keeps every letter in the workspace, whole, instead of sending it."""

from __future__ import annotations

import asyncio
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from itertools import zip_longest

from nurture.clock import Clock
from nurture.delivery.outcome import Accepted, MessageKey, Outcome, TryLater
from nurture.errors import StoreError
from nurture.providers.base import Call, Desk, Letter
from nurture.providers.smtp_replies import clean
from nurture.store import inbox
from nurture.store.engine import Store

GROUP = 500
"""Letters kept in one transaction."""
LONGEST_URL = 2_000

_SUBJECT = re.compile(rb"(?im)^subject:[ \t]*((?:[^\r\n]*)(?:\r?\n[ \t]+[^\r\n]*)*)")


class InboxProvider:
    """Takes letters in groups: one commit to hand a group over, one to keep it. Keeps calls as well."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def deliver(self, desk: Desk) -> None:
        """See `Provider.deliver`."""
        done: list[tuple[MessageKey, Outcome]] = []
        while True:
            if done and not desk.ready():
                # At once, so that one transaction ends these messages and claims the next.
                group, _ = await asyncio.gather(_group(desk), _exchange(desk, done, []))
                done = []
            else:
                group = await _group(desk)
            if not group:
                return
            letters = await _exchange(desk, done, group)
            done = await asyncio.to_thread(self._keep, letters) if letters else []

    async def post(self, letter: Letter) -> Outcome:
        """See `Provider.post`."""
        return (await asyncio.to_thread(self._keep, [letter]))[0][1]

    async def call(self, call: Call) -> Outcome:
        """See `Caller.call`. It is kept like a letter, so that what would have gone out can be looked at."""
        return await self.post(as_letter(call))

    async def close(self) -> None:
        """See `Provider.close`."""

    def _keep(self, letters: list[Letter]) -> list[tuple[MessageKey, Outcome]]:
        at = self._clock.now()
        packed = [
            (
                inbox.Kept(key=it.key, at=at, recipient=it.recipient, subject=subject_of(it.content)),
                inbox.pack(it.content),
            )
            for it in letters
        ]
        outcome: Outcome = Accepted(reply="kept in the inbox")
        try:
            with self._store.write() as tx:
                inbox.keep(tx, packed)
        except StoreError as error:
            outcome = TryLater(reply=error.message)
        return [(it.key, outcome) for it in letters]


async def _group(desk: Desk) -> list[Letter]:
    letters: list[Letter] = []
    while len(letters) < GROUP and (not letters or desk.ready()):
        letter = await desk.take()
        if letter is None:
            break
        letters.append(letter)
    return letters


async def _exchange(desk: Desk, done: list[tuple[MessageKey, Outcome]], group: list[Letter]) -> list[Letter]:
    """Record `done` and ask leave for `group`, all at once. Returns those that may be handed over."""
    pairs = zip_longest(done, group)
    answers = await asyncio.gather(*(desk.exchange(result, it.key if it else None) for result, it in pairs))
    return [it for it, leave in zip(group, answers, strict=False) if leave]


def as_letter(call: Call) -> Letter:
    """A call in the shape of a letter: its own headers, and its body as text."""
    url = clean(call.url)[:LONGEST_URL]
    told = {"To": url, "Subject": "Webhook", **call.headers, "Content-Type": "text/plain; charset=utf-8"}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    content = head.encode("utf-8", "replace") + b"\r\n" + call.content + b"\r\n"
    return Letter(key=call.key, sender="", recipient=url, content=content)


def subject_of(content: bytes) -> str:
    """The subject of a message, decoded; as it stands where it cannot be."""
    found = _SUBJECT.search(content.partition(b"\r\n\r\n")[0])
    raw = found.group(1).decode("utf-8", "replace") if found else ""
    try:
        return clean(str(make_header(decode_header(raw))))
    except (HeaderParseError, LookupError, ValueError):
        return clean(raw)
