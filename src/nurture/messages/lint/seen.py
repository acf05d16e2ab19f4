"""The elements of a message that people see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_UNSEEN = frozenset({"head", "title", "script", "template"})


def seen(root: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    """The elements that people see, and whether those with Outlook do: what is not for it says so in a comment."""
    outlook = True
    hidden: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
        if event == "comment":
            said = (element.text or "").strip().lower()
            outlook = outlook and not said.startswith("[if !mso")
            outlook = outlook or "<![endif]" in said
        elif event == "end":
            hidden = None if element is hidden else hidden
        elif hidden is None:
            if element.tag in _UNSEEN or _HIDDEN.search(element.get("style") or ""):
                hidden = element
            else:
                yield element, outlook
