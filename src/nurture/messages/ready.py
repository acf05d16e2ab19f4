"""A compiled message made ready: its Jinja sources as functions, kept for as long as it is in use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jinja2 import Template
from jinja2 import TemplateError as JinjaError
from jinja2.runtime import Context

from nurture.errors import TemplateError
from nurture.journeys.questions import Question
from nurture.messages.bounds import LONGEST, TooMuch, made_too_much, too_long, wanted_too_much
from nurture.messages.compiled import Compiled
from nurture.messages.environment import make_environment
from nurture.messages.quoted import Piece, known_pieces
from nurture.messages.syntax import local_names
from nurture.messages.tracking import literal_link


class Asked(Protocol):
    """Values by name; Jinja's `missing` for a name that nothing has."""

    def __getitem__(self, name: str, /) -> Any: ...


class Part:
    """One Jinja source, ready to render. One message at a time."""

    __slots__ = ("_context", "_template")

    def __init__(self, template: Template) -> None:
        self._template = template
        self._context: Context | None = None

    def text(self, given: Asked) -> str:
        """The source with these values in it."""
        return "".join(self.chunks(given))

    def chunks(self, given: Asked) -> list[str]:
        """The same in the chunks that it is made of: what stands in the source, and what varies."""
        # Making a context costs as much as filling in a subject, so it is used again, unless it was left in
        # the middle of something. It looks names up where they are, without a copy for each message.
        context, self._context = self._context or self._new_context(), None
        # Set on the context itself, for it is asked 25 times a message.
        context.resolve_or_missing = given.__getitem__  # type: ignore[method-assign, assignment]
        chunks = list(self._template.root_render_func(context))
        if context.vars:
            context.vars.clear()
            context.exported_vars.clear()
        self._context = context
        if sum(map(len, chunks)) > LONGEST:
            raise too_long()
        return chunks

    def known(self) -> dict[str, Piece]:
        """Its constant chunks in quoted-printable."""
        return known_pieces(self._template.root_render_func.__code__)

    def _new_context(self) -> Context:
        it = self._template
        return Context(it.environment, {}, it.name, it.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A tracked link: the variable that stands in its place, and where it leads.

    With neither `target` nor `work_out` it stands in a loop: where it leads is told by rendering the message.
    """

    variable: str
    target: str = ""
    work_out: Part | None = None

    @property
    def in_loop(self) -> bool:
        """Whether it is another one each turn."""
        return not self.target and self.work_out is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One message."""

    name: str
    inline_each: bool
    subject: Part
    preview: Part
    html: Part
    text: Part
    links: tuple[Link, ...]
    numbers: Mapping[str, int]
    """The number of each link by its variable, without those in loops."""
    known: Mapping[str, Piece]
    """The constant chunks of the HTML."""
    questions: Mapping[str, Question]
    """What it asks, by name."""


class Shelf:
    """Keeps the last `keep` messages ready. Not to be shared by threads."""

    def __init__(self, keep: int) -> None:
        self._html = make_environment(html=True)
        self._text = make_environment(html=False)
        self._ready: OrderedDict[str, Ready] = OrderedDict()
        self._keep = keep

    def of(self, compiled: Compiled) -> Ready:
        """The message as functions."""
        ready = self._ready.get(compiled.hash)
        if ready is None:
            ready = self._ready[compiled.hash] = self._prepared(compiled)
            while len(self._ready) > self._keep:
                self._ready.popitem(last=False)
        else:
            self._ready.move_to_end(compiled.hash)
        return ready

    def _prepared(self, compiled: Compiled) -> Ready:
        html = Part(self._html.from_string(compiled.html))
        links = tuple(self._link(no, source) for no, source in enumerate(compiled.links, 1))
        return Ready(
            name=compiled.name,
            inline_each=bool(compiled.inline_each),
            subject=self._part(compiled.subject),
            preview=self._part(compiled.preview),
            html=html,
            text=self._part(compiled.text),
            links=links,
            numbers={it.variable: no for no, it in enumerate(links, 1) if not it.in_loop},
            known=html.known(),
            questions={it.key: it for it in compiled.questions},
        )

    def _link(self, no: int, source: str) -> Link:
        variable = f"_{no}"
        if literal_link(source):
            return Link(variable=variable, target=source)
        return Link(variable=variable, work_out=None if local_names(source) else self._part(source))

    def _part(self, source: str) -> Part:
        return Part(self._text.from_string(source))


def failed(name: str, error: Exception) -> TemplateError:
    """What is said where the message called `name` could not be rendered."""
    match error:
        case TemplateError():
            return TemplateError(error.message, where=name, remedy=error.remedy)
        case TooMuch():
            return made_too_much(error, name)
        case MemoryError():
            return wanted_too_much(name)
        case RecursionError():
            said = "it calls itself without end"
        case JinjaError(message=str(message)) if message:
            said = message
        case _:
            said = f"{type(error).__name__}: {error}"
    return TemplateError(f"it cannot be rendered: {said}", where=name)
