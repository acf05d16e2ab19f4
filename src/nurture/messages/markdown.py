"""Markdown that holds Jinja, as HTML that holds the same Jinja."""

from __future__ import annotations

import re
from collections.abc import Collection

from markdown_it import MarkdownIt

from nurture.messages.markdown_lists import mend_lists
from nurture.messages.masking import Masker
from nurture.messages.places import Scanner
from nurture.messages.segments import Segment, split

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table").disable("code")
_CALL = re.compile(r"\{\{ (\w+)\s*\(")
_ENDS = ("end", "else", "elif")


def to_html(source: str, macros: Collection[str] = ()) -> str:
    """Turn `source` into HTML.

    A statement alone on its line stands between paragraphs, list items or table rows; others are in the text. So does
    the call of one of `macros`.
    Four spaces in front of a line mean nothing, so that what stands in `{% if %}` may be indented.
    """
    masker = Masker(source)
    stem = masker.stem
    scanner = Scanner()
    out = []
    for segment in split(source):
        if segment.kind == "data":
            scanner.feed(segment.text)
            out.append(segment.text)
            continue
        place = scanner.meet_mark()
        word = masker.add(segment, place)
        if place.kind == "text" and (segment.kind == "stmt" or _calls(segment, macros)):
            # Quotation marks are punctuation to Markdown: emphasis may begin and end beside them.
            word = f"‹{word}›"
        elif segment.kind == "stmt" and place.kind == "tag":
            word = f" {word} "
        out.append(word)
    lines = _statement_lines("".join(out).split("\n"), re.compile(rf"‹({stem}\d+z)›"), masker)
    tokens = mend_lists(_MARKDOWN.parse("\n".join(lines)), masker)
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    row = re.compile(rf"<tr>\s*<td[^>]*>‹({stem}\d+z)›</td>(?:\s*<td[^>]*></td>)*\s*</tr>")
    html = row.sub(r"<!--\1-->", html)
    html = re.sub(rf"(?:‹|%E2%80%B9)({stem}\d+z)(?:›|%E2%80%BA)", r"\1", html)
    return masker.unmask(html)


def _calls(segment: Segment, macros: Collection[str]) -> bool:
    match = _CALL.match(segment.text)
    return match is not None and match[1] in macros


def _statement_lines(lines: list[str], mark: re.Pattern[str], masker: Masker) -> list[str]:
    alone = [bool(line.strip()) and not mark.sub("", line).strip() for line in lines]
    out: list[str] = []
    in_table = False
    for no, line in enumerate(lines):
        if not alone[no]:
            in_table = line.lstrip().startswith("|")
            out.append(line)
            continue
        words = mark.findall(line)
        if in_table and (_ends(words, masker) or _next_text(lines, alone, no).startswith("|")):
            out += [f"| ‹{word}› |" for word in words]
        else:
            indent = line[: len(line) - len(line.lstrip())]
            out.append(indent + "".join(f"<!--{word}-->" for word in words))
    return out


def _ends(words: list[str], masker: Masker) -> bool:
    segment = masker.mark_of(words[0])
    return segment is not None and segment.word.startswith(_ENDS)


def _next_text(lines: list[str], alone: list[bool], no: int) -> str:
    return next((lines[at].lstrip() for at in range(no + 1, len(lines)) if not alone[at]), "")
