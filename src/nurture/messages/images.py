"""Pictures below templates/images/: where they are named, and the addresses that people's mail programs fetch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence

from nurture.errors import TemplateError
from nurture.messages.lexing import Token, written
from nurture.messages.segments import Segment
from nurture.messages.settling import Reword

PREFIX = "images/"

_NAME = r"images/[^\s\"'()<>,]*"
_NAMED = re.compile(
    rf"(?:\b(?:src|href|background|poster)\s*=\s*[\"']?\s*|\burl\(\s*(?:[\"']|&#39;|&quot;)?\s*)(?P<name>{_NAME})",
    re.IGNORECASE,
)
_SET = re.compile(r"\bsrcset\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_IN_SET = re.compile(rf"(?<=[\"',\s])(?P<name>{_NAME})")

Address = Callable[[str], str]


class Pictures:
    """Gives the address of each picture; `where` tells the place of one that is not there: path and line."""

    def __init__(self, images: Mapping[str, str], where: Callable[[str], tuple[str, int]]) -> None:
        self._images = images
        self._where = where

    def address(self, named: str) -> str:
        """Where `images/…` is served. Raises TemplateError where there is no such file."""
        # What stands behind a mark of CSS, as &#39;, is not the name any more.
        name = named.removeprefix(PREFIX).partition("&")[0]
        rest = named[len(PREFIX) + len(name) :]
        if name in self._images:
            return self._images[name] + rest
        path, line = self._where(named)
        near = difflib.get_close_matches(name, list(self._images), 1)
        raise TemplateError(
            f'there is no picture "{PREFIX}{name}"',
            where=f"{path}:{line}" if line else path,
            remedy=f'did you mean "{PREFIX}{near[0]}"?'
            if near
            else "Put it into templates/images/: png, jpg, gif or webp.",
            line=line,
        )

    def in_html(self, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        """The addresses in place of the names that stand in the HTML."""
        return tuple(
            Segment("data", self._replaced(it.text, no + 1 < len(segments)))
            if it.kind == "data" and PREFIX in it.text
            else it
            for no, it in enumerate(segments)
        )

    def _replaced(self, text: str, mark_follows: bool) -> str:
        def put(match: re.Match[str]) -> str:
            named = match["name"]
            if mark_follows and match.end() == len(text):
                path, line = self._where(named)
                raise TemplateError(
                    f'the name of the picture "{named}…" must be written out',
                    where=f"{path}:{line}" if line else path,
                    remedy="Only then can it be told whether the file is there; choose between pictures by {% if %}.",
                    line=line,
                )
            whole, begin = match[0], match.start()
            return (
                whole[: match.start("name") - begin]
                + self.address(named)
                + whole[match.end("name") - begin :]
            )

        text = _SET.sub(lambda found: _IN_SET.sub(put, found[0]), text)
        return _NAMED.sub(put, text)


def say_pictures(pictures: Pictures) -> Reword:
    """Puts addresses in place of texts such as "images/roses.png" in expressions."""

    def reword(tokens: Sequence[Token]) -> list[Token] | None:
        out = [
            Token("string", written(pictures.address(it.text[1:-1])))
            if it.kind == "string" and it.text[1:].startswith(PREFIX)
            else it
            for it in tokens
        ]
        return None if out == list(tokens) else out

    return Reword(re.compile(PREFIX), reword)
