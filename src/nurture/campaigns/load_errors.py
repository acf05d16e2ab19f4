"""What keeps a file from being YAML, in a marketer's words."""

from __future__ import annotations

import re
from typing import Any

import yaml

from nurture.campaigns.tree import Mark

_QUOTED = re.compile(r"""(?:^\s*|[:-]\s+)(["']).*\1\s*$""")
"""A line up to where a value that begins with a quotation mark is over."""
_VALUE = re.compile(r"\s*(?:-\s+)*[\w -]+:\s+([^\s\"'][^\"\\#]*?)\s*")
"""A key and a value that could stand in double quotes as it is."""
_KEY_BEFORE = re.compile(r"[^{\[,]+[\s\"']([\w-]+)$")
"""A key that follows a value with no comma between, up to its colon."""


class LoadError(Exception):
    """The file cannot be read any further than `mark`."""

    def __init__(
        self, code: str, message: str, hint: str = "", mark: Mark | None = None, length: int = 1
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.mark = mark or Mark(0, 0, 0)
        self.length = length


def mark_of(mark: Any) -> Mark:
    """The parser's mark as ours."""
    return Mark(mark.line, mark.column, mark.index)


def in_words(error: yaml.MarkedYAMLError, text: str) -> LoadError:
    """The parser's complaint, in a marketer's words where it is one of the usual ones."""
    problem = error.problem or "it breaks off"
    mark = error.problem_mark or error.context_mark
    at = mark_of(mark) if mark else Mark(0, 0, 0)
    opened = mark_of(error.context_mark) if error.context_mark else at
    character = text[at.index : at.index + 1]
    if "cannot start any token" in problem:
        if character == "\t":
            return LoadError("tab", "a tab cannot indent a line", "use spaces", at)
        return LoadError("yaml", f"a value cannot start with {character}", "put it in quotes", at)
    if "found a tab character" in problem:
        return LoadError("tab", "a tab cannot indent a line", "use spaces", at)
    if "mapping values are not allowed" in problem:
        return LoadError("colon", "a colon does not belong here", _about_a_colon(text, at), at)
    if "quoted scalar" in (error.context or "") and "unexpected end" in problem:
        return LoadError(
            "quote", "this quotation mark is never closed", "close it, or double it inside", opened
        )
    if "unknown escape" in problem:
        return LoadError("yaml", "\\ has a meaning inside double quotes", "use single quotes", at)
    if "could not find expected ':'" in problem:
        return LoadError(
            "yaml", "this is neither a key nor a value", "a key ends in a colon and a space", opened
        )
    if "flow" in (error.context or ""):
        if comma := _comma_missing(text, at):
            return comma
        return LoadError(
            "yaml", "this bracket is never closed", "close it, or put the value in quotes", opened
        )
    if "block sequence entries are not allowed" in problem:
        return LoadError("yaml", "a list begins on a line of its own", "start a new line before the -", at)
    if "did not find expected" in problem and (
        quoted := _QUOTED.search(text[at.index - at.column : at.index])
    ):
        begins = Mark(at.line, quoted.start(1), at.index - at.column + quoted.start(1))
        hint = "put all of it into single quotes, such as '\"vip\" in contact.tags'"
        return LoadError(
            "quote", "a value that begins with a quotation mark ends at the next one", hint, begins
        )
    if "did not find expected key" in problem or "expected '-'" in problem:
        return LoadError("yaml", "this line is not indented like the ones above", "line it up with them", at)
    return LoadError("yaml", f"this is not YAML: {problem}", "", at)


def _line_at(text: str, at: Mark) -> str:
    return text[at.index - at.column :].partition("\n")[0].rstrip("\r")


def _about_a_colon(text: str, at: Mark) -> str:
    """What to do about a second colon: most are part of a sentence."""
    match = _VALUE.fullmatch(_line_at(text, at))
    if match and match.start(1) < at.column and len(match[1]) <= 60:
        return f'put the value in quotes: "{match[1]}"'
    return "put the value in quotes, or check the indentation"


def _comma_missing(text: str, at: Mark) -> LoadError | None:
    """The error of a second key in brackets that no comma parts from the value before it."""
    line = _line_at(text, at)
    key = _KEY_BEFORE.search(line[: at.column])
    if not line.startswith(": ", at.column) or key is None:
        return None
    begins = Mark(at.line, key.start(1), at.index - at.column + key.start(1))
    message = f"a comma is missing before `{key[1]}:`"
    return LoadError("yaml", message, "commas part the keys in { }", begins, len(key[1]))
