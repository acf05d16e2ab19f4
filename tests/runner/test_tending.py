"""The loop that forgets what nobody confirmed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from nurture.clock import DAY
from nurture.runner.account import account
from nurture.runner.tending import Tending
from nurture.runner.troubles import Troubles
from nurture.store.engine import Store
from support.signing_up import house


def test_it_forgets_what_has_run_out_and_ends_when_it_is_told_to(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path) as it:
        it.sign_up("ann@example.test")
        it.corner.until(it.corner.now + 8 * DAY)
        app = it.corner.app
        loop = Tending(store, it.corner.clock, it.corner.world, app.address_key, Troubles())

        async def until_gone() -> None:
            stop = asyncio.Event()
            running = asyncio.create_task(loop.run(stop))
            async with asyncio.timeout(30):
                while await asyncio.to_thread(it.count, "contacts"):
                    await asyncio.sleep(0.01)
                stop.set()
                await running

        assert it.count("contacts") == 1
        asyncio.run(until_gone())
        assert it.count("sign_ups") == 0


def test_an_account_tells_who_has_not_confirmed(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path) as it:
        it.sign_up("ann@example.test")
        [(contact,)] = it.corner.rows("SELECT id FROM contacts")
        with store.read() as tx:
            told = account(tx, it.corner.world(), contact, it.corner.app.address_key, it.corner.now)
        assert told is not None
        assert told.pending
