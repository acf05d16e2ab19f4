"""A message made the other way round: rendered first, its styles inlined after."""

from __future__ import annotations

from nurture.messages.compiled import Compiled
from nurture.messages.joining import join_sources
from nurture.messages.languages import speaking
from nurture.messages.library import Library
from nurture.messages.masking import Masker
from nurture.messages.tracking import track


def not_inlined(library: Library, links: tuple[str, ...]) -> Compiled:
    """The message `m`, to be rendered first: no style is inlined in it and no macro worked out."""
    head = library.head(library.source("m"))
    language = str(library.brand["language"])
    joined = speaking(join_sources(head.body, head.layout, library.parts), language, always=False)
    masker = Masker(joined + head.preview)
    plain = masker.unmask(track(masker.mask(joined), masker, head.preview).html)
    return Compiled(name="m", hash=plain, subject="S", html=plain, text="", links=links)
