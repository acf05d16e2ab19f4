"""CSS from <style> written into each element, by premailer."""

from __future__ import annotations

import logging
import re
import threading
from functools import lru_cache
from typing import Any

from cssutils import CSSParser
from premailer import Premailer

from nurture.errors import TemplateError

_ROOT = re.compile(r"<html[\s>].*</html\s*>", re.IGNORECASE | re.DOTALL)
_STYLE = re.compile(r"<style[\s>]", re.IGNORECASE)
# cssutils keeps a serializer and a log in its module: one at a time.
_LOCK = threading.Lock()


def _fetch_nothing(url: str) -> None:
    """What cssutils is given to load `@import` with: by itself it would open any address, files too."""


_PARSER = CSSParser(loglevel=logging.CRITICAL, fetcher=_fetch_nothing, validate=False)


class _Inliner(Premailer):  # type: ignore[misc]  # premailer has no types
    """Premailer's `allow_network` does not reach its CSS parser: here that parser fetches nothing.

    And a style sheet is taken apart once, not for each of the messages that share a layout.
    """

    def __init__(self, html: str) -> None:
        super().__init__(
            html=html,
            allow_network=False,
            allow_loading_external_files=False,
            strip_important=False,
            keep_style_tags=True,
            disable_validation=True,
            align_floating_images=False,
            # Outlook reads both from the style; a width="100%" or height="auto" made out of it does harm.
            disable_basic_attributes=["width", "height"],
        )

    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
        return _PARSER.parseString(css_body, validate=False)

    def _parse_style_rules(self, css_body: str | None, ruleset_index: int) -> tuple[list[Any], list[Any]]:
        rules, leftover = _rules(css_body or "", ruleset_index)
        return list(rules), list(leftover)

    def rules(self, css: str, index: int) -> tuple[list[Any], list[Any]]:
        """What premailer makes of the style sheet that is number `index` of its document."""
        found: tuple[list[Any], list[Any]] = super()._parse_style_rules(css, index)
        return found


@lru_cache(maxsize=64)
def _rules(css: str, index: int) -> tuple[list[Any], list[Any]]:
    return _Inliner("").rules(css, index)


def has_styles(html: str) -> bool:
    """Whether there is anything to inline."""
    return bool(_STYLE.search(html))


def inline(html: str) -> str:
    """`html` with its styles inlined; <style> stays for media queries. Raises TemplateError.

    What stands outside <html> (the doctype, statements) is handed through untouched.
    """
    match = _ROOT.search(html)
    if match is None:
        raise TemplateError(
            "the message's HTML has no <html> … </html>", remedy="Let the layout open and close it."
        )
    try:
        with _LOCK:
            inlined: str = _Inliner(match[0]).transform(pretty_print=False)
    except Exception as error:
        raise TemplateError(
            f"the styles cannot be worked in: {error}", remedy="Look at the selectors in <style>."
        ) from error
    return html[: match.start()] + inlined + html[match.end() :]
