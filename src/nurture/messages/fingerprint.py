"""What a message is made from, told without compiling it: so that one compiled before can be taken up again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from nurture import __version__
from nurture.messages.compile import VERSIONS
from nurture.messages.library import Library


def fingerprint(
    library: Library, name: str, locale: str = "", *, subject: str = "", preview: str = ""
) -> str:
    """64 hexadecimal digits, the same as long as compiling gives the same: as `compile_template` is called.

    Raises TemplateError where there is no such message, or its head cannot be read.
    """
    source = library.source(name, locale)
    head = library.head(source)
    files = {path: library.parts[path] for path in files_of(library, name, locale)}
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
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def files_of(library: Library, name: str, locale: str = "") -> tuple[str, ...]:
    """The message's own file, then all that it may be put together from. Raises TemplateError as above.

    A file counts as soon as its path stands anywhere in the text of another: one too many does no harm.
    """
    source = library.source(name, locale)
    layout = library.head(source).layout
    found = dict.fromkeys((source.path, *([layout] if layout else [])))
    waiting = list(found)
    while waiting:
        for path in _named(library.parts[waiting.pop()], library.parts):
            if path not in found:
                found[path] = None
                waiting.append(path)
    return tuple(found)


def _named(text: str, parts: Mapping[str, str]) -> Iterator[str]:
    # Behind a backslash a path can be spelled in ways of its own: then every file counts.
    return (path for path in parts if path in text or "\\" in text)
