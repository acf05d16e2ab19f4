"""From a compiled message and one recipient's values to finished bytes: render, compose and verify in one go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nurture.messages.compiled import Compiled
from nurture.messages.given import Addresses, Given
from nurture.messages.inlining import inline
from nurture.messages.mime import MailHeaders, put_together, verify
from nurture.messages.quoted import quoted, quoted_chunks
from nurture.messages.ready import Ready, Shelf, failed
from nurture.messages.render import one_line
from nurture.messages.text import tidy


class Composer:
    """Keeps the last `keep` messages ready. Not to be shared by threads."""

    def __init__(self, keep: int = 256) -> None:
        self._shelf = Shelf(keep)

    def finish(
        self, compiled: Compiled, values: Mapping[str, Any], links: Addresses, headers: MailHeaders
    ) -> bytes:
        """The finished bytes, verified. Their parts decode to what `Renderer.render` makes of the same values.

        What stands in the template is in quoted-printable already; only what varies is encoded here.
        Raises TemplateError as `render`, `compose` and `verify` do.
        """
        ready = self._shelf.of(compiled)
        try:
            given = Given(values, ready, links)
            subject = ready.subject.text(given)
            html = _html(ready, given)
            given.next_part()
            text = ready.text.text(given)
        except Exception as error:
            raise failed(compiled.name, error) from error
        line = one_line(subject, "subject", compiled.name)
        content = put_together(headers, line, quoted(tidy(text)), html)
        verify(content, headers.names)
        return content


def _html(ready: Ready, given: Given) -> bytes:
    chunks = ready.html.chunks(given)
    return quoted(inline("".join(chunks))) if ready.inline_each else quoted_chunks(chunks, ready.known)
