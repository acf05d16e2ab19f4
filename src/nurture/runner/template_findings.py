"""What is wrong with templates as findings, each with its line and a caret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from nurture.campaigns.findings import Finding
from nurture.errors import TemplateError, TemplateStoppedError
from nurture.messages.compiled import Compiled
from nurture.messages.fingerprint import files_of
from nurture.messages.library import Library
from nurture.messages.lint import Flaw
from nurture.messages.vocabulary import ANY, CONTACT
from nurture.runner.files import TEMPLATES
from nurture.runner.template_flaws import place

_QUOTED = re.compile(r'"([^"]+)"')


def findings_of(errors: Iterable[TemplateError], library: Library) -> list[Finding]:
    """A finding for each error, and one for each message whose file nobody can name."""
    return [*(_finding(error, library) for error in errors), *_unnamed(library)]


def doubts_of(
    compiled: Iterable[Compiled], library: Library, attributes: Mapping[str, type]
) -> Iterator[Finding]:
    """A warning for each attribute that a message names and no contact has: it prints nothing for anybody."""
    known = CONTACT | set(attributes)
    for message in compiled:
        path = library.source(message.name, message.locale).path
        named = (need.split(".") for need in message.needs if need.startswith("contact."))
        for attribute in sorted({parts[1] for parts in named} - known - {ANY}):
            near = difflib.get_close_matches(attribute, known, 1)
            flaw = Flaw(
                code="unsure",
                message=f"no contact has a {attribute}",
                hint=f'did you mean "{near[0]}"?' if near else "",
            )
            spelled = re.compile(rf"(?<=\bcontact\.){re.escape(attribute)}\b")
            yield place(flaw, spelled, [path], library.parts)


def unknown_questions(compiled: Iterable[Compiled], library: Library) -> Iterator[Finding]:
    """What is wrong with a message that puts a question that is not there."""
    for message in compiled:
        asked = sorted(it.removeprefix("question.") for it in message.needs if it.startswith("question."))
        for name in (it for it in asked if it not in library.questions):
            near = difflib.get_close_matches(name, library.questions, 1)
            flaw = Flaw(
                code="unknown-question",
                message=f'no question is called "{name}"',
                hint=f'did you mean "{near[0]}"?' if near else "write it into campaigns/questions.yaml",
            )
            spelled = re.compile(rf"""(?<=question\(["']){re.escape(name)}(?=["'])""")
            files = files_of(library, message.name, message.locale)
            yield replace(place(flaw, spelled, files, library.parts), severity="error")


def code_of(error: TemplateError) -> str:
    """The code of the finding that tells of it."""
    return "stopped" if isinstance(error, TemplateStoppedError) else "template"


def _finding(error: TemplateError, library: Library) -> Finding:
    path = _path(error.where.partition(":")[0], library)
    lines = library.parts.get(path, "").split("\n")
    source = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
    column, length = _place(error.message, source)
    return Finding(
        code=code_of(error),
        path=f"{TEMPLATES}/{path}",
        line=error.line if source else 0,
        column=column,
        message=error.message,
        hint=error.remedy,
        source=source,
        length=length,
    )


def _path(where: str, library: Library) -> str:
    """The file; where the error names a message only, the first of its files."""
    if where in library.parts:
        return where
    return next((path for path in sorted(library.parts) if path.partition(".")[0] == where), where)


def _place(message: str, source: str) -> tuple[int, int]:
    """Column and length: the last word that the message quotes and the line holds, else the whole line.

    Jinja knows the line of a fault and not its column.
    """
    for word in reversed(_QUOTED.findall(message)):
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", source)
        if found:
            return found.start() + 1, len(word)
    indent = len(source) - len(source.lstrip())
    return indent + 1, max(1, len(source.strip()))


def _unnamed(library: Library) -> list[Finding]:
    known = {path for name in library.names() for path in library.parts if path.partition(".")[0] == name}
    return [
        Finding(
            code="not-read",
            severity="warning",
            path=f"{TEMPLATES}/{path}",
            message="no step can send this: a message's name is of small letters, digits and hyphens",
            hint="call it something like welcome-back.md, or welcome-back.de.md for German",
        )
        for path in sorted(library.parts)
        if "/" not in path and path not in known
    ]
