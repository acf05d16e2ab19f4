"""Checking the workspace's files: every mistake in them at once, and what they come to where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from nurture.campaigns.book import FOLDER, Book, campaign_keys, read
from nurture.campaigns.findings import Finding, by_place
from nurture.campaigns.findings import render as render_finding
from nurture.campaigns.known import Known
from nurture.clock import Moment, Span
from nurture.errors import SettingsError, TemplateError
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.needs import facts_needed
from nurture.runner import settings_findings
from nurture.runner.files import pools
from nurture.runner.forms import faults_of, forms_of
from nurture.runner.image_findings import of_images
from nurture.runner.libraries import library_of
from nurture.runner.limits import limits_of
from nurture.runner.template_desk import Asked, TemplateDesk
from nurture.runner.template_findings import code_of, doubts_of, findings_of, unknown_questions
from nurture.runner.template_lint import look_closer
from nurture.runner.template_trials import Progress
from nurture.settings import Settings
from nurture.store import vocabulary
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
    reworded: tuple[Compiled, ...] = ()
    """Templates with the subject or preview that a step says in place of their own."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the files from being put into force."""
        return tuple(it for it in self.findings if it.severity == "error")


def check(
    store: Store | None,
    settings: Settings | None,
    files: Mapping[str, str],
    before: Iterable[Finding] = (),
    now: Moment | None = None,
    everybody: Progress | None = None,
) -> Checked:
    """Look at every file; with a store, names are held against what the workspace has recorded.

    Without settings no topic is complained about. `before` is what was found while the files were read. With a
    moment, messages are rendered for some of the contacts there are; `everybody`: for all, and told how far it is.
    """
    library = library_of(settings, files)
    desk = (
        TemplateDesk(library, settings.workspace, clients=settings.check.clients)
        if settings
        else TemplateDesk(library, None)
    )
    compiled, complaints = _compile(desk)
    caps, wrong_limits = _caps(settings)
    known = replace(known_to(store, settings, library), carriers=_carriers(compiled), caps=caps, now=now)
    if settings is not None:
        known = replace(known, pools=pools(settings.workspace), currency=settings.currency)
    book = read(files, known)
    doubts = [*unknown_questions(compiled.values(), library)]
    if known.attributes is not None:
        answered = {it.sets: str for it in book.questions.values() if it.sets}
        doubts += doubts_of(compiled.values(), library, {**answered, **known.attributes})
    reworded, wrong_words = _reword(desk, book, files)
    closer = look_closer(desk, compiled, book, settings, store, now, everybody)
    rates = settings_findings.unknown_campaigns(settings, campaign_keys(files)) if settings else ()
    findings = by_place(
        [
            *before,
            *wrong_limits,
            *_forms(settings, library),
            *rates,
            *(of_images(settings, library.images or {}) if settings else ()),
            *book.findings,
            *complaints,
            *wrong_words,
            *doubts,
            *closer,
        ]
    )
    desk.save()
    return Checked(
        book=book, library=library, templates=compiled, findings=findings, reworded=tuple(reworded)
    )


def render(findings: tuple[Finding, ...]) -> str:
    """All findings as a person reads them."""
    return "\n\n".join(render_finding(finding) for finding in findings)


def known_to(store: Store | None, settings: Settings | None, library: Library) -> Known:
    """What the files may name in this workspace; without a store nothing is said of what was recorded."""
    topics = {name: topic.always for name, topic in settings.topics.items()} if settings else None
    names = frozenset(library.names())
    known = Known(templates=names, topics=topics, zone=settings.zone if settings else ZoneInfo("UTC"))
    if store is None:
        return known
    with store.read() as tx:
        return replace(
            known,
            attributes=vocabulary.attributes(tx),
            # Before any event or product is imported there is nothing to hold their names against.
            events=vocabulary.events(tx) or None,
            lines=vocabulary.lines(tx) or None,
        )


def _caps(settings: Settings | None) -> tuple[tuple[tuple[int, Span], ...], tuple[Finding, ...]]:
    """How many messages in how long, and what is wrong with [limits]."""
    if settings is None:
        return (), ()
    try:
        return tuple((cap.count, cap.span) for cap in limits_of(settings).caps), ()
    except SettingsError as error:
        return (), settings_findings.findings_of(error, settings.workspace)


def _forms(settings: Settings | None, library: Library) -> tuple[Finding, ...]:
    """What is wrong with [forms]."""
    if settings is None or not settings.forms:
        return ()
    faults = faults_of(settings, frozenset(library.names()))
    try:
        forms_of(settings)
    except SettingsError as error:
        faults += error.faults
    return settings_findings.findings_of(SettingsError(faults), settings.workspace) if faults else ()


def _carriers(compiled: Mapping[Template, Compiled]) -> frozenset[str]:
    """The messages that show an offer."""
    return frozenset(name for (name, _), it in compiled.items() if facts_needed(it).offer)


def _compile(desk: TemplateDesk) -> tuple[dict[Template, Compiled], list[Finding]]:
    """Compile every template in every language it is there in."""
    library = desk.library
    compiled: dict[Template, Compiled] = {}
    errors = []
    wanted = [(name, locale) for name in library.names() for locale in sorted({*library.locales(name), ""})]
    desk.prepare((name, locale, "", "") for name, locale in wanted)
    for name, locale in wanted:
        try:
            compiled[name, locale] = desk.compile(name, locale)
        except TemplateError as error:
            errors += [error, *error.others]
    return compiled, findings_of(errors, library)


def _reword(desk: TemplateDesk, book: Book, files: Mapping[str, str]) -> tuple[list[Compiled], list[Finding]]:
    """Compile the templates that steps send under another subject or preview."""
    compiled: list[Compiled] = []
    findings: list[Finding] = []
    wanted = list(_reworded(desk.library, book))
    desk.prepare(asked for _, asked in wanted)
    for key, (name, locale, subject, preview) in wanted:
        try:
            compiled.append(desk.compile(name, locale, subject=subject, preview=preview))
        except TemplateError as error:
            findings.append(_in_campaign(error, key, (subject, preview), files))
    return compiled, findings


def _reworded(library: Library, book: Book) -> Iterator[tuple[str, Asked]]:
    """Each campaign's key, with a message of it that a step sends under another subject or preview."""
    for campaign in book.campaigns.values():
        for node in campaign.program.nodes.values():
            terms = node.step.terms(campaign.terms)
            for name in node.step.templates if terms.subject or terms.preview else ():
                for locale in sorted({*library.locales(name), ""}):
                    yield campaign.key, (name, locale, terms.subject, terms.preview)


def _in_campaign(error: TemplateError, key: str, words: tuple[str, str], files: Mapping[str, str]) -> Finding:
    """The mistake in a step's subject or preview, where it stands in the campaign's file."""
    path = next(path for path in files if path.startswith(FOLDER) and PurePosixPath(path).stem == key)
    lines = enumerate(files[path].split("\n"), 1)
    places = ((no, line, line.find(it)) for no, line in lines for it in words if it and it in line)
    number, source, column = next(places, (0, "", 0))
    return Finding(
        code=code_of(error),
        path=path,
        line=number,
        column=column + 1 if number else 0,
        message=error.message,
        hint=error.remedy,
        source=source,
        length=max(1, len(source) - column),
    )
