"""Images without words or a width, and messages that are little else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from nurture.messages.lint.flaw import Flaw
from nurture.messages.lint.seen import seen
from nurture.messages.masking import Masker

_WIDTH = re.compile(r"(?<![\w-])width\s*:", re.IGNORECASE)
FEWEST_LETTERS = 400
"""SpamAssassin's rules HTML_IMAGE_ONLY_04 and on begin to count from so many bytes of words downwards."""
_SMALL = 200
"""Pixels: an image that is not wider is a logo or an ornament."""


def bad_images(root: etree._Element, masker: Masker) -> Iterator[Flaw]:
    """Each thing that is wrong with the images of a message."""
    large = letters = 0
    for element, _ in seen(root):
        letters += _letters(element.text) + _letters(element.tail)
        # A statement of Jinja is a comment here: what stands behind it is read, too.
        letters += sum(_letters(it.tail) for it in element.iterchildren(etree.Comment))
        if element.tag != "img" or _is_ours(element, masker):
            continue
        if "alt" not in element.attrib:
            yield Flaw(
                code="no-alt",
                message="this image has no alt",
                hint='say in alt="…" what it shows; alt="" where it shows nothing that matters',
                pattern=r"<img\b(?![^>]*\salt\s*=)[^>]*>?",
            )
        width = element.get("width") or ""
        if not width and not _WIDTH.search(element.get("style") or ""):
            yield Flaw(
                code="no-width",
                message="this image has no width: Outlook for Windows shows it as large as its file is",
                hint='write it as <img src="…" alt="…" width="280">, in the pixels in which it is shown',
                pattern=r"(?:<img\b(?![^>]*\swidth\s*=)[^>]*>?|!\[[^\]]*\]\([^)]*\))",
            )
        large += width.endswith("%") or (width.isdigit() and int(width) > _SMALL)
    if large and letters < FEWEST_LETTERS:
        yield Flaw(
            code="mostly-images",
            message=f"there is little here but images: {letters} letters of text",
            hint="say it in words as well: many people see no images, and filters trust such mail less",
        )


def _letters(text: str | None) -> int:
    """How many letters people read. A value counts with the length of the word that stands for it."""
    return len(" ".join(text.split())) if text else 0


def _is_ours(image: etree._Element, masker: Masker) -> bool:
    """The pixel."""
    marks = (masker.marks[no] for no in masker.numbers(image.get("src") or ""))
    return any("_pixel" in mark.segment.text for mark in marks)
