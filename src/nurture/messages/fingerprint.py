"""What a message is made from, told without compiling it: so that one compiled before can be taken up again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator

from nurture import __version__
from nurture.messages.compile import VERSIONS
from nurture.messages.library import Library

_CALL = re.compile(r"\b(\w+)\s*\(")


def fingerprint(
    library: Library, name: str, locale: str = "", *, subject: str = "", preview: str = ""
) -> str:
    """64 hexadecimal digits, the same as long as compiling gives the same: as `compile_template` is called.

    Raises TemplateError where there is no such message, or its head cannot be read.
    """
    source = library.source(name, locale)
    head = library.head(source)
    parts = library.parts_in(source.locale)
    files = {path: parts[path] for path in files_of(library, name, locale)}
    told = [
        __version__,
        VERSIONS,
        name,
        source.locale,
        subject,
        preview,
        source.path,
        head.layout,
        sorted(files.items()),
        _questions(library, files.values()),
        library.tags_links,
        sorted(library.brand.items()),
        sorted((library.images or {}).items()) if any("images/" in text for text in files.values()) else [],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _questions(library: Library, texts: Collection[str]) -> list[str]:
    """All questions, where one may be asked: one too many does no harm."""
    return (
        [repr(it) for it in library.questions.values()] if any("question" in text for text in texts) else []
    )


def files_of(library: Library, name: str, locale: str = "") -> tuple[str, ...]:
    """The message's own file, then all that it may be put together from. Raises TemplateError as above.

    A file counts as soon as its path stands anywhere in the text of another: one too many does no harm.
    """
    source = library.source(name, locale)
    layout = library.head(source).layout
    found = dict.fromkeys((source.path, *([layout] if layout else [])))
    parts = library.parts_in(source.locale)
    waiting = list(found)
    while waiting:
        for path in _named(parts[waiting.pop()], library):
            if path not in found:
                found[path] = None
                waiting.append(path)
    return tuple(found)


def _named(text: str, library: Library) -> Iterator[str]:
    # Behind a backslash a path can be spelled in ways of its own: then every file counts.
    yield from (path for path in library.parts if path in text or "\\" in text)
    called = set(_CALL.findall(text))
    yield from (path for name in sorted(called & library.macros.keys()) for path in library.macros[name])
