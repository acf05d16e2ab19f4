"""One delivery over several relays: who gets the next letter, and when there is nothing more to do.

Letters are shared by start-time fair queueing (Goyal, Vin and Cheng 1996): a relay's tag grows by 1/weight with each
letter, the lowest tag among those with a connection free is next, and nobody saves up what it could not take.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from nurture.clock import SECOND, Clock, Moment
from nurture.delivery.outcome import MessageKey, Outcome
from nurture.delivery.throttle import Throttle
from nurture.providers.base import Desk, Letter
from nurture.providers.smtp_site import Site

LOOK_EVERY = 1.0
"""Seconds between two looks at a desk that had nothing, while letters are under way."""
SHORT = 1.0
"""Seconds that a relay's rate may keep a worker waiting without work anywhere."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Wish:
    """Somebody waits for a letter."""

    site: Site
    letter: asyncio.Future[Letter | None]


@dataclass(slots=True, kw_only=True)
class _Moved:
    """A letter that one connection could not bring on its way."""

    letter: Letter
    tried: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Now:
    """What the relays share between two deliveries."""

    tag: float = 0.0
    """Of the letter that went last."""


class Round:
    """Hands the letters of one desk to the workers of all relays."""

    def __init__(
        self, desk: Desk, sites: Sequence[Site], shared: Now, clock: Clock, throttle: Throttle | None
    ) -> None:
        self._desk = desk
        self._sites = sites
        self._clock = clock
        self._throttle = throttle
        self._loop = asyncio.get_running_loop()
        self._workers = {site: site.relay.connections for site in sites}
        """How many there are yet."""
        self._coming = dict(self._workers)
        """How many have not begun."""
        self._busy = dict(self._workers)
        """How many of them neither wait for a letter nor rest."""
        self._wishes: deque[_Wish] = deque()
        self._resting: set[asyncio.Future[None]] = set()
        self._moved: deque[_Moved] = deque()
        self._tried: dict[MessageKey, set[str]] = {}
        self._took_at: dict[MessageKey, Moment] = {}
        """Of letters that go through a relay with a rate."""
        self._shared = shared
        self._serving: asyncio.Task[None] | None = None
        self._turn = asyncio.Event()
        self._dry_until = 0.0
        """The desk had nothing: it is not asked again before, unless it says that it has."""
        self.over = False
        self.moved = 0
        """How many letters came to something that is known."""

    # -- for workers ---------------------------------------------------------------------------------------------

    def begins(self, site: Site) -> None:
        """A worker of `site` begins."""
        self._coming[site] -= 1

    def ready(self, site: Site) -> bool:
        """Whether `take` would answer without waiting."""
        if not self._may(site) or self._somebody_before(site):
            return False
        return self._desk.ready() or self._moved_for(site) is not None

    async def take(self, site: Site) -> Letter | None:
        """The next letter for `site`; None: nothing more for it now."""
        if self.over:
            return None
        if self.ready(site):
            moved = self._moved_for(site)
            letter = self._take_moved(moved) if moved else await self._desk.take()
            if letter is not None:
                self._served(site, letter)
                return letter
        wish = _Wish(site=site, letter=self._loop.create_future())
        self._wishes.append(wish)
        self._busy[site] -= 1
        if self._serving is None or self._serving.done():
            self._serving = self._loop.create_task(self._serve())
        self._turn.set()
        try:
            return await wish.letter
        except asyncio.CancelledError:
            if wish.letter.done() and not wish.letter.cancelled() and (late := wish.letter.result()):
                self._desk.give_back(late.key)
            raise
        finally:
            self._busy[site] += 1

    def move_on(self, site: Site, letter: Letter, *, again: bool) -> bool:
        """Give a letter that `site` did not take to another relay; `again`: or to another connection to this one."""
        tried = self._tried.setdefault(letter.key, set())
        if not again:
            tried.add(site.key)
            if not any(it.key not in tried and it.down is None and self._workers[it] for it in self._sites):
                return False
        self._moved.append(_Moved(letter=letter, tried=tried))
        self._turn.set()
        return True

    def answered(self, site: Site, key: MessageKey) -> None:
        """The relay said what became of a letter."""
        took_at = self._took_at.pop(key, None)
        if took_at is not None and self._throttle is not None:
            self._throttle.answered(site.key, took_at, self._clock.now())

    def fails(self, site: Site) -> None:
        """Those that wait for a letter for `site` wait no more: what comes is for the others."""
        for wish in [it for it in self._wishes if it.site is site]:
            self._wishes.remove(wish)
            if not wish.letter.done():
                wish.letter.set_result(None)

    async def waits_for(self, site: Site) -> bool:
        """Wait until letters may be taken for `site`. False: there is nothing to wait for any more."""
        while not self.over:
            seconds = site.rests_for()
            if site.stands or (seconds <= 0 and site.leader is None):
                return True
            await self._rest(site, seconds if seconds > 0 else None)
        return False

    async def _rest(self, site: Site, seconds: float | None) -> None:
        woken = self._loop.create_future()
        self._resting.add(woken)
        self._busy[site] -= 1
        self._turn.set()
        self._end_if_idle()
        try:
            await asyncio.wait({woken}, timeout=seconds)
        finally:
            self._resting.discard(woken)
            self._busy[site] += 1

    def wake(self) -> None:
        """Those that rest look again."""
        for it in self._resting:
            if not it.done():
                it.set_result(None)

    def leaves(self, site: Site) -> None:
        """A worker of `site` is gone."""
        self._workers[site] -= 1
        self._busy[site] -= 1
        self._turn.set()
        self._end_if_idle()

    async def close(self) -> None:
        """Give back what nobody took on."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait({self._serving})
        while self._moved:
            self._desk.give_back(self._moved.popleft().letter.key)

    # -- sharing -------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        """Bring letters to those that wait, until there are none of either."""
        try:
            while self._wishes:
                self._turn.clear()
                await self._one()
        except Exception as error:
            for wish in self._wishes:
                if not wish.letter.done():
                    wish.letter.set_exception(error)
            self._wishes.clear()

    async def _one(self) -> None:
        """Bring one letter to one that waits, or wait for what may change that."""
        seconds = min(self._seconds(it.site) for it in self._wishes)
        if seconds > 0:
            if seconds > SHORT and not self._anybody_busy():
                self._end()
                return
            await self._sleep(min(seconds, LOOK_EVERY))
            return
        for wish in list(self._wishes):
            moved = self._moved_for(wish.site) if self._may(wish.site) else None
            if moved is not None:
                self._bring(wish, self._take_moved(moved))
                return
        letter = await self._from_desk()
        if letter is not None:
            may = [it for it in self._wishes if not it.letter.done() and self._may(it.site)]
            if may:
                self._bring(min(may, key=lambda it: self._tag(it.site)), letter)
            else:
                self._moved.append(_Moved(letter=letter))
        elif self._anybody_busy():
            await self._sleep(self._dry_until - self._loop.time())
        else:
            self._end()

    async def _from_desk(self) -> Letter | None:
        if self._loop.time() < self._dry_until and not self._desk.ready():
            return None
        letter = await self._desk.take()
        if letter is None:
            self._dry_until = self._loop.time() + LOOK_EVERY
        return letter

    def _bring(self, wish: _Wish, letter: Letter) -> None:
        self._wishes.remove(wish)
        if wish.letter.done():
            self._moved.append(_Moved(letter=letter))
            return
        self._served(wish.site, letter)
        wish.letter.set_result(letter)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._turn.wait(), seconds)

    def _served(self, site: Site, letter: Letter) -> None:
        site.tag = (start := self._tag(site)) + 1 / site.relay.weight
        self._shared.tag = start
        if self._throttle is not None:
            now = self._clock.now()
            self._throttle.took(site.key, now)
            if site.relay.rate is not None:
                self._took_at[letter.key] = now

    def _somebody_before(self, site: Site) -> bool:
        """Whether a relay with a connection free comes before `site`."""
        if len(self._sites) == 1:
            return False
        mine = self._tag(site)
        return any(
            it is not site
            and it.down is None
            and self._tag(it) < mine
            and self._is_free(it)
            and self._may(it)
            for it in self._sites
        )

    def _tag(self, site: Site) -> float:
        return max(self._shared.tag, site.tag)

    def _is_free(self, site: Site) -> bool:
        return self._coming[site] > 0 or any(it.site is site for it in self._wishes)

    def _may(self, site: Site) -> bool:
        return self._throttle is None or self._seconds(site) <= 0

    def _seconds(self, site: Site) -> float:
        """Until the rate and the pauses of `site` let the next letter through."""
        if self._throttle is None:
            return 0.0
        now = self._clock.now()
        return (self._throttle.when(site.key, now) - now) / SECOND

    def _moved_for(self, site: Site) -> _Moved | None:
        return next((it for it in self._moved if site.key not in it.tried), None) if self._moved else None

    def _take_moved(self, moved: _Moved) -> Letter:
        self._moved.remove(moved)
        return moved.letter

    # -- the end -------------------------------------------------------------------------------------------------

    def _anybody_busy(self) -> bool:
        return any(self._busy.values())

    def _end_if_idle(self) -> None:
        """Where nobody works and nobody waits for a letter, those that rest need not wait for better days."""
        if not self._wishes and not self._anybody_busy():
            self._end()

    def _end(self) -> None:
        self.over = True
        for wish in self._wishes:
            if not wish.letter.done():
                wish.letter.set_result(None)
        self._wishes.clear()
        self.wake()


class Share:
    """The desk as the workers of one relay see it."""

    def __init__(self, round_: Round, site: Site, desk: Desk) -> None:
        self._round = round_
        self._site = site
        self._desk = desk
        self.exchange = desk.exchange if site.relay.rate is None else self._exchange
        self.give_back = desk.give_back
        self.lanes = desk.lanes

    async def _exchange(self, done: tuple[MessageKey, Outcome] | None, mark: MessageKey | None) -> bool:
        if done is not None:
            self._round.answered(self._site, done[0])
        return await self._desk.exchange(done, mark)

    async def take(self, lane: str | None = None) -> Letter | None:
        """See `Desk.take`."""
        return await self._round.take(self._site)

    def ready(self, lane: str | None = None) -> bool:
        """See `Desk.ready`."""
        return self._round.ready(self._site)
