"""What is wrong with messages that can be sent all the same: how they look, to whom, and how they end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from nurture.campaigns.book import Book
from nurture.campaigns.findings import Finding
from nurture.clock import Moment
from nurture.journeys.steps.send import SendStep
from nurture.messages.bounds import MAKE_LESS
from nurture.messages.compiled import Compiled
from nurture.messages.fingerprint import files_of
from nurture.messages.library import Library
from nurture.messages.lint import Flaw, can_be_left, clipped
from nurture.runner.template_desk import TemplateDesk
from nurture.runner.template_flaws import images_without_words, place
from nurture.runner.template_trials import Failure, try_out
from nurture.settings import Settings
from nurture.store.engine import Store


def look_closer(
    desk: TemplateDesk,
    compiled: Mapping[tuple[str, str], Compiled],
    book: Book,
    settings: Settings | None,
    store: Store | None,
    now: Moment | None,
) -> Iterator[Finding]:
    """Warnings about the templates, by name and locale. With a database and a moment they are rendered for contacts."""
    yield from desk.flaws()
    yield from _unsaid_images(desk.library)
    if settings is None:
        return
    topics = {name: topic.always for name, topic in settings.topics.items()}
    yield from _without_a_way_out(compiled, desk.library, book, topics)
    if store is not None and now is not None:
        trials = try_out(store, settings, book, desk.library, compiled, desk.passed(), now)
        desk.note(trials.passed)
        yield from _failed(trials.failures, desk.library)


def _without_a_way_out(
    compiled: Mapping[tuple[str, str], Compiled], library: Library, book: Book, topics: Mapping[str, bool]
) -> Iterator[Finding]:
    """A warning for each message that shows no way to unsubscribe, though its topic can be switched off.

    `topics`: by name, whether the topic is always on.
    """
    for key, campaign in sorted(book.campaigns.items()):
        steps = [node.step for node in campaign.program.nodes.values()]
        sent = {name for step in steps if isinstance(step, SendStep) for name in step.templates}
        for (name, locale), message in compiled.items():
            if name in sent and not topics.get(campaign.topic, True) and not can_be_left(message):
                flaw = Flaw(
                    code="no-unsubscribe",
                    message=f'{name} shows no way to unsubscribe, and {key} sends it on "{campaign.topic}"',
                    hint="put a link to {{ unsubscribe_url }} into it, or into its layout's foot",
                )
                yield place(flaw, None, [library.source(name, locale).path], library.parts)


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
