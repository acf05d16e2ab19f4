"""A message with all that it is put together from: layout, parts, macros, brand and pictures, as one source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nurture.errors import TemplateError
from nurture.messages.branding import say_brand
from nurture.messages.expanding import expand
from nurture.messages.images import PREFIX, Pictures, say_pictures
from nurture.messages.joining import flattened, join_sources
from nurture.messages.languages import speaking
from nurture.messages.library import Head, Library, Source
from nurture.messages.macros import Macro, read_macros
from nurture.messages.markdown import to_html
from nurture.messages.mjml import from_mjml, is_mjml
from nurture.messages.names import macros_called, references
from nurture.messages.segments import Segment, join, split
from nurture.messages.settling import put_in, settle
from nurture.messages.syntax import Text

_DEEPEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """One message, in sources that name no other file."""

    html: str
    """A whole document."""
    is_styled: bool
    """Whether its styles stand in its elements as they are to be: MJML sees to that."""
    subject: str
    preview: str


def texts_of(library: Library, source: Source, head: Head) -> tuple[Text, ...]:
    """Subject, preview and body as they are written, then every file and macro that these name, each once.

    Raises TemplateError where one is not there, or names itself.
    """
    return tuple(_Reader(library, source).read(head))


def assemble(library: Library, source: Source, head: Head, texts: Sequence[Text]) -> Assembled:
    """The message in one piece; `texts` are those of `texts_of`. Raises TemplateError with file, line and remedy."""
    parts = library.parts_in(source.locale)
    macros = {it.macro: _macro(it, parts) for it in texts if it.macro}
    language = source.locale or str(library.brand["language"])
    rewords = [say_brand(library.brand, language)]
    pictures = (
        None if library.images is None else Pictures(library.images, lambda named: _where(named, texts))
    )
    if pictures is not None:
        rewords.append(say_pictures(pictures))

    def finish(segments: Sequence[Segment]) -> Sequence[Segment]:
        settled = settle(expand(segments, macros), rewords)
        source = join(settled)
        if pictures is None or PREFIX not in source:
            return settled
        # Cut again, so that what was put together stands in one piece.
        return pictures.in_html(split(source))

    body = to_html(head.body, library.macros) if source.is_markdown else head.body
    whole = join_sources(body, head.layout, parts, finish)
    made_of_mjml = is_mjml(whole)
    if made_of_mjml:
        whole = from_mjml(whole, language, lambda written: _where(written, texts))
    return Assembled(
        html=speaking(whole, language, always=bool(source.locale)),
        is_styled=made_of_mjml,
        subject=put_in(head.subject, rewords),
        preview=put_in(head.preview, rewords),
    )


class _Reader:
    def __init__(self, library: Library, source: Source) -> None:
        self._library = library
        self._source = source
        self._parts = library.parts_in(source.locale)
        self._seen: set[tuple[str, str]] = set()
        self._texts: list[Text] = []

    def read(self, head: Head) -> list[Text]:
        path = self._source.path
        body = Text(path=path, line=head.body_line, source=head.body)
        self._texts = [
            Text(path=path, line=head.subject_line, source=head.subject),
            Text(path=path, line=max(head.preview_line, 1), source=head.preview),
            body,
        ]
        self._visit(body, (path,))
        if head.layout:
            self._descend(head.layout, (path,), body)
        return self._texts

    def _visit(self, text: Text, trail: tuple[str, ...]) -> None:
        for path in references(text, self._parts):
            self._descend(path, trail, text)
        for name in macros_called(text, self._library.macros):
            self._take(name, trail)

    def _descend(self, path: str, trail: tuple[str, ...], named_in: Text) -> None:
        if path in trail or len(trail) > _DEEPEST:
            raise TemplateError(
                f'"{path}" names itself, through {" → ".join(trail)}',
                where=named_in.path,
                remedy="Break the circle.",
            )
        part = Text(path=path, line=1, source=self._parts[path])
        if (path, "") not in self._seen:
            self._seen.add((path, ""))
            self._texts.append(part)
        self._visit(part, (*trail, path))

    def _take(self, name: str, trail: tuple[str, ...]) -> None:
        paths = self._library.macros[name]
        if len(paths) > 1:
            raise TemplateError(
                f'the macro "{name}" stands in {" and in ".join(paths)}',
                where=paths[-1],
                remedy="Keep one of them, or give it another name.",
            )
        if (paths[0], name) not in self._seen:
            self._seen.add((paths[0], name))
            text = Text(path=paths[0], line=1, source=self._parts[paths[0]], macro=name)
            self._texts.append(text)
            self._visit(text, (*trail, paths[0]))


def _macro(text: Text, parts: Mapping[str, str]) -> Macro:
    """Raises TemplateError where it stands where it cannot be found."""
    macro = _macros_in(text.source).get(text.macro)
    if macro is not None and "include" in macro.holds:
        found = read_macros(flattened(macro.definition, parts))
        macro = next((it for it in found if it.name == text.macro), None)
    if macro is not None:
        return macro
    raise TemplateError(
        f'the macro "{text.macro}" does not stand at the top of its file',
        where=text.path,
        remedy="Take it out of what is around it.",
    )


@lru_cache(maxsize=64)
def _macros_in(source: str) -> dict[str, Macro]:
    """Those of a file, once for all messages. Not to be changed."""
    return {it.name: it for it in read_macros(split(source))}


def _where(named: str, texts: Sequence[Text]) -> tuple[str, int]:
    """Path and line of the first place where `named` stands, or at least its first word."""
    for words in (named, named.split(maxsplit=1)[0]) if named.strip() else ():
        for text in texts:
            at = text.source.find(words)
            if at >= 0:
                return text.path, text.line + text.source.count("\n", 0, at)
    return texts[0].path, 0
