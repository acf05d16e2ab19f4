"""A message whose styles cannot be worked in once for all: it is right, and takes longer for every recipient."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nurture.messages.compiled import Compiled
from nurture.messages.lint.flaw import Flaw

_CONSTRUCT = re.compile(r"\{([{%]).*?[%}]\}")


def inlined_each(compiled: Compiled) -> Iterator[Flaw]:
    """Names the construct that stands in the way."""
    if compiled.inline_each:
        construct = _CONSTRUCT.search(compiled.inline_each)
        yield Flaw(
            code="inlined-each",
            message=f"its styles are worked in anew for every recipient: {compiled.inline_each.rstrip('.')}",
            hint="write two whole elements, each with styles of its own, and put the {% if %} round them",
            pattern=_spelled(construct[0]) if construct else "",
        )


def _spelled(construct: str) -> str:
    """As it may be written: with blanks elsewhere, and with signs that take blanks around it away."""
    inner = r"\s*".join(map(re.escape, construct[2:-2].split()))
    return rf"\{construct[:1]}\{construct[1]}[-+]?\s*{inner}\s*[-+]?\{construct[-2]}\}}"
