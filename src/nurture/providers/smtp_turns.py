"""The turns of one connection: envelope, leave to hand over, body, answer, and what a lost connection means
for each."""

from __future__ import annotations

import contextlib

from nurture.delivery.outcome import Accepted, MessageKey, Outcome, Refused, TryLater, Unknown
from nurture.delivery.replies import judge
from nurture.providers.base import Desk, Letter
from nurture.providers.smtp_envelope import Envelope, address_envelope, stuff
from nurture.providers.smtp_talk import Lost, Talk


class Turns:
    """Hands letters over on one connection, one after the other, until the desk has none or the connection
    ends."""

    def __init__(self, talk: Talk, desk: Desk) -> None:
        self._talk = talk
        self._desk = desk
        self._next: Letter | None = None
        """Its envelope went out, or is about to."""
        self._awaiting: Letter | None = None
        """Its body went out; the answer has not come."""
        self._done: tuple[MessageKey, Outcome] | None = None
        self.moved = 0
        """How many letters came to something that is known: taken, refused, put off or stopped."""

    async def run(self, first: Letter) -> str:
        """Begin with `first`. Returns why the connection ended; empty: there was nothing more to send."""
        try:
            await self._begin(first)
            while self._next is not None:
                await self._turn(self._next)
            with contextlib.suppress(Lost):
                await self._talk.quit()
        except Lost as lost:
            self._talk.abort()
            await self._after_loss(lost)
            return lost.reason
        except BaseException:
            self._talk.abort()
            raise
        return ""

    async def _begin(self, letter: Letter | None) -> None:
        """Open the envelope of `letter`, or of the first behind it that can have one."""
        while letter is not None:
            self._next = letter
            envelope = await self._envelope(letter)
            if envelope is not None:
                self._talk.begin(envelope)
                return
            self._next = None
            letter = await self._desk.take()

    async def _envelope(self, letter: Letter) -> Envelope | None:
        """None: it cannot have one, which is recorded."""
        found = address_envelope(letter, self._talk.offered)
        if isinstance(found, Refused):
            await self._record((letter.key, found))
            return None
        return found

    async def _turn(self, letter: Letter) -> None:
        await self._finish()
        no = await self._talk.opened()
        if no is not None:
            await self._flush()
            if no.reply.code == 421 and no.phase == "mail":
                raise Lost(f"{no.reply.code} {no.reply.text}")
            self._next = None
            self._done = (letter.key, judge(no.reply.code, no.reply.text, no.phase))
            if no.reply.code == 421:
                raise Lost(f"{no.reply.code} {no.reply.text}")
            await self._fetch()
            return
        done, self._done = self._done, None
        self._count(done)
        self._next = None
        if not await self._desk.exchange(done, letter.key):
            self.moved += 1
            raise Lost("a message was stopped when the relay waited for it already")
        if not self._talk.alive:
            self._done = (letter.key, TryLater(reply="the connection was lost before the message went"))
            raise Lost("the connection was lost")
        await self._write(letter)

    async def _write(self, letter: Letter) -> None:
        following, envelope = None, None
        if self._talk.ahead and self._desk.ready():
            following = await self._desk.take()
            self._next = following
            envelope = await self._envelope(following) if following else None
        self._awaiting = letter
        self._next = following if envelope else None
        self._talk.send_body(stuff(letter.content), envelope)
        if self._next is None:
            await self._finish()
            await self._fetch()

    async def _finish(self) -> None:
        """Wait for the answer to the body that is out."""
        letter = self._awaiting
        if letter is None:
            return
        reply = await self._talk.final()
        outcome = judge(reply.code, reply.text, "body")
        self._awaiting = None
        self._done = (letter.key, outcome)
        if reply.code == 421 or isinstance(outcome, Unknown):
            raise Lost(f"{reply.code} {reply.text}")

    async def _fetch(self) -> None:
        """Record what is done, then wait for the next letter."""
        await self._flush()
        await self._begin(await self._desk.take())

    async def _flush(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            await self._record(done)

    def _count(self, done: tuple[MessageKey, Outcome] | None) -> None:
        # Not what is unknown: a relay that breaks off after every body must not be fed the whole outbox.
        self.moved += done is not None and not isinstance(done[1], Unknown)

    async def _record(self, done: tuple[MessageKey, Outcome]) -> None:
        self._count(done)
        await self._desk.exchange(done, None)

    async def _after_loss(self, lost: Lost) -> None:
        """Say of each letter under way what is true of it."""
        awaiting, following = self._awaiting, self._next
        self._awaiting = self._next = None
        if lost.confused and self._done is not None and isinstance(self._done[1], Accepted):
            self._done = (self._done[0], Unknown(reason=lost.reason))
        await self._flush()
        if awaiting is not None:
            await self._record((awaiting.key, Unknown(reason=lost.reason)))
        if following is not None and lost.answered and awaiting is None:
            await self._record((following.key, TryLater(reply=lost.reason)))
        elif following is not None:
            self._desk.give_back(following.key)
