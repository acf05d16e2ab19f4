"""What is wrong with messages that can be sent all the same: how they look, to whom, and how they end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from nurture.campaigns.book import Book
from nurture.campaigns.findings import Finding
from nurture.clock import Moment
from nurture.journeys.campaign import Campaign
from nurture.journeys.steps.send import SendStep
from nurture.messages.bounds import MAKE_LESS
from nurture.messages.compiled import Compiled
from nurture.messages.fingerprint import files_of
from nurture.messages.library import Library
from nurture.messages.lint import Flaw, can_be_left, clipped, says_where_from
from nurture.runner.template_desk import TemplateDesk
from nurture.runner.template_flaws import images_without_words, place
from nurture.runner.template_trials import Progress, try_on_everybody, try_out
from nurture.runner.trial_run import Failure
from nurture.settings import Settings
from nurture.store.engine import Store


def look_closer(
    desk: TemplateDesk,
    compiled: Mapping[tuple[str, str], Compiled],
    book: Book,
    settings: Settings | None,
    store: Store | None,
    now: Moment | None,
    everybody: Progress | None = None,
) -> Iterator[Finding]:
    """Warnings about the templates, by name and locale. With a database and a moment they are rendered for contacts;
    `everybody`: for all of them, and told how far it is."""
    yield from desk.flaws()
    yield from _unsaid_images(desk.library)
    if settings is None:
        return
    yield from dict.fromkeys(_lacking(compiled, desk.library, book, settings))
    if store is not None and now is not None:
        if everybody is not None:
            failures = try_on_everybody(store, settings, book, desk.library, compiled, now, everybody)
        else:
            trials = try_out(store, settings, book, desk.library, compiled, desk.passed(), now)
            desk.note(trials.passed)
            failures = trials.failures
        yield from _failed(failures, desk.library)


def _lacking(
    compiled: Mapping[tuple[str, str], Compiled], library: Library, book: Book, settings: Settings
) -> Iterator[Finding]:
    """A warning for each message that campaigns send without what it must not lack on their topic."""
    always = {name: topic.always for name, topic in settings.topics.items()}
    for campaign, step in _sends(book):
        marketing = not always.get(campaign.topic, True)
        for (name, locale), message in compiled.items():
            if name not in step.templates:
                continue
            path = library.source(name, locale).path
            if not message.preview and not step.terms(campaign.terms).preview:
                yield place(_no_preview(name), None, [path], library.parts)
            if marketing and not can_be_left(message):
                yield place(_no_way_out(name, campaign), None, [path], library.parts)
            if marketing and not says_where_from(message, settings.sender.address):
                yield place(_no_address(name, campaign), None, [path], library.parts)


def _sends(book: Book) -> Iterator[tuple[Campaign, SendStep]]:
    for _, campaign in sorted(book.campaigns.items()):
        for node in campaign.program.nodes.values():
            if isinstance(node.step, SendStep):
                yield campaign, node.step


def _no_preview(name: str) -> Flaw:
    return Flaw(
        code="no-preview",
        message=f"{name} has no preview: inboxes show its first words beside the subject, or those of its foot",
        hint="write a second line at its head, such as preview: What it is worth opening for",
    )


def _no_way_out(name: str, campaign: Campaign) -> Flaw:
    return Flaw(
        code="no-unsubscribe",
        message=f'{name} shows no way to unsubscribe, and {campaign.key} sends it on "{campaign.topic}"',
        hint="put a link to {{ unsubscribe_url }} into it, or into its layout's foot",
    )


def _no_address(name: str, campaign: Campaign) -> Flaw:
    return Flaw(
        code="no-address",
        message=f'{name} does not say where it comes from, and {campaign.key} sends it on "{campaign.topic}"',
        hint="put {{ sender.address }} into it, or into its layout's foot",
    )


def _failed(failures: Iterable[Failure], library: Library) -> Iterator[Finding]:
    """What goes wrong when messages are rendered for contacts there are: warnings; an error where one was stopped."""
    for it in failures:
        name, locale = it.template
        whom = f"{it.address} and {it.others} more" if it.others else it.address
        if it.stopped:
            for_whom = f" for {whom}" if whom else ""
            flaw = Flaw(code="stopped", message=f"{name} was stopped{for_whom}: {it.said}", hint=MAKE_LESS)
        elif it.size:
            flaw = clipped(name, it.size, whom)
        else:
            flaw = Flaw(
                code="fails-for-contact",
                message=f"{name} fails for {whom}: {it.said.removeprefix('it cannot be rendered: ')}",
                hint=f"see it with: nurture preview {name} --for {it.address}",
            )
        spelled = r"\s*".join(map(re.escape, it.construct.split()))
        pattern = re.compile(spelled) if spelled else None
        found = place(flaw, pattern, files_of(library, name, locale), library.parts)
        yield replace(found, severity="error") if it.stopped else found


def _unsaid_images(library: Library) -> Iterator[Finding]:
    """A warning for each image in Markdown that has no words beside it."""
    for path, text in library.parts.items():
        yield from images_without_words(path, text)
