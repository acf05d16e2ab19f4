"""What is wrong with a compiled message that can be rendered all the same: how it will look, and to whom."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from lxml import etree, html

from nurture.errors import TemplateError
from nurture.messages.compiled import Compiled
from nurture.messages.inlining import inline
from nurture.messages.lint.clients import CLIENTS
from nurture.messages.lint.elements import dropped_elements, dropped_sheets
from nurture.messages.lint.flaw import Flaw
from nurture.messages.lint.images import bad_images
from nurture.messages.lint.links import bad_links
from nurture.messages.lint.once import inlined_each
from nurture.messages.lint.size import CLIPPED_AT, clipped, is_clipped, too_large
from nurture.messages.lint.styles import dropped_styles
from nurture.messages.lint.words import can_be_left, says_where_from
from nurture.messages.masking import Masker
from nurture.settings.check import USUAL

__all__ = [
    "CLIENTS", "CLIPPED_AT", "FORMAT", "Flaw", "can_be_left", "clipped", "is_clipped", "lint",
    "says_where_from",
]  # fmt: skip

FORMAT = 3
"""Raised by whoever changes what is found in the same message."""

_PARSER = html.HTMLParser(encoding="utf-8")


def lint(compiled: Compiled, clients: Collection[str] = USUAL) -> tuple[Flaw, ...]:
    """Everything that one look at a compiled message shows, each once; `clients`: names of CLIENTS."""
    masker = Masker(compiled.html)
    masked = masker.mask(compiled.html)
    if compiled.inline_each:
        with suppress(TemplateError):
            masked = inline(masked)
    root = etree.fromstring(masked.encode(), _PARSER)
    found = [
        *too_large(compiled),
        *inlined_each(compiled),
        *bad_images(root, masker),
        *bad_links(compiled, root, masker),
        *dropped_sheets(root, clients),
        *dropped_elements(root, clients),
        *dropped_styles(root, compiled.html, clients),
    ]
    return tuple(dict.fromkeys(found))
