"""The turns of one connection: envelope, leave to hand over, body, answer, and what a lost connection means
for each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from nurture.delivery.outcome import Accepted, MessageKey, Outcome, Refused, TryLater, Unknown
from nurture.delivery.replies import Phase, judge
from nurture.providers.base import Desk, Letter
from nurture.providers.smtp_envelope import Envelope, address_envelope, stuff
from nurture.providers.smtp_replies import Reply
from nurture.providers.smtp_talk import Lost, No, Talk

Heard = Callable[[Reply, Phase], None]
"""Told of every answer that is not a yes, whatever becomes of the letter."""
MoveOn = Callable[[Letter, bool], bool]
"""Asked where a letter was surely not taken: whether another connection takes it on. It is then that one's.

With whether the server had looked at its envelope: then it may be the letter that the server cannot stand.
"""


class Turns:
    """Hands letters over on one connection, one after the other, until the desk has none, the connection ends, or
    `most` (0: any number) were begun. Takes those of `lane` alone where it is given."""

    def __init__(
        self,
        talk: Talk,
        desk: Desk,
        *,
        lane: str | None = None,
        most: int = 0,
        heard: Heard | None = None,
        move_on: MoveOn | None = None,
    ) -> None:
        self._talk = talk
        self._desk = desk
        self._lane = lane
        self._most = most
        self._heard = heard
        self._move_on = move_on
        self._next: Letter | None = None
        """Its envelope went out, or is about to."""
        self._awaiting: Letter | None = None
        """Its body went out; the answer has not come."""
        self._done: tuple[MessageKey, Outcome] | None = None
        self.begun = 0
        """How many envelopes were written."""
        self.moved = 0
        """How many letters came to something that is known: taken, refused, put off or stopped."""

    async def run(self, first: Letter) -> str:
        """As `carry`, then part from the server."""
        ended = await self.carry(first)
        if not ended:
            with contextlib.suppress(Lost):
                await self._talk.quit()
        return ended

    async def carry(self, first: Letter) -> str:
        """Begin with `first`. Returns why the connection ended; empty: it is open, and between two letters."""
        try:
            await self._begin(first)
            while self._next is not None:
                await self._turn(self._next)
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
                self.begun += 1
                return
            self._next = None
            letter = await self._desk.take(self._lane)

    async def _envelope(self, letter: Letter) -> Envelope | None:
        """None: it cannot have one, which is recorded."""
        found = address_envelope(letter, self._talk.offered)
        if isinstance(found, Refused):
            await self._record((letter.key, found))
            return None
        return found

    async def _turn(self, letter: Letter) -> None:
        if self._awaiting is not None:
            await self._finish(self._awaiting)
        no = await self._talk.opened()
        if no is not None:
            await self._closed(letter, no)
            return
        done, self._done = self._done, None
        self._count(done)
        self._next = None
        if not await self._desk.exchange(done, letter.key):
            self.moved += 1
            raise Lost("a message was stopped when the relay waited for it already")
        await self._write(letter)

    async def _closed(self, letter: Letter, no: No) -> None:
        """The envelope was not taken."""
        await self._flush()
        reply, phase = no.reply, no.phase
        if reply.code == 421 and phase == "mail":
            self._listen(reply, phase)
            raise Lost(f"{reply.code} {reply.text}")
        self._next = None
        if not (reply.code == 421 and self._moves_on(letter, True)):
            self._done = (letter.key, judge(reply.code, reply.text, phase))
        self._listen(reply, phase)
        if reply.code == 421:
            raise Lost(f"{reply.code} {reply.text}")
        await self._fetch()

    async def _write(self, letter: Letter) -> None:
        """Write the body of `letter`, for which leave was given, and the next envelope behind it."""
        following, envelope = None, None
        if self._talk.ahead and self._has_room() and self._desk.ready(self._lane):
            following = await self._desk.take(self._lane)
            self._next = following
            envelope = await self._envelope(following) if following else None
            self._next = following if envelope else None
        if not self._talk.alive:
            self._done = (letter.key, TryLater(reply="the connection was lost before the message went"))
            raise Lost("the connection was lost")
        self._awaiting = letter
        self._talk.send_body(letter.content if letter.sound else stuff(letter.content), envelope)
        if self._next is not None:
            self.begun += 1
        else:
            await self._finish(letter)
            await self._fetch()

    async def _finish(self, letter: Letter) -> None:
        """Wait for the answer to the body that is out."""
        reply = await self._talk.final()
        outcome = judge(reply.code, reply.text, "body")
        self._awaiting = None
        self._done = (letter.key, outcome)
        if isinstance(outcome, Accepted):
            return
        self._listen(reply, "body")
        if reply.code == 421 or isinstance(outcome, Unknown):
            raise Lost(f"{reply.code} {reply.text}")

    async def _fetch(self) -> None:
        """Record what is done, then wait for the next letter, if this connection may carry one more."""
        await self._flush()
        if self._has_room():
            await self._begin(await self._desk.take(self._lane))

    def _has_room(self) -> bool:
        return not self._most or self.begun < self._most

    def _listen(self, reply: Reply, phase: Phase) -> None:
        if self._heard is not None and reply.code >= 400:
            self._heard(reply, phase)

    def _moves_on(self, letter: Letter, looked_at: bool) -> bool:
        return self._move_on is not None and self._move_on(letter, looked_at)

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
        looked_at = lost.answered and awaiting is None
        if following is None or self._moves_on(following, looked_at):
            return
        if looked_at:
            await self._record((following.key, TryLater(reply=lost.reason)))
        else:
            self._desk.give_back(following.key)
