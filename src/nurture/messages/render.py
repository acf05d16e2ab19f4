"""Renders a compiled message for one recipient: the same for preview, test mail, simulation and sending."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jinja2 import Template
from jinja2 import TemplateError as JinjaError

from nurture.errors import TemplateError
from nurture.messages.compiled import Compiled
from nurture.messages.environment import make_environment
from nurture.messages.headers import control_character
from nurture.messages.inlining import inline
from nurture.messages.names import local_names
from nurture.messages.text import tidy
from nurture.messages.tracking import literal_link

_TURN = 256
"""A link in a loop has the number of the link plus this times its turn, from 0."""
_LAST_TURN = 126
_WHITE = re.compile(r"\s+")
_TARGET = re.compile(r"https?://[^\s/?#\x00-\x20\x7f]+[^\s\x00-\x20\x7f]*", re.IGNORECASE)


class Addresses(Protocol):
    """The addresses of one message; `MessageUrls` is one."""

    def click(self, link_no: int) -> str:
        """Where link `link_no` goes."""
        ...

    @property
    def open(self) -> str:
        """The pixel."""
        ...

    @property
    def hidden(self) -> str:
        """The link that no person sees."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One message in its four parts."""

    subject: str
    preview: str
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    subject: Callable[[Any], str]
    preview: Callable[[Any], str]
    html: Callable[[Any], str]
    text: Callable[[Any], str]
    links: tuple[tuple[str, str, Callable[[Any], str] | None], ...]
    """Each link's variable, its target where all have one, else how to work it out; neither: by turns."""


class Renderer:
    """Keeps the last `keep` messages ready to render. Not to be shared by threads."""

    def __init__(self, keep: int = 256) -> None:
        self._html = make_environment(html=True)
        self._text = make_environment(html=False)
        self._ready: OrderedDict[str, _Parts] = OrderedDict()
        self._keep = keep

    def render(
        self, compiled: Compiled, values: Mapping[str, Any], links: Addresses | None = None
    ) -> Rendered:
        """The message for one recipient.

        `links` makes the tracked addresses; without it links lead straight to their targets, without a pixel.
        Raises TemplateError naming the message and what could not be worked out.
        """
        parts = self._parts(compiled)
        try:
            given = dict(values)
            _give_links(given, parts, links)
            subject = parts.subject(given)
            preview = parts.preview(given)
            html = parts.html(given)
            if links is not None:
                given["_tracker"] = _Turns(links.click)
            text = parts.text(given)
            if compiled.inline_each:
                html = inline(html)
        except TemplateError as error:
            raise TemplateError(error.message, where=compiled.name, remedy=error.remedy) from error
        except Exception as error:
            raise _failed(compiled, error) from error
        return Rendered(
            subject=_one_line(subject, "subject", compiled),
            preview=_one_line(preview, "preview", compiled),
            html=html,
            text=tidy(text),
        )

    def resolve_link(self, compiled: Compiled, link_no: int, values: Mapping[str, Any]) -> str:
        """Where a click on `link_no` leads: http or https. Raises TemplateError where it leads nowhere."""
        no, turn = link_no % _TURN, link_no // _TURN
        parts = self._parts(compiled)
        if not 1 <= no <= len(parts.links):
            raise TemplateError(f"this message has no link {link_no}", where=compiled.name)
        _, target, work_out = parts.links[no - 1]
        try:
            if work_out is not None:
                target = work_out(dict(values))
            elif not target:
                target = self._by_turns(parts, values).get((no, turn), "")
        except Exception as error:
            raise _failed(compiled, error) from error
        target = target.strip()
        if not _TARGET.fullmatch(target):
            raise TemplateError(
                f"link {no} leads to {target[:80]!r}, which is no http or https address", where=compiled.name
            )
        return target

    def _by_turns(self, parts: _Parts, values: Mapping[str, Any]) -> dict[tuple[int, int], str]:
        """Every link in a loop, by rendering the whole message."""
        targets: dict[tuple[int, int], str] = {}
        turns: dict[int, int] = {}

        def keep(no: int, target: str) -> str:
            turn = turns[no] = turns.get(no, -1) + 1
            targets[no, turn] = target
            return target

        given = dict(values)
        _give_links(given, parts, None)
        given["_tracker"] = keep
        parts.html(given)
        return targets

    def _parts(self, compiled: Compiled) -> _Parts:
        parts = self._ready.get(compiled.hash)
        if parts is None:
            parts = self._ready[compiled.hash] = self._prepare(compiled)
            while len(self._ready) > self._keep:
                self._ready.popitem(last=False)
        else:
            self._ready.move_to_end(compiled.hash)
        return parts

    def _prepare(self, compiled: Compiled) -> _Parts:
        def text(source: str) -> Callable[[Any], str]:
            return _function(self._text.from_string(source))

        links: list[tuple[str, str, Callable[[Any], str] | None]] = []
        for no, source in enumerate(compiled.links, 1):
            if literal_link(source):
                links.append((f"_{no}", source, None))
            else:
                links.append((f"_{no}", "", None if local_names(source) else text(source)))
        return _Parts(
            subject=text(compiled.subject),
            preview=text(compiled.preview),
            html=_function(self._html.from_string(compiled.html)),
            text=text(compiled.text),
            links=tuple(links),
        )


class _Turns:
    """Gives a link in a loop another number each turn."""

    __slots__ = ("_click", "_turns")

    def __init__(self, click: Callable[[int], str]) -> None:
        self._click = click
        self._turns: dict[int, int] = {}

    def __call__(self, no: int, target: str) -> str:
        turn = self._turns.get(no, 0)
        self._turns[no] = turn + 1
        # More turns than there are numbers for: the last ones are not told apart, but lead where they say.
        return self._click(no + _TURN * turn) if turn <= _LAST_TURN else target


def _give_links(given: dict[str, Any], parts: _Parts, links: Addresses | None) -> None:
    if links is None:
        given["_pixel"] = given["_hidden"] = ""
        given["_tracker"] = _untracked
        for name, target, work_out in parts.links:
            given[name] = work_out(given) if work_out else target
        return
    given["_pixel"], given["_hidden"] = links.open, links.hidden
    given["_tracker"] = _Turns(links.click)
    for no, (name, target, work_out) in enumerate(parts.links, 1):
        if target or work_out:
            given[name] = links.click(no)


def _untracked(no: int, target: str) -> str:
    return target


def _function(template: Template) -> Callable[[Any], str]:
    """The template's own function over a context made without a second copy."""
    render, globals = template.root_render_func, dict(template.globals)

    def run(values: Any) -> str:
        return "".join(render(template.new_context({**globals, **values}, shared=True)))

    return run


def _one_line(text: str, part: str, compiled: Compiled) -> str:
    line = _WHITE.sub(" ", text).strip()
    if control_character(line):
        raise TemplateError(
            f"the {part} has a control character in it",
            where=compiled.name,
            remedy="It came with the contact's data: put that right and the next message will go.",
        )
    return line


def _failed(compiled: Compiled, error: Exception) -> TemplateError:
    said = (
        error.message
        if isinstance(error, JinjaError) and error.message
        else f"{type(error).__name__}: {error}"
    )
    return TemplateError(f"it cannot be rendered: {said}", where=compiled.name)
