"""Which expression of a message cannot be worked out for somebody."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Environment

from nurture.messages.asking import asking, no_page
from nurture.messages.compiled import Compiled
from nurture.messages.environment import make_environment
from nurture.messages.segments import Segment, split


def construct_at_fault(compiled: Compiled, values: Mapping[str, Any]) -> str:
    """What stands between its braces, such as `contact.points + 1`; "" where it cannot be told.

    Renders part after part, so it is dear: for a message that is known to fail.
    """
    given = {**values, "_pixel": "", "_hidden": "", "_tagger": str, "_tracker": lambda no, target: target}
    given["question"] = asking({it.key: it for it in compiled.questions}, values.get("_answer_url", no_page))
    given |= {f"_{no}": "" for no in range(1, len(compiled.links) + 1)}
    plain, html = make_environment(html=False), make_environment(html=True)
    parts = [compiled.subject, compiled.preview, *compiled.links]
    for environment, source in [
        *((plain, it) for it in parts),
        (html, compiled.html),
        (plain, compiled.text),
    ]:
        line, said = _failure(environment, source, given)
        if said:
            return _at(environment, source, line, said, given)
    return ""


def construct_at_stop(compiled: Compiled, stopped: BaseException) -> str:
    """What the message was at when this was raised into it; "" where it cannot be told."""
    line, is_html = where_stopped(stopped)
    source = compiled.html if is_html else compiled.text
    return next(iter(constructs_at(source, line)), "")


def where_stopped(stopped: BaseException) -> tuple[int, bool]:
    """The line of a template's source, from 1, and whether that is HTML; line 0 where it was not in a template."""
    found = (0, True)
    for frame, line in traceback.walk_tb(stopped.__traceback__):
        if frame.f_code.co_filename != "<template>":
            continue
        template = frame.f_globals.get("__jinja_template__")
        if template is None:
            # Jinja has put the template's own lines into this trace.
            found = (line, found[1])
        else:
            found = (template.get_corresponding_lineno(line), bool(template.environment.autoescape))
    return found


def constructs_at(source: str, line: int) -> list[str]:
    """What stands between the braces on a line, from 1."""
    return [it.text[2:-2].strip() for first, last, it in _marks(source) if first <= line <= last]


def _failure(environment: Environment, source: str, values: Mapping[str, Any]) -> tuple[int, str]:
    """The line of the source, from 1, and what went wrong; 0 and "" where nothing does."""
    try:
        environment.from_string(source).render(values)
    except Exception as error:
        lines = [
            it.lineno or 0 for it in traceback.extract_tb(error.__traceback__) if it.filename == "<template>"
        ]
        return (lines[-1] if lines else 1), repr(error)
    return 0, ""


def _at(environment: Environment, source: str, line: int, said: str, values: Mapping[str, Any]) -> str:
    here = [it for first, last, it in _marks(source) if first <= line <= last]
    alone = (it for it in here if it.kind == "var" and _failure(environment, it.text, values)[1] == said)
    found = next(alone, None) or next(iter(here), None)
    return found.text[2:-2].strip() if found else ""


def _marks(source: str) -> Iterator[tuple[int, int, Segment]]:
    """The expressions and statements, each with its first and last line."""
    line = 1
    for segment in split(source):
        last = line + segment.text.count("\n")
        if segment.kind != "data":
            yield line, last, segment
        line = last
