"""Compiles one message of a library into a value that renders without any file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from importlib.metadata import version

from nurture.errors import TemplateError
from nurture.messages.compiled import FORMAT, Compiled
from nurture.messages.environment import make_environment
from nurture.messages.inlining import has_styles, inline
from nurture.messages.joining import join_sources
from nurture.messages.library import Head, Library, Source
from nurture.messages.markdown import to_html
from nurture.messages.masking import Masker
from nurture.messages.names import Read, Text, read, references
from nurture.messages.proof import reason_not_to_inline_once
from nurture.messages.rehearsal import STOPS, rehearse, stopped
from nurture.messages.text import derive
from nurture.messages.tracking import track
from nurture.messages.vocabulary import ADDRESSES

VERSIONS = (
    str(FORMAT),
    *(f"{name} {version(name)}" for name in ("jinja2", "premailer", "cssutils", "lxml", "markdown-it-py")),
)
"""What has a say in what compiling makes of the same sources."""

_DEEPEST = 12


def compile_template(
    library: Library, name: str, locale: str = "", *, subject: str = "", preview: str = ""
) -> Compiled:
    """The message `name` for contacts with `locale`, with the words that a step says in place of its own.

    Done once per version of its sources. Raises TemplateError with file, line and remedy.
    """
    source = library.source(name, locale)
    head = library.head(source)
    head = replace(head, subject=subject or head.subject, preview=preview or head.preview)
    texts = _texts(library, source, head)
    said = read(texts, library.parts)
    body = to_html(head.body) if source.is_markdown else head.body
    joined = join_sources(body, head.layout, library.parts)
    masker = Masker(joined + head.preview)
    tracked = track(masker.mask(joined), masker, head.preview)
    try:
        html, reason, shown = _styled(tracked.html, masker, len(tracked.links), source.path)
        rehearse(
            head,
            masker.unmask(tracked.html),
            len(tracked.links),
            proved=has_styles(tracked.html) and not reason,
        )
    except STOPS as stop:
        raise stopped(stop, masker.unmask(tracked.html), texts) from None
    compiled = Compiled(
        name=name,
        locale=source.locale,
        hash=_hash(name, source, head, texts),
        subject=head.subject,
        preview=head.preview,
        html=html,
        text=derive(shown, masker),
        links=tracked.links,
        inline_each=reason,
        needs=_needs(said),
    )
    _must_compile(compiled, source.path)
    return compiled


def _texts(library: Library, source: Source, head: Head) -> list[Text]:
    """Subject, preview, body, and every file that these name, each once."""
    texts = [
        Text(path=source.path, line=head.subject_line, source=head.subject),
        Text(path=source.path, line=max(head.preview_line, 1), source=head.preview),
        Text(path=source.path, line=head.body_line, source=head.body),
    ]
    seen: set[str] = set()

    def visit(text: Text, trail: tuple[str, ...]) -> None:
        for path in references(text, library.parts):
            _descend(path, trail, text)

    def _descend(path: str, trail: tuple[str, ...], named_in: Text) -> None:
        if path in trail or len(trail) > _DEEPEST:
            raise TemplateError(
                f'"{path}" names itself, through {" → ".join(trail)}',
                where=named_in.path,
                remedy="Break the circle.",
            )
        part = Text(path=path, line=1, source=library.parts[path])
        if path not in seen:
            seen.add(path)
            texts.append(part)
        visit(part, (*trail, path))

    visit(texts[2], (source.path,))
    if head.layout:
        _descend(head.layout, (source.path,), texts[2])
    return texts


def _styled(masked: str, masker: Masker, links: int, path: str) -> tuple[str, str, str]:
    """The HTML's Jinja source, why to inline it per recipient, and the masked HTML that people see."""
    before = masker.unmask(masked)
    if not has_styles(masked):
        return before, "", masked
    try:
        shown = inline(masked)
    except TemplateError as error:
        raise TemplateError(error.message, where=path, remedy=error.remedy) from error
    after = masker.unmask_parsed(shown)
    reason = reason_not_to_inline_once((before, masked), (after, shown), masker, links)
    return (before, reason, shown) if reason else (after, "", shown)


def _needs(said: Read) -> frozenset[str]:
    ours = (*ADDRESSES, "sender", "now", "days_since")
    return frozenset(need for need in said.needs if need.partition(".")[0] not in ours)


def _hash(name: str, source: Source, head: Head, texts: list[Text]) -> str:
    told = [
        VERSIONS,
        name,
        source.locale,
        head.layout,
        source.path,
        *((it.path, it.line, it.source) for it in texts),
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
