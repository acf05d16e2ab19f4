"""Jinja marks hidden from parsers of HTML: each becomes something harmless in the place where it stands.

An expression becomes a word; a statement becomes a comment in text, an attribute's name inside a tag, a CSS
comment in <style>, and a word elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nurture.messages.places import Place, Scanner
from nurture.messages.segments import Segment, join, literal, split


@dataclass(frozen=True, slots=True)
class Mark:
    """One expression or statement and the place it stands in."""

    segment: Segment
    place: Place

    @property
    def is_clothed(self) -> bool:
        """A comment around its word is ours: in a comment of the author's it would stand in another place."""
        if self.place.element == "style":
            return self.segment.kind == "stmt"
        return self.place.kind == "text"


class Masker:
    """Hides the marks of one source and brings them back."""

    def __init__(self, source: str) -> None:
        stem = "nvz"
        while stem in source.lower():
            stem += "q"
        self.marks: list[Mark] = []
        self.stem = stem
        """What the words begin with; nowhere else in the source."""
        self._any = re.compile(rf"<!--{stem}(\d+)z-->|/\*{stem}(\d+)z\*/|{stem}(\d+)z", re.IGNORECASE)
        self._name = re.compile(rf"{stem}(\d+)z", re.IGNORECASE)

    def mask(self, source: str) -> str:
        """`source` with every mark hidden."""
        return self.mask_segments(split(source))

    def mask_segments(self, segments: Iterable[Segment]) -> str:
        """The same for a source that is cut up already."""
        scanner = Scanner()
        out = []
        cut = tuple(segments)
        for no, segment in enumerate(cut):
            if segment.kind == "data":
                scanner.feed(segment.text)
                out.append(segment.text)
            else:
                behind = cut[no + 1].text[:1] if no + 1 < len(cut) and cut[no + 1].kind == "data" else ""
                place = scanner.meet_mark(ends_name=segment.kind == "stmt" and behind in (" ", "\n", "\t"))
                out.append(_clothe(segment.kind, place.kind, place.element, self.add(segment, place)))
        return "".join(out)

    def add(self, segment: Segment, place: Place) -> str:
        """Keep a mark; the bare word that stands for it."""
        self.marks.append(Mark(segment, place))
        return f"{self.stem}{len(self.marks) - 1}z"

    def unmask(self, masked: str) -> str:
        """The source again, exactly."""
        shown = join(literal(masked))
        for word, text in self._inside_tags():
            shown = shown.replace(f" {word} ", text)
        return self._restore(shown, self._any)

    def unmask_parsed(self, html: str) -> str:
        """The same for what a parser wrote; braces that it made out of entities stay text."""
        shown = join(literal(html))
        for word, text in self._inside_tags():
            shown = shown.replace(f' {word}=""', f" {text}").replace(f" {word}", f" {text}")
        return self._restore(shown, self._any)

    def unmask_words(self, masked: str) -> str:
        """The same where only bare words stand, as in an attribute's value or in plain text."""
        return self._restore(join(literal(masked)), self._name)

    def numbers(self, masked: str) -> list[int]:
        """Which marks stand in `masked`, in their order."""
        return [int(match[1]) for match in self._name.finditer(masked)]

    def bare(self, masked: str) -> str:
        """`masked` without the words for marks."""
        return self._name.sub("", masked)

    def words(self, masked: str) -> list[tuple[int, int]]:
        """Where in `masked` words for marks stand, each with the mark's number."""
        return [(match.start(), int(match[1])) for match in self._name.finditer(masked)]

    def mark_of(self, comment: str) -> Segment | None:
        """The statement that an HTML comment with this text stands for."""
        match = self._name.fullmatch(comment.strip())
        segment = self.marks[int(match[1])].segment if match else None
        return segment if segment is not None and segment.kind == "stmt" else None

    def _inside_tags(self) -> Iterator[tuple[str, str]]:
        for no, mark in enumerate(self.marks):
            if mark.place.kind == "tag" and mark.segment.kind == "stmt":
                yield f"{self.stem}{no}z", mark.segment.text

    def _restore(self, masked: str, pattern: re.Pattern[str]) -> str:
        def put_back(match: re.Match[str]) -> str:
            number = next(group for group in match.groups() if group is not None)
            mark = self.marks[int(number)]
            if mark.is_clothed:
                return mark.segment.text
            return self._name.sub(lambda _: mark.segment.text, match[0])

        return pattern.sub(put_back, masked)


def _clothe(kind: str, place: str, element: str, word: str) -> str:
    if kind == "var":
        return word
    if place == "text":
        return f"<!--{word}-->"
    if place == "tag":
        return f" {word} "
    if place == "raw" and element == "style":
        return f"/*{word}*/"
    return word
