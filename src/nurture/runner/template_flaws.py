"""Flaws of messages as findings, each at the line of the file that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nurture.campaigns.findings import Finding
from nurture.messages.lint import Flaw
from nurture.runner.files import TEMPLATES

_NO_WORDS = re.compile(r"!\[\s*\]\(")


def findings_of(flaws: Iterable[Flaw], files: Sequence[str], parts: Mapping[str, str]) -> Iterator[Finding]:
    """Warnings, each at the first place in `files` that is written so; the first file is the message's own."""
    for flaw in flaws:
        pattern = re.compile(flaw.pattern, re.IGNORECASE) if flaw.pattern else None
        yield place(flaw, pattern, files, parts)


def images_without_words(path: str, text: str) -> Iterator[Finding]:
    """`![](…)`, which Markdown makes an image with an empty alt of."""
    if path.endswith(".md"):
        for found in _NO_WORDS.finditer(text):
            flaw = Flaw(
                code="no-alt",
                message="this image has no alt",
                hint="say between [ and ] what it shows, for whoever does not see it",
            )
            yield _at(flaw, path, text, found)


def place(
    flaw: Flaw, pattern: re.Pattern[str] | None, files: Sequence[str], parts: Mapping[str, str]
) -> Finding:
    """The flaw at the first match of `pattern`, else at the message's own file as a whole."""
    if pattern is not None:
        for path in files:
            found = pattern.search(parts[path])
            if found:
                return _at(flaw, path, parts[path], found)
    return Finding(
        code=flaw.code,
        severity="warning",
        path=f"{TEMPLATES}/{files[0]}",
        message=flaw.message,
        hint=flaw.hint,
    )


def _at(flaw: Flaw, path: str, text: str, found: re.Match[str]) -> Finding:
    begin = text.rfind("\n", 0, found.start()) + 1
    source = text[begin:].partition("\n")[0]
    column = found.start() - begin
    return Finding(
        code=flaw.code,
        severity="warning",
        path=f"{TEMPLATES}/{path}",
        line=text.count("\n", 0, found.start()) + 1,
        column=column + 1,
        message=flaw.message,
        hint=flaw.hint,
        source=source,
        length=max(1, min(len(found[0]), len(source) - column)),
    )
