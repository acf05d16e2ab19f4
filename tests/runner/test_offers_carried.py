"""Offers as a marketer means them, through the real runner on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from nurture.app import App, open_app
from nurture.clock import DAY, HOUR, Moment, VirtualClock, parse_iso
from nurture.providers.inbox import InboxProvider
from nurture.runner import applying, checking, in_force
from nurture.runner.by_hand import by_hand
from nurture.runner.files import read_files
from nurture.runner.tick import Tick
from nurture.store import consents, people
from nurture.store.consents import Word
from nurture.store.people import ContactGiven
from support.cli import copy_of

START = parse_iso("2017-03-01T12:00", ZoneInfo("UTC"))


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    return copy_of(made, tmp_path / "shop").workspace


@contextmanager
def opened(shop: Path) -> Iterator[tuple[App, VirtualClock]]:
    clock = VirtualClock(START)
    with open_app(shop, clock=clock, durable=False) as app:
        yield app, clock


def put_into_force(app: App) -> None:
    files = read_files(app.settings.workspace)
    applying.apply(app.store, app.settings, checking.check(app.store, app.settings, files), files, START)


def know(app: App, address: str, since: Moment) -> None:
    with app.store.write() as tx:
        given = ContactGiven(email=address, created_at=since)
        taken = people.upsert(tx, app.store.ids, [given], since)
        words = [
            Word(contact_id=taken.ids[address], topic=topic, agreed=True, at=since, basis="a test")
            for topic in app.settings.marketing_topics
        ]
        consents.record_first(tx, app.store.ids, words)


def live(app: App, clock: VirtualClock, days: int) -> None:
    world = in_force.load(app.store, app.settings)
    provider = InboxProvider(app.store, clock)
    with by_hand(app.store, provider, clock, app.handling(lambda: world)) as send:
        tick = Tick(app.store, world, send)
        for hours in range(0, days * 24, 6):
            clock.move_to(START + hours * HOUR)
            tick.run(clock.now())


def sent(app: App) -> list[tuple[str, str, Moment]]:
    with app.store.read() as tx:
        rows = tx.execute(
            text("SELECT template, offer, done_at FROM messages WHERE outcome = 'sent' ORDER BY done_at")
        )
        return [(it.template, it.offer, it.done_at) for it in rows]


def test_a_new_workspace_has_no_mistake(shop: Path) -> None:
    with opened(shop) as (app, _):
        assert checking.check(app.store, app.settings, read_files(app.settings.workspace)).errors == ()


def test_a_code_begins_to_run_with_the_first_message_that_shows_it_and_outlives_the_reminder(
    shop: Path,
) -> None:
    with opened(shop) as (app, clock):
        put_into_force(app)
        know(app, "ann@example.test", START)
        live(app, clock, 40)
        letters = {template: (offer, at) for template, offer, at in sent(app)}
        with app.store.read() as tx:
            codes = tx.execute(text("SELECT handed_at, expires_at FROM codes")).all()
    assert letters["welcome"][0] == letters["what-we-do"][0] == ""
    assert letters["first-order"][0] == letters["first-order-reminder"][0] == "first-order-15"
    first, reminder = letters["first-order"][1], letters["first-order-reminder"][1]
    assert codes == [(first, first + 14 * DAY)]
    assert reminder < first + 14 * DAY - 2 * DAY
