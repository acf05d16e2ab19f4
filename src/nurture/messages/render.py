"""Renders a compiled message for one recipient: the same for preview, test mail, simulation and sending."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.errors import TemplateError
from nurture.messages.compiled import Compiled
from nurture.messages.given import TURN, Addresses, Given
from nurture.messages.headers import control_character
from nurture.messages.inlining import inline
from nurture.messages.ready import Link, Ready, Shelf, failed
from nurture.messages.text import tidy

_WHITE = re.compile(r"\s+")
_TARGET = re.compile(r"https?://[^\s/?#\x00-\x20\x7f]+[^\s\x00-\x20\x7f]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One message in its four parts."""

    subject: str
    preview: str
    html: str
    text: str


class Renderer:
    """Keeps the last `keep` messages ready to render. Not to be shared by threads."""

    def __init__(self, keep: int = 256) -> None:
        self._shelf = Shelf(keep)

    def render(
        self, compiled: Compiled, values: Mapping[str, Any], links: Addresses | None = None
    ) -> Rendered:
        """The message for one recipient.

        `links` makes the tracked addresses; without it links lead straight to their targets, without a pixel.
        Raises TemplateError naming the message and what could not be worked out.
        """
        ready = self._shelf.of(compiled)
        try:
            given = Given(values, ready, links)
            subject = ready.subject.text(given)
            preview = ready.preview.text(given)
            html = ready.html.text(given)
            given.next_part()
            text = ready.text.text(given)
            if ready.inline_each:
                html = inline(html)
        except Exception as error:
            raise failed(compiled.name, error) from error
        return Rendered(
            subject=one_line(subject, "subject", compiled.name),
            preview=one_line(preview, "preview", compiled.name),
            html=html,
            text=tidy(text),
        )

    def resolve_link(self, compiled: Compiled, link_no: int, values: Mapping[str, Any]) -> str:
        """Where a click on `link_no` leads: http or https. Raises TemplateError where it leads nowhere."""
        no, turn = link_no % TURN, link_no // TURN
        ready = self._shelf.of(compiled)
        if not 1 <= no <= len(ready.links):
            raise TemplateError(f"this message has no link {link_no}", where=compiled.name)
        try:
            target = _target(ready, ready.links[no - 1], (no, turn), values).strip()
            target = Given(values, ready, None).tagged(target)
        except Exception as error:
            raise failed(compiled.name, error) from error
        if not _TARGET.fullmatch(target):
            raise TemplateError(
                f"link {no} leads to {target[:80]!r}, which is no http or https address", where=compiled.name
            )
        return target


def _target(ready: Ready, link: Link, at: tuple[int, int], values: Mapping[str, Any]) -> str:
    if link.work_out is not None:
        return link.work_out.text(Given(values, ready, None))
    return _by_turns(ready, values).get(at, "") if link.in_loop else link.target


def _by_turns(ready: Ready, values: Mapping[str, Any]) -> dict[tuple[int, int], str]:
    """Every link in a loop by number and turn, by rendering the whole message."""
    targets: dict[tuple[int, int], str] = {}
    turns: dict[int, int] = {}

    def keep(no: int, target: str) -> str:
        turn = turns[no] = turns.get(no, -1) + 1
        targets[no, turn] = target
        return target

    given = Given(values, ready, None)
    given["_tracker"] = keep
    ready.html.text(given)
    return targets


def one_line(text: str, part: str, name: str) -> str:
    """A part that is one line by nature, of the message called `name`. Raises TemplateError for controls in it."""
    # Printable characters have neither controls nor blanks but the plain one.
    line = text.strip() if text.isprintable() and "  " not in text else _WHITE.sub(" ", text).strip()
    if control_character(line):
        raise TemplateError(
            f"the {part} has a control character in it",
            where=name,
            remedy="It came with the contact's data: put that right and the next message will go.",
        )
    return line
