"""A shop for made-up campaigns: the real runner on a virtual clock, in one database that is emptied each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from nurture.app import App
from nurture.campaigns.book import read
from nurture.campaigns.known import Known
from nurture.clock import Moment, VirtualClock
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit
from nurture.messages.compile import compile_template
from nurture.messages.library import Library
from nurture.providers.inbox import InboxProvider
from nurture.runner import applying, pausing
from nurture.runner.by_hand import by_hand
from nurture.runner.checking import Checked
from nurture.runner.files import TEMPLATES, part
from nurture.runner.in_force import InForce
from nurture.runner.world import World
from nurture.settings import Settings
from nurture.store import consents, hits, people, suppressions
from nurture.store.consents import Word
from nurture.store.engine import Store
from nurture.store.ids import Ids
from nurture.store.people import ContactGiven
from support import corner
from support.corner import START, Corner, letter
from support.made_campaigns import LETTERS

READER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
KEPT = ("alembic_version", "marks", "senders")
"""Tables that say something of the database itself, or of this process."""

NAMES = (*LETTERS, "a2", "b2")


@cache
def letters() -> Mapping[str, str]:
    """The templates."""
    return {f"templates/email/{name}.md": letter(name) for name in NAMES} | {
        "templates/email/layouts/base.html": corner.LAYOUT
    }


@cache
def compiled() -> tuple[Library, Mapping[tuple[str, str], Any]]:
    """The same, compiled once for all examples."""
    library = Library(part(letters(), TEMPLATES))
    return library, {(name, ""): compile_template(library, name, "") for name in NAMES}


def files(campaigns: Mapping[str, str]) -> dict[str, str]:
    """A workspace's files."""
    return {
        "campaigns/lifecycle.yaml": corner.LIFECYCLE,
        "campaigns/offers.yaml": corner.OFFERS,
        **{f"campaigns/{key}.yaml": text for key, text in campaigns.items()},
        **letters(),
    }


class Turned:
    """The clock of whatever example runs now: those behind the ledger outlive them all."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)

    def now(self) -> Moment:
        """What the clock shows."""
        return self.clock.now()


class Desk:
    """One database, one sender: opened once, for one example after the other."""

    def __init__(self, store: Store, workspace: Path) -> None:
        self.store = store
        self.workspace = workspace
        self.turned = Turned()
        self.app = App(corner.settings(workspace), store, self.turned)
        self.world: InForce | None = None
        self.send: Callable[[], int]

    def force(self) -> World:
        """What is in force in the example that runs now."""
        assert self.world is not None
        return self.world()

    def clear(self) -> None:
        """Empty the database."""
        with self.store.write() as tx:
            names = tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
            for name in names:
                if name not in KEPT and not name.startswith("sqlite_"):
                    tx.exec_driver_sql(f"DELETE FROM {name}")


@contextmanager
def desk(store: Store, workspace: Path) -> Iterator[Desk]:
    """The desk with its sender at work."""
    it = Desk(store, workspace)
    handling = it.app.handling(it.force, chance=random.Random(1).getrandbits)
    with by_hand(store, InboxProvider(store, it.turned), it.turned, handling) as send:
        it.send = send
        yield it


class MadeShop(Corner):
    """The shop of one example."""

    def __init__(self, desk: Desk, limits: Mapping[str, object]) -> None:
        desk.clear()
        self.store = desk.store
        self.clock = desk.turned.clock = VirtualClock(START)
        self.desk = desk
        self.ids = Ids(0)
        self.settings: Settings = corner.settings(desk.workspace, timezone="Europe/Berlin", limits=limits)
        self.send = desk.send
        self.applied: dict[str, str] = {}

    def sign_up(self, email: str, timezone: str) -> None:
        """Somebody new, who agrees to all. Their ids, on which all chance hangs, are the same in each run."""
        with self.store.write() as tx:
            given = ContactGiven(email=email, created_at=self.now, timezone=timezone)
            contact = people.upsert(tx, self.ids, [given], self.now).ids[email]
            words = [
                Word(contact_id=contact, topic=topic, agreed=True, at=self.now, basis="a test")
                for topic in ("offers", "news")
            ]
            consents.record(tx, self.store.ids, words)

    def check(self, campaigns: Mapping[str, str]) -> Checked:
        """What the files say; templates are compiled already."""
        library, templates = compiled()
        known = Known(
            templates=frozenset(NAMES), topics={it: top.always for it, top in self.settings.topics.items()}
        )
        book = read(files(campaigns), known)
        return Checked(book=book, library=library, templates=templates, findings=book.findings)

    def propose(self, campaigns: Mapping[str, str]) -> tuple[Checked, applying.Proposal | None]:
        """What would change; None: the files have mistakes."""
        checked = self.check(campaigns)
        if checked.errors:
            return checked, None
        return checked, applying.propose(self.store, self.settings, checked, files(campaigns), self.now)

    def put(self, campaigns: Mapping[str, str], checked: Checked, proposal: applying.Proposal) -> None:
        """Put them into force."""
        applying.apply(self.store, self.settings, checked, files(campaigns), self.now, proposal=proposal)
        self.applied = dict(campaigns)
        if not hasattr(self, "world"):
            self.world = InForce(self.store, self.settings)
        self.desk.world = self.world
        self.world.look()
        self.retake()

    def steps_of(self, checked: Checked, key: str) -> list[str]:
        """What the steps of a campaign are called."""
        return list(checked.book.campaigns[key].program.nodes)

    def pass_time(self, end: Moment, ticks: int) -> None:
        """Let time pass as a daemon sees it, for so many ticks at most; then it is off until the end."""
        for _ in range(ticks):
            due = self.tick.next_due()
            if due > end:
                break
            self.clock.move_to(max(due, self.now + 1))
            self.tick.run(self.now)
        self.clock.move_to(end)
        self.tick.run(end)

    def click(self, key: MessageKey) -> None:
        """Somebody follows the first link of a message."""
        hit = Hit(key=key, kind="click", link_no=1, at=self.now, agent=READER, ip="198.51.100.7")
        with self.store.write() as tx:
            hits.record(tx, [hit], self.store.ids, self.now)

    def suppress(self, email: str) -> None:
        """Never to be mailed again."""
        with self.store.write() as tx:
            suppressions.suppress(tx, self.desk.app.address_key, [email], reason="a test", at=self.now)

    def pause(self, campaign: str) -> None:
        """Stop its timers."""
        pausing.pause(self.store, campaign, self.now)

    def resume(self, campaign: str, how: pausing.How) -> None:
        """Let it go on."""
        pausing.resume(self.store, campaign, self.now, how)
