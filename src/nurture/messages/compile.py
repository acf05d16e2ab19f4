"""Compiles one message of a library into a value that renders without any file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

from nurture.errors import TemplateError
from nurture.journeys.questions import Question
from nurture.messages.assembling import Assembled, assemble, texts_of
from nurture.messages.compiled import FORMAT, Compiled
from nurture.messages.environment import make_environment
from nurture.messages.inlining import has_styles, inline
from nurture.messages.library import Head, Library, Source
from nurture.messages.masking import Masker
from nurture.messages.names import Read, read
from nurture.messages.proof import reason_not_to_inline_once
from nurture.messages.rehearsal import STOPS, rehearse, stopped
from nurture.messages.syntax import Text
from nurture.messages.text import derive
from nurture.messages.tracking import track
from nurture.messages.vocabulary import ADDRESSES, SETTLED

VERSIONS = (
    str(FORMAT),
    *(
        f"{name} {version(name)}"
        for name in ("jinja2", "premailer", "cssselect", "cssutils", "lxml", "markdown-it-py", "mrml")
    ),
)
"""What has a say in what compiling makes of the same sources."""


def compile_template(
    library: Library, name: str, locale: str = "", *, subject: str = "", preview: str = ""
) -> Compiled:
    """The message `name` for contacts with `locale`, with the words that a step says in place of its own.

    Done once per version of its sources. Raises TemplateError with file, line and remedy.
    """
    source = library.source(name, locale)
    head = library.head(source)
    head = replace(head, subject=subject or head.subject, preview=preview or head.preview)
    texts = texts_of(library, source, head)
    said = read(texts, library.parts, library.macros)
    questions = _asked(library, said, source.locale)
    whole = assemble(library, source, head, texts)
    masker = Masker(whole.html + whole.preview)
    tracked = track(masker.mask(whole.html), masker, whole.preview, tags=library.tags_links)
    try:
        html, reason, shown = _styled(tracked.html, masker, len(tracked.links), source.path, whole.is_styled)
        rehearse(
            head,
            masker.unmask(tracked.html),
            len(tracked.links),
            proved=has_styles(tracked.html) and not reason and not whole.is_styled,
        )
    except STOPS as stop:
        raise stopped(stop, masker.unmask(tracked.html), texts) from None
    compiled = Compiled(
        name=name,
        locale=source.locale,
        hash=_hash(library, name, source, head, texts, questions, whole),
        subject=whole.subject,
        preview=whole.preview,
        written=(head.subject, head.preview),
        html=html,
        text=derive(shown, masker),
        links=tracked.links,
        inline_each=reason,
        needs=_needs(said),
        questions=questions,
    )
    _must_compile(compiled, source.path)
    return compiled


def _styled(masked: str, masker: Masker, links: int, path: str, is_styled: bool) -> tuple[str, str, str]:
    """The HTML's Jinja source, why to inline it per recipient, and the masked HTML that people see."""
    before = masker.unmask(masked)
    if is_styled or not has_styles(masked):
        return before, "", masked
    try:
        shown = inline(masked)
    except TemplateError as error:
        raise TemplateError(error.message, where=path, remedy=error.remedy) from error
    after = masker.unmask_parsed(shown)
    reason = reason_not_to_inline_once((before, masked), (after, shown), masker, links)
    return (before, reason, shown) if reason else (after, "", shown)


def _needs(said: Read) -> frozenset[str]:
    ours = (*ADDRESSES, *SETTLED, "sender", "now", "days_since")
    return frozenset(need for need in said.needs if need.partition(".")[0] not in ours)


def _asked(library: Library, said: Read, locale: str) -> tuple[Question, ...]:
    """The questions that it puts, in its language. One that is not there is for whoever looks at all files to say."""
    named = sorted(it.removeprefix("question.") for it in said.needs if it.startswith("question."))
    return tuple(library.questions[it].spoken(locale) for it in named if it in library.questions)


def _hash(
    library: Library,
    name: str,
    source: Source,
    head: Head,
    texts: Sequence[Text],
    questions: tuple[Question, ...],
    whole: Assembled,
) -> str:
    told = [
        VERSIONS,
        name,
        source.locale,
        head.layout,
        source.path,
        *((it.path, it.line, it.source) for it in texts),
        # Brand, language and pictures are in these, as far as the message has them.
        *(whole.subject, whole.preview, whole.html, library.tags_links),
        *map(repr, questions),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _must_compile(compiled: Compiled, path: str) -> None:
    for html, source in ((True, compiled.html), (False, compiled.text)):
        try:
            make_environment(html=html).from_string(source)
        except Exception as error:
            part = "HTML" if html else "text"
            raise TemplateError(
                f"the {part} part cannot be put together: {error}",
                where=path,
                remedy="Open and close each {% … %} within the same element.",
            ) from error
