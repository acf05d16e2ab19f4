"""A message rendered for sample contacts when it is compiled: one that makes too much for anybody is found then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from nurture.errors import TemplateStoppedError
from nurture.messages import samples
from nurture.messages.blame import constructs_at, where_stopped
from nurture.messages.bounds import Overtime, TooMuch, made_too_much, took_too_long, wanted_too_much
from nurture.messages.library import Head
from nurture.messages.syntax import Text

STOPS = (TooMuch, MemoryError, Overtime)
"""What is raised in a template that makes too much, or takes too long."""


def rehearse(head: Head, html: str, links: int, *, proved: bool) -> None:
    """Render subject, preview and the HTML's source; the HTML not where the proof of its styles has done so.

    Raises what is in STOPS; other faults may come of the samples, and are passed over.
    """
    environment = samples.environment()
    for source in (head.subject, head.preview, "" if proved else html):
        if "{" not in source:
            continue
        try:
            template = environment.from_string(source)
        except STOPS:
            raise
        except Exception:
            # What cannot be compiled is said by those who compile it in earnest.
            continue
        for answers in samples.ANSWERS[:2]:
            samples.rendered(template, answers, links)


def stopped(stop: BaseException, html: str, texts: Iterable[Text]) -> TemplateStoppedError:
    """The error for one of STOPS, with the file and the line where that can be told; texts[0] names the message."""
    texts = tuple(texts)
    path, line = next(_places(stop, html, texts), (texts[0].path, 0))
    where = f"{path}:{line}" if line else path
    match stop:
        case TooMuch():
            error = made_too_much(stop, where)
        case MemoryError():
            error = wanted_too_much(where)
        case _:
            error = took_too_long(where)
    error.line = line
    return error


def _places(stop: BaseException, html: str, texts: Sequence[Text]) -> Iterator[tuple[str, int]]:
    """File and line of what it may have been at, the most likely first."""
    line, _ = where_stopped(stop)
    # The first lines of an HTML page say nothing: what is at line 1 stands in the subject or the preview.
    sources = (html, *(text.source for text in texts[:2]))
    for source in sources if line else ():
        for construct in constructs_at(source, line):
            spelled = re.compile(r"\s*".join(map(re.escape, construct.split())))
            for text in texts:
                found = spelled.search(text.source)
                if found:
                    yield text.path, text.line + text.source.count("\n", 0, found.start())
