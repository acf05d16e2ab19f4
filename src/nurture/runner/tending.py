"""Reminds people of what they did not confirm yet, and forgets it when it runs out: a loop beside sending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nurture.clock import Clock, Moment
from nurture.errors import NurtureError, StoreError
from nurture.runner.forms import forms_of
from nurture.runner.sign_ups import Desk, expire, remind
from nurture.runner.troubles import Troubles
from nurture.runner.world import World
from nurture.store import sign_ups
from nurture.store.engine import Store

LOOK_EVERY = 30.0
"""Seconds."""
BATCH = 200


def tend(store: Store, world: World, address_key: bytes, now: Moment) -> int:
    """Remind and forget what is due; returns how many sign-ups that were. Costs one look where none is.

    Raises StoreError.
    """
    with store.read() as tx:
        if sign_ups.next_due(tx) > now:
            return 0
    desk = Desk(ids=store.ids, world=world, address_key=address_key)
    forms = forms_of(world.settings)
    with store.write() as tx:
        due = sign_ups.due(tx, now, BATCH)
        over = [it for it in due if it.expires_at <= now]
        for it in due:
            if it.expires_at > now:
                remind(tx, desk, it, forms.get(it.form), now)
        expire(tx, desk, over, now)
    return len(due)


class Tending:
    """Tends sign-ups until it is told to stop."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        world: Callable[[], World],
        address_key: bytes,
        troubles: Troubles,
    ) -> None:
        self._store = store
        self._clock = clock
        self._world = world
        self._address_key = address_key
        self._troubles = troubles

    async def run(self, stop: asyncio.Event) -> None:
        """Look now and then until `stop` is set."""
        while not stop.is_set():
            done = await asyncio.to_thread(self._tend)
            if done < BATCH:
                try:
                    async with asyncio.timeout(LOOK_EVERY):
                        await stop.wait()
                except TimeoutError:
                    continue

    def _tend(self) -> int:
        try:
            done = tend(self._store, self._world(), self._address_key, self._clock.now())
        except StoreError as error:
            self._troubles.say("database", error, "waiting for it", by="sign-ups")
            return 0
        except NurtureError as error:
            self._troubles.say("sign-ups", error, "reminding nobody until it is put right")
            return 0
        self._troubles.over("database", by="sign-ups")
        self._troubles.over("sign-ups")
        return done
