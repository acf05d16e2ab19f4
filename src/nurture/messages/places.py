"""Where in an HTML source one stands: in text, a comment, a tag, an attribute's value, a style sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

PlaceKind: TypeAlias = Literal["text", "comment", "name", "tag", "quoted", "bare", "raw"]

_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_NAME_REST = re.compile(r"[^\s/>]*")
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]+)")
_BARE_END = re.compile(r"[\s>]")
_RAW_ELEMENTS = frozenset({"style", "script", "title", "textarea"})


@dataclass(frozen=True, slots=True)
class Place:
    """`name`: a tag's own; `quoted`, `bare`: an attribute's value; `raw`: in <style> or <title>."""

    kind: PlaceKind
    element: str = ""
    attribute: str = ""


IN_TEXT = Place("text")


class Scanner:
    """Follows a source piece by piece."""

    def __init__(self) -> None:
        self._kind: PlaceKind = "text"
        self._element = ""
        self._closing = False
        self._attribute = ""
        self._quote = ""
        self._after_equals = False

    def meet_mark(self, *, ends_name: bool = False) -> Place:
        """Where the mark stands that comes next. `ends_name`: it stands behind a tag's name."""
        if self._kind == "name" and ends_name:
            self._kind = "tag"
        if self._kind == "tag" and self._after_equals:
            self._kind, self._after_equals = "bare", False
        attribute = self._attribute if self._kind in ("quoted", "bare") else ""
        return Place(self._kind, self._element if self._kind not in ("text", "comment") else "", attribute)

    def feed(self, data: str) -> None:
        """Go on over text that holds no mark."""
        at = 0
        while at < len(data):
            at = self._step(data, at)

    def _step(self, data: str, at: int) -> int:
        if self._kind == "text":
            return self._in_text(data, at)
        if self._kind == "comment":
            return self._until(data, "-->", at)
        if self._kind == "name":
            at = _NAME_REST.match(data, at).end()  # type: ignore[union-attr]  # it matches the empty text too
            if at < len(data):
                self._kind = "tag"
            return at
        if self._kind == "tag":
            return self._in_tag(data, at)
        if self._kind == "quoted":
            end = data.find(self._quote, at)
            if end < 0:
                return len(data)
            self._kind = "tag"
            return end + 1
        if self._kind == "bare":
            match = _BARE_END.search(data, at)
            if match is None:
                return len(data)
            self._kind = "tag"
            return match.start()
        return self._in_raw(data, at)

    def _until(self, data: str, end: str, at: int) -> int:
        found = data.find(end, at)
        if found < 0:
            return len(data)
        self._kind = "text"
        return found + len(end)

    def _in_text(self, data: str, at: int) -> int:
        at = data.find("<", at)
        if at < 0:
            return len(data)
        if data.startswith("<!--", at):
            self._kind = "comment"
            return at + 2 if data.startswith("<!-->", at) else at + 4
        match = _TAG.match(data, at)
        if match is None:
            return at + 1
        self._element = match[1].lower()
        self._closing = data[at + 1] == "/"
        self._attribute, self._after_equals = "", False
        self._kind = "name" if match.end() == len(data) else "tag"
        return match.end()

    def _in_tag(self, data: str, at: int) -> int:
        char = data[at]
        if char == ">":
            opens_raw = self._element in _RAW_ELEMENTS and not self._closing
            self._kind = "raw" if opens_raw else "text"
            return at + 1
        if char == "=":
            self._after_equals = True
            return at + 1
        if char.isspace() or char == "/":
            return at + 1
        if char in "\"'":
            self._kind, self._quote, self._after_equals = "quoted", char, False
            return at + 1
        if self._after_equals:
            self._kind, self._after_equals = "bare", False
            return at
        match = _ATTRIBUTE.match(data, at)
        if match is None:
            return at + 1
        self._attribute = match[1].lower()
        return match.end()

    def _in_raw(self, data: str, at: int) -> int:
        match = re.compile(rf"</{self._element}", re.IGNORECASE).search(data, at)
        if match is None:
            return len(data)
        self._kind = "text"
        return match.start()
