"""A message, its layout and its parts put together into one source that names no other file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from nurture.messages.markdown import to_html
from nurture.messages.segments import Segment, end_of, join, split

_QUOTED = re.compile(r"[\"']([^\"']+)[\"']")
_RENAMED = re.compile(r"\b(\w+)\s+as\s+(\w+)")
_DOCUMENT = re.compile(r"<(?:html|mjml)[\s>]", re.IGNORECASE)
_PAGE = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"></head><body>\n',
    "\n</body></html>\n",
)

# Messages share their layouts and parts.
_cut = lru_cache(maxsize=128)(split)

Blocks: TypeAlias = Mapping[str, tuple[Segment, ...]]
Finish: TypeAlias = Callable[[Sequence[Segment]], Sequence[Segment]]


def join_sources(body: str, layout: str, parts: Mapping[str, str], finish: Finish = tuple) -> str:
    """`body` (HTML with Jinja) in its layout, everything that it extends and includes in its place.

    `finish` has the last word on the whole.
    """
    segments = split(body)
    parent = _parent(segments) or (layout if layout and not _DOCUMENT.search(body) else "")
    levels: list[Blocks] = []
    prelude: list[Segment] = []
    if parent and not _parent(segments):
        levels.append(_as_content(segments, _blocks(_cut(_html_of(parent, parts)))))
        segments = _cut(_html_of(parent, parts))
        parent = _parent(segments)
    while parent:
        levels.append(_blocks(segments))
        prelude += _statements_alone(segments)
        segments = _cut(_html_of(parent, parts))
        parent = _parent(segments)
    levels.append(_blocks(segments))
    source = join(finish(tuple(_flat([*prelude, *segments], levels, parts))))
    return source if _DOCUMENT.search(source) else source.join(_PAGE)


def flattened(segments: Sequence[Segment], parts: Mapping[str, str]) -> tuple[Segment, ...]:
    """`segments` with what they include in its place."""
    return tuple(_flat(segments, (), parts))


def _html_of(path: str, parts: Mapping[str, str]) -> str:
    return to_html(parts[path]) if path.endswith(".md") else parts[path]


def _parent(segments: Sequence[Segment]) -> str:
    return next((_file_of(it) for it in segments if it.word == "extends"), "")


def _file_of(segment: Segment) -> str:
    match = _QUOTED.search(segment.rest)
    return match[1] if match else ""


def _as_content(segments: Sequence[Segment], of_layout: Blocks) -> Blocks:
    """The body as the layout's block `content`; blocks that the layout knows too go to their own place."""
    own = {
        name: inner for name, inner in _blocks(segments).items() if name in of_layout and name != "content"
    }
    rest: list[Segment] = []
    at = 0
    while at < len(segments):
        if segments[at].word == "block" and _block_name(segments[at]) in own:
            at = end_of(segments, at, "block") + 1
            continue
        rest.append(segments[at])
        at += 1
    return {"content": tuple(rest), **own}


def _block_name(segment: Segment) -> str:
    return segment.rest.split()[0]


def _blocks(segments: Sequence[Segment]) -> dict[str, tuple[Segment, ...]]:
    found = {}
    for at, segment in enumerate(segments):
        if segment.word == "block":
            found[_block_name(segment)] = tuple(segments[at + 1 : end_of(segments, at, "block")])
    return found


def _statements_alone(segments: Sequence[Segment]) -> Iterator[Segment]:
    """What counts outside the blocks of a file that extends another: its `set`s, macros and imports."""
    at = 0
    while at < len(segments):
        segment = segments[at]
        if segment.word == "block":
            at = end_of(segments, at, "block")
        elif segment.word == "macro" or (segment.word == "set" and "=" not in segment.rest):
            end = end_of(segments, at, segment.word)
            yield from segments[at : end + 1]
            at = end
        elif segment.word in ("set", "from"):
            yield segment
        at += 1


def _flat(
    segments: Sequence[Segment], levels: Sequence[Blocks], parts: Mapping[str, str]
) -> Iterator[Segment]:
    at = 0
    while at < len(segments):
        segment = segments[at]
        if segment.word == "block":
            name = _block_name(segment)
            yield from _flat(_told([level[name] for level in levels if name in level]), levels, parts)
            at = end_of(segments, at, "block")
        elif segment.word == "include":
            yield from _flat(_cut(_html_of(_file_of(segment), parts)), levels, parts)
        elif segment.word == "from":
            inner = _cut(_html_of(_file_of(segment), parts))
            yield from _flat(tuple(_statements_alone(inner)), levels, parts)
            for name, other in _RENAMED.findall(_QUOTED.sub("", segment.rest)):
                yield Segment("stmt", f"{{% set {other} = {name} %}}")
        else:
            yield segment
        at += 1


def _told(versions: Sequence[tuple[Segment, ...]]) -> tuple[Segment, ...]:
    """The first version, `{{ super() }}` in it being the next."""
    told: list[Segment] = []
    for segment in versions[0] if versions else ():
        if segment.kind == "var" and segment.rest == "super()":
            told += _told(versions[1:])
        else:
            told.append(segment)
    return tuple(told)
