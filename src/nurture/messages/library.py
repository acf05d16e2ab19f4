"""The templates of a workspace, by name and language, with their heads read. No file is opened here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from nurture.errors import TemplateError
from nurture.journeys.questions import Question
from nurture.messages.languages import in_language, variant
from nurture.messages.macros import paths_by_name
from nurture.settings.brand import Brand

_MESSAGE = re.compile(
    r"(?P<name>[a-z0-9-]+)(?:\.(?P<locale>[a-z]{2,3}(?:[-_][a-z0-9]{2,4})?))?\.(?P<ending>md|html|mjml)"
)
_HEAD_LINE = re.compile(r"([A-Za-z][A-Za-z _-]*):[ \t]*(.*)")
_KEYS = ("subject", "preview", "layout")
LAYOUTS = "layouts/"
_DEFAULT = "base"
_PARENTS = (".html", ".mjml")
"""A layout of MJML holds Markdown in its text, and the other way round is not possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above a message, and where the text begins."""

    subject: str
    preview: str
    layout: str
    """The path of the layout; empty: none."""
    subject_line: int
    preview_line: int
    body: str
    body_line: int
    """The line of the file, from 1, where `body` begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file that holds a message."""

    name: str
    locale: str
    path: str
    text: str

    @property
    def is_markdown(self) -> bool:
        return self.path.endswith(".md")


class Library:
    """All sources under templates/email/: `path` (with `/`) to text."""

    def __init__(
        self,
        sources: Mapping[str, str],
        questions: Mapping[str, Question] | None = None,
        *,
        brand: Mapping[str, str | int] | None = None,
        images: Mapping[str, str] | None = None,
        tags_links: bool = False,
    ) -> None:
        """`brand`: what [brand] says, as `Brand.words` gives it. `images`: where each picture below templates/images/
        is served; None: nothing is known of them, and their names stay as they are. `tags_links`: whether links get
        UTM parameters."""
        self.brand: Mapping[str, str | int] = Brand().words() if brand is None else brand
        self.images = images
        self.tags_links = tags_links
        self.questions: Mapping[str, Question] = questions or {}
        """What messages may ask, by name."""
        self.parts: Mapping[str, str] = {path: _tidy(text) for path, text in sources.items()}
        """Every file, messages and parts alike, with `\\n` line ends."""
        self._parts_in: dict[str, Mapping[str, str]] = {}
        self._messages: dict[tuple[str, str], list[Source]] = {}
        for path, text in sorted(self.parts.items()):
            match = _MESSAGE.fullmatch(path)
            if match:
                locale = (match["locale"] or "").replace("_", "-")
                source = Source(name=match["name"], locale=locale, path=path, text=text)
                self._messages.setdefault((source.name, locale), []).append(source)

    @cached_property
    def macros(self) -> Mapping[str, tuple[str, ...]]:
        """In which files below macros/ each macro stands; more than one is a mistake of whoever calls it."""
        return paths_by_name(self.parts)

    def parts_in(self, locale: str) -> Mapping[str, str]:
        """`parts` for messages in this language: where one names `layouts/base.html`, and there is
        `layouts/base.de.html`, it means that one; only that file itself still names the other."""
        if locale not in self._parts_in:
            self._parts_in[locale] = in_language(self.parts, locale) if locale else self.parts
        return self._parts_in[locale]

    def names(self) -> tuple[str, ...]:
        """The names of all messages, sorted."""
        return tuple(sorted({name for name, _ in self._messages}))

    def locales(self, name: str) -> tuple[str, ...]:
        """The languages a message exists in, sorted; "" is the one for everybody else."""
        return tuple(sorted(locale for known, locale in self._messages if known == name))

    def pick(self, name: str, locale: str = "") -> str:
        """Which of `locales(name)` a contact with `locale` gets: de-at, else de, else "".

        Raises TemplateError where there is none.
        """
        wanted = locale.replace("_", "-").lower()
        for candidate in (wanted, wanted.partition("-")[0], ""):
            if (name, candidate) in self._messages:
                return candidate
        self._refuse(name)
        raise TemplateError(
            f"this message has no version for everybody, only {', '.join(self.locales(name))}",
            where=name,
            remedy=f"Write {name}.md for contacts of all other languages.",
        )

    def source(self, name: str, locale: str = "") -> Source:
        """The file for a contact with `locale`. Raises TemplateError where there is none, or two."""
        found = self._messages[(name, self.pick(name, locale))]
        if len(found) > 1:
            paths = " and ".join(source.path for source in found)
            raise TemplateError(
                f"{paths} are the same message",
                where=name,
                remedy="Keep one of them, or give it another name.",
            )
        return found[0]

    def _refuse(self, name: str) -> None:
        if any(name == known for known, _ in self._messages):
            return
        near = difflib.get_close_matches(name, self.names(), 1)
        hint = f'did you mean "{near[0]}"?' if near else f"Write it as templates/email/{name}.md"
        raise TemplateError(f'no template is called "{name}"', where=name, remedy=hint)

    def head(self, source: Source) -> Head:
        """Read the first lines of a message. Raises TemplateError naming file and line."""
        spoken = replace(source, text=self.parts_in(source.locale)[source.path])
        head = _read_head(spoken, self.parts)
        return replace(head, layout=variant(head.layout, source.locale, self.parts))


def _tidy(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _read_head(source: Source, parts: Mapping[str, str]) -> Head:
    lines = source.text.split("\n")
    at = next((no for no, line in enumerate(lines) if line.strip()), len(lines))
    found: dict[str, tuple[str, int]] = {}
    while at < len(lines) and lines[at].strip():
        key, value = _head_line(lines[at], source.path, at + 1)
        if key in found:
            raise _fault(source.path, at + 1, f'"{key}:" stands here twice', "Take one of the two lines out.")
        found[key] = (value, at + 1)
        at += 1
    subject, subject_line = found.get("subject", ("", 0))
    if not subject:
        raise _fault(
            source.path, 1, "it has no subject", "Begin the file with a line such as subject: Welcome!"
        )
    preview, preview_line = found.get("preview", ("", 0))
    body_at = min(at + 1, len(lines))
    return Head(
        subject=subject,
        preview=preview,
        layout=_layout(found.get("layout"), source.path, parts),
        subject_line=subject_line,
        preview_line=preview_line,
        body="\n".join(lines[body_at:]),
        body_line=body_at + 1,
    )


def _head_line(line: str, path: str, no: int) -> tuple[str, str]:
    match = _HEAD_LINE.fullmatch(line.strip())
    key = match[1].strip().lower() if match else ""
    if match is None or key not in _KEYS:
        near = difflib.get_close_matches(key, _KEYS, 1) if key else []
        hint = (
            f'did you mean "{near[0]}"?'
            if near
            else ("A message begins with subject: and preview:, then an empty line, then the text.")
        )
        raise _fault(path, no, "this line is neither subject:, preview: nor layout:", hint)
    value = match[2].strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" and value[0] not in value[1:-1]:
        value = value[1:-1]
    return key, value


def _layout(said: tuple[str, int] | None, path: str, parts: Mapping[str, str]) -> str:
    endings = (".mjml",) if path.endswith(".mjml") else (".html",) if path.endswith(".html") else _PARENTS
    name, line = (_DEFAULT, 0) if said is None else said
    if name in ("", "none"):
        return ""
    stem = name.removesuffix(".html").removesuffix(".mjml")
    found = next((it for ending in endings if (it := f"{LAYOUTS}{stem}{ending}") in parts), "")
    if not found and line:
        known = [it.removeprefix(LAYOUTS).rpartition(".")[0] for it in parts if it.startswith(LAYOUTS)]
        near = difflib.get_close_matches(stem, known, 1)
        hint = f"Write it as templates/email/{LAYOUTS}{stem}{endings[0]}"
        if near and near[0] != stem:
            hint = f'did you mean "{near[0]}"?'
        raise _fault(path, line, f'no layout is called "{name}"', hint)
    return found


def _fault(path: str, line: int, message: str, remedy: str) -> TemplateError:
    return TemplateError(message, where=f"{path}:{line}", remedy=remedy, line=line)
