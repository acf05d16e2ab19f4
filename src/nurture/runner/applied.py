"""Putting the workspace's files into force, and reading back what is in force.

Files that are applied are kept in the database with the compiled templates, so that every host runs the same version
and nothing changes for anybody while somebody is still writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nurture.campaigns.book import Book, read
from nurture.campaigns.findings import Finding, by_place
from nurture.campaigns.findings import render as render_finding
from nurture.campaigns.known import Known
from nurture.clock import Moment
from nurture.errors import FilesError, TemplateError, WorkspaceError
from nurture.journeys.campaign import EnterOnStage
from nurture.lifecycle.stages import within
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.runner.files import TEMPLATES, part
from nurture.runner.template_findings import doubts_of, findings_of
from nurture.runner.world import World, build
from nurture.settings import Settings
from nurture.store import agenda, journeys, templates, vocabulary
from nurture.store.engine import Store

Template = tuple[str, str]
"""A template's name and locale; the locale "" is the one for everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the files say, with everything that is wrong with them."""

    book: Book
    library: Library
    templates: Mapping[Template, Compiled]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the files from being put into force."""
        return tuple(it for it in self.findings if it.severity == "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Campaigns (by key) and other files that an apply would change."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    other: Mapping[str, Literal["new", "changed", "gone"]]
    """Lifecycle, offers and template files by their path."""

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone or self.other)


def check(
    store: Store | None,
    settings: Settings | None,
    files: Mapping[str, str],
    before: Iterable[Finding] = (),
) -> Checked:
    """Look at every file; with a store, names are held against what the workspace has recorded.

    Without settings no topic is complained about. `before` is what was found while the files were read.
    """
    library = Library(part(files, TEMPLATES))
    compiled, complaints = _compile(library)
    known = _known(store, settings, library)
    book = read(files, known)
    doubts = [] if known.attributes is None else doubts_of(compiled.values(), library, known.attributes)
    findings = by_place([*before, *book.findings, *complaints, *doubts])
    return Checked(book=book, library=library, templates=compiled, findings=findings)


def difference(store: Store, checked: Checked, files: Mapping[str, str]) -> Difference:
    """What applying `files` would change."""
    with store.read() as tx:
        before = journeys.applied(tx)
        records = journeys.records(tx)
    old = before.files if before else {}
    paths = {path for path in (*old, *files) if old.get(path) != files.get(path)}
    keys = {path: path.rpartition("/")[2].rpartition(".")[0] for path in paths}
    active = {key for key, record in records.items() if record.active}
    now = set(checked.book.campaigns)
    touched = {keys[path] for path in paths}
    return Difference(
        new=tuple(sorted(now - active)),
        changed=tuple(sorted(now & active & touched)),
        gone=tuple(sorted(active - now)),
        other={
            path: "new" if path not in old else "changed" if path in files else "gone"
            for path in sorted(paths)
            if keys[path] not in now | active
        },
    )


def apply(store: Store, settings: Settings, checked: Checked, files: Mapping[str, str], now: Moment) -> int:
    """Put checked files into force; returns the version's number. Raises FilesError where they hold errors."""
    if checked.errors:
        raise FilesError(render(checked.errors), remedy="Nothing was changed.")
    steps = {
        key: (campaign.name or key, list(campaign.program.nodes))
        for key, campaign in checked.book.campaigns.items()
    }
    existing = _lets_existing_in(checked)
    with store.write() as tx:
        if existing:
            agenda.look_at_stages(tx, existing, checked.book.lifecycle.first, now)
        templates.keep(tx, checked.templates.values())
        hashes = sorted(it.hash for it in checked.templates.values())
        return journeys.apply(tx, files, hashes, steps, store.ids, now)


def _lets_existing_in(checked: Checked) -> list[str]:
    """The stages whose people some campaign lets in though they are there already."""
    campaigns = [
        it
        for it in checked.book.campaigns.values()
        if isinstance(it.enter, EnterOnStage) and it.enter.existing
    ]
    names = checked.book.lifecycle.names
    return [name for name in names if any(not it.stages or within(name, it.stages) for it in campaigns)]


def load(store: Store, settings: Settings) -> World:
    """What is in force. Raises WorkspaceError before the first apply."""
    with store.read() as tx:
        version = journeys.applied(tx)
        records = journeys.records(tx)
        compiled = templates.by_hash(tx, version.templates) if version else {}
    if version is None:
        raise WorkspaceError("nothing is in force yet", remedy="Put campaigns/ into force: nurture apply")
    library = Library(part(version.files, TEMPLATES))
    book = read(version.files, _known(None, settings, library))
    if book.errors:
        raise FilesError(
            f"version {version.no}, which is in force, cannot be read:\n{render(book.errors)}",
            remedy="Put the files right and into force: nurture apply",
        )
    by_name = {(it.name, it.locale): it for it in compiled.values()}
    return build(settings, version.no, book, records, library, by_name)


def render(findings: tuple[Finding, ...]) -> str:
    """All findings as a person reads them."""
    return "\n\n".join(render_finding(finding) for finding in findings)


def _known(store: Store | None, settings: Settings | None, library: Library) -> Known:
    topics = {name: topic.always for name, topic in settings.topics.items()} if settings else None
    names = frozenset(library.names())
    if store is None:
        return Known(templates=names, topics=topics)
    with store.read() as tx:
        return Known(
            templates=names,
            topics=topics,
            attributes=vocabulary.attributes(tx),
            # Before any event or product is imported there is nothing to hold their names against.
            events=vocabulary.events(tx) or None,
            lines=vocabulary.lines(tx) or None,
        )


def _compile(library: Library) -> tuple[dict[Template, Compiled], list[Finding]]:
    """Compile every template in every language it is there in."""
    compiled: dict[Template, Compiled] = {}
    errors = []
    for name in library.names():
        for locale in sorted({*library.locales(name), ""}):
            try:
                compiled[name, locale] = compile_template(library, name, locale)
            except TemplateError as error:
                errors += [error, *error.others]
    return compiled, findings_of(errors, library)
