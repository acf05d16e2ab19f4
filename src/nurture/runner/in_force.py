"""What is in force: the newest version, read back from the database.

Files that are applied are kept there with the compiled templates, so that every host runs the same version and nothing
changes for anybody while somebody is still writing.
"""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.book import Book, read
from nurture.errors import FilesError, WorkspaceError
from nurture.journeys.direct import DIRECT_ID
from nurture.messages.library import Library
from nurture.runner.checking import known_to, render
from nurture.runner.files import TEMPLATES, part
from nurture.runner.limits import limits_of
from nurture.runner.world import (
    Edition,
    LaneOf,
    Letters,
    Live,
    World,
    direct_live,
    edition,
    letters_of,
    nowhere,
)
from nurture.settings import Settings
from nurture.store import journeys, templates, versions
from nurture.store.engine import Store
from nurture.store.versions import AppliedFiles, CampaignRecord


class InForce:
    """The version in force, read again when another was applied. Called from any thread."""

    def __init__(self, store: Store, settings: Settings, lane_of: LaneOf = nowhere) -> None:
        self._store = store
        self._settings = settings
        self._lane_of = lane_of
        self._world = load(store, settings, lane_of)

    def __call__(self) -> World:
        return self._world

    def is_behind(self) -> bool:
        """Whether there is another version to take up."""
        with self._store.read() as tx:
            return self._world.is_behind(versions.newest_version(tx))

    def look(self) -> bool:
        """Take up the newest version. True: it is another one than before. Raises NurtureError; then the old stays."""
        with self._store.read() as tx:
            newest = versions.newest_version(tx)
        if newest == self._world.version:
            return False
        try:
            self._world = load(self._store, self._settings, self._lane_of)
        except FilesError:
            self._world.passed_over.add(newest)
            raise
        return True


def load(store: Store, settings: Settings, lane_of: LaneOf = nowhere) -> World:
    """What is in force; `lane_of` says which way mail goes. Raises WorkspaceError before the first apply."""
    with store.read() as tx:
        version = versions.applied(tx)
        records = versions.records(tx)
    if version is None:
        raise WorkspaceError("nothing is in force yet", remedy="Put campaigns/ into force: nurture apply")
    book, letters = _read_version(store, settings, version)
    if book.errors:
        raise FilesError(
            f"version {version.no}, which is in force, cannot be read:\n{render(book.errors)}",
            remedy="Put the files right and into force: nurture apply",
        )
    editions = {
        key: edition(version.no, campaign, version.steps[key], letters)
        for key, campaign in book.campaigns.items()
    }
    earlier = _earlier(store, settings, editions, records, version.no)
    live = {
        record.id: Live(
            record=record,
            edition=editions.get(key) if record.active else None,
            earlier=earlier.get(record.id, {}),
        )
        for key, record in records.items()
    }
    live[DIRECT_ID] = direct_live(version.no, letters)
    return World(
        settings=settings,
        version=version.no,
        lifecycle=book.lifecycle,
        offers=book.offers,
        questions=book.questions,
        live=live,
        letters=letters,
        limits=limits_of(settings),
        lane_of=lane_of,
    )


def _read_version(store: Store, settings: Settings, version: AppliedFiles) -> tuple[Book, Letters]:
    with store.read() as tx:
        compiled = templates.by_hash(tx, version.templates)
    library = Library(part(version.files, TEMPLATES))
    book = read(version.files, known_to(None, settings, library))
    return book, letters_of(library, compiled.values())


def _earlier(
    store: Store,
    settings: Settings,
    editions: Mapping[str, Edition],
    records: Mapping[str, CampaignRecord],
    newest: int,
) -> dict[int, dict[int, Edition]]:
    """The versions that people finish who entered with them, by the campaign's id and the version's number."""
    pinned = {records[key].id: key for key, it in editions.items() if it.campaign.on_edit == "pin"}
    if not pinned:
        return {}
    with store.read() as tx:
        entered = journeys.versions_entered(tx, pinned)
        wanted = {it for found in entered.values() for it in found} - {newest}
        stored = {no: it for no in wanted if (it := versions.applied(tx, no)) is not None}
    found: dict[int, dict[int, Edition]] = {}
    for no, version in stored.items():
        book, letters = _read_version(store, settings, version)
        for campaign_id, key in pinned.items():
            if no in entered.get(campaign_id, ()) and key in book.campaigns:
                made = edition(no, book.campaigns[key], version.steps[key], letters)
                found.setdefault(campaign_id, {})[no] = made
    return found
