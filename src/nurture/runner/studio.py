"""The workspace's messages as they stand in its files at this moment: each for anybody, with what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nurture.audience.contact import Contact
from nurture.campaigns.book import Book
from nurture.campaigns.book import read as read_book
from nurture.campaigns.findings import Finding
from nurture.clock import Clock
from nurture.errors import SettingsError, TemplateError, UsageError
from nurture.journeys.spelling import nearest
from nurture.messages.fingerprint import files_of
from nurture.messages.library import Library
from nurture.runner import checking, settings_findings
from nurture.runner.files import TEMPLATES, Found, look
from nurture.runner.images import pictures
from nurture.runner.libraries import library_of
from nurture.runner.made_up import MADE_UP, MadeUp
from nurture.runner.pictures_in import with_pictures
from nurture.runner.preview import OwnPages, see, who
from nurture.runner.studio_talk import Asked, Listed, Person, Shown
from nurture.runner.template_desk import TemplateDesk
from nurture.runner.template_findings import findings_of
from nurture.runner.varied import varied
from nurture.runner.ways import Way, ways_of
from nurture.settings import FILE_NAME, Settings, load
from nurture.store import people, variety
from nurture.store.engine import Store

MOST_PEOPLE = 12
"""Contacts that a search shows."""
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    settings: Settings
    found: Found
    pictures: tuple[tuple[str, int, int], ...]
    """Name, time of the last change and size."""
    library: Library
    desk: TemplateDesk
    book: Book


class Studio:
    """Reads the files each time it is asked, and works out only what has changed. For one thread."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        """`settings`: those that count until nurture.toml has others that can be read."""
        self._workspace = settings.workspace
        self._store = store
        self._clock = clock
        self._settings = settings
        self._faults: tuple[Finding, ...] = ()
        self._files: _Files | None = None

    def names(self) -> tuple[Listed, ...]:
        """Every message, in the order of the stages and then by name. Raises WorkspaceError."""
        now = self._look()
        stages = now.book.lifecycle.names
        ways = ways_of(now.book)
        found = [_listed(now.library, name, ways.get(name, Way())) for name in now.library.names()]
        return tuple(sorted(found, key=lambda it: (_rank(it, stages), it.campaign, it.name)))

    def show(self, asked: Asked, *, pages: OwnPages | None = None) -> Shown:
        """One message; `pages`: where those are that it leads to itself, and then no code is shown that somebody holds.

        Raises UsageError where there is no such message or person.
        """
        now = self._look()
        names = now.library.names()
        if asked.template not in names:
            close = nearest(asked.template, names)
            remedy = f'Did you mean "{close}"?' if close else f"There are: {', '.join(names) or 'none yet'}"
            raise UsageError(f'no template is called "{asked.template}"', remedy=remedy)
        whom = who(self._store, asked.whom)
        contact = whom.contact if isinstance(whom, MadeUp) else whom
        wanted = contact.locale if asked.locale is None else asked.locale
        shown = Shown(
            template=asked.template,
            locale=wanted,
            locales=now.library.locales(asked.template),
            files=_files_of(now.library, asked.template, (wanted,)),
        )
        try:
            locale = now.library.pick(asked.template, wanted)
            compiled = now.desk.compile(asked.template, locale)
            seen = see(
                self._store,
                now.settings,
                now.book,
                now.library,
                compiled,
                whom,
                self._clock.now(),
                pages=pages,
            )
        except TemplateError as error:
            return replace(shown, findings=self._wrong(now, shown.files, error))
        html = with_pictures(seen.rendered.html, self._workspace, now.settings.web.public_url)
        return replace(shown, locale=locale, seen=seen, html=html)

    def people(self, text: str) -> tuple[Person, ...]:
        """Made-up people whose name holds `text`, and contacts whose address begins with it; some of each for ""."""
        wanted = text.strip().lower()
        found = [it for it in MADE_UP if wanted in f"{it.key} {it.label} {it.says}".lower()]
        with self._store.read() as tx:
            if wanted:
                real = people.starting_with(tx, wanted, MOST_PEOPLE)
            else:
                ids = variety.contact_ids(tx, _LOOKED_AT)
                real = varied(people.by_ids(tx, ids).values(), MOST_PEOPLE)
        return (
            *(Person(whom=it.key, label=it.label, says=it.says, made_up=True) for it in found),
            *(_person(it) for it in real),
        )

    def findings(self) -> tuple[Finding, ...]:
        """Everything that `nurture check` says of the workspace. Raises WorkspaceError."""
        now = self._look()
        checked = checking.check(
            self._store, now.settings, now.found.files, now.found.findings, self._clock.now()
        )
        return (*self._faults, *checked.findings)

    def _look(self) -> _Files:
        settings, found = self._read_settings(), look(self._workspace)
        shots = tuple(_pictures(self._workspace))
        before = self._files
        if before is None or (before.settings, before.found, before.pictures) != (settings, found, shots):
            library = library_of(settings, found.files)
            before = self._files = _Files(
                settings=settings,
                found=found,
                pictures=shots,
                library=library,
                desk=TemplateDesk(library, self._workspace),
                book=read_book(found.files, checking.known_to(self._store, settings, library)),
            )
        return before

    def _read_settings(self) -> Settings:
        try:
            self._settings, self._faults = load(self._workspace), ()
        except SettingsError as error:
            self._faults = settings_findings.findings_of(error, self._workspace)
        return self._settings

    def _wrong(self, now: _Files, files: Sequence[str], error: TemplateError) -> tuple[Finding, ...]:
        """What keeps the message from being put together, and not what is wrong with others."""
        about = findings_of([error, *error.others], now.library)
        found = [*self._faults, *now.found.findings, *about]
        told = tuple(it for it in found if it.path in files and it.severity == "error")
        return told or tuple(about)


def _pictures(workspace: Path) -> Iterator[tuple[str, int, int]]:
    for name, path in pictures(workspace):
        with suppress(OSError):
            told = path.stat()
            yield name, told.st_mtime_ns, told.st_size


def _listed(library: Library, name: str, way: Way) -> Listed:
    campaign, locales = way.campaign, library.locales(name)
    return Listed(
        name=name,
        locales=locales,
        campaign=campaign.name if campaign else "",
        stage=campaign.stages[0] if campaign and campaign.stages else "",
        files=_files_of(library, name, locales),
    )


def _rank(it: Listed, stages: Sequence[str]) -> int:
    """Where its stage comes; those for everybody after them, and those that nobody sends last."""
    if not it.stage:
        return len(stages) + (0 if it.campaign else 1)
    return next((no for no, name in enumerate(stages) if name.startswith(it.stage)), len(stages))


def _files_of(library: Library, name: str, locales: Iterable[str]) -> tuple[str, ...]:
    """What a message is put together from in these languages, and nurture.toml, by the path from the workspace."""
    found: dict[str, None] = {}
    for locale in locales:
        try:
            paths = files_of(library, name, locale)
        except TemplateError:
            paths = tuple(it for it in library.parts if it.partition(".")[0] == name)
        found |= dict.fromkeys(f"{TEMPLATES}/{path}" for path in paths)
    return (*found, FILE_NAME)


def _person(it: Contact) -> Person:
    name = f"{it.first_name} {it.last_name}".strip()
    says = ", ".join(word for word in (it.email if name else "", it.locale, it.country) if word)
    return Person(whom=it.email, label=name or it.email, says=says, made_up=False)
