"""CSS from <style> written into each element, by premailer."""

from __future__ import annotations

import logging
import re
import threading

from premailer import Premailer

from nurture.errors import TemplateError

_ROOT = re.compile(r"<html[\s>].*</html\s*>", re.IGNORECASE | re.DOTALL)
_STYLE = re.compile(r"<style[\s>]", re.IGNORECASE)
# cssutils keeps a serializer and a log in its module: one at a time.
_LOCK = threading.Lock()


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
            inlined: str = Premailer(
                html=match[0],
                allow_network=False,
                allow_loading_external_files=False,
                strip_important=False,
                keep_style_tags=True,
                disable_validation=True,
                align_floating_images=False,
                # Outlook reads both from the style; a width="100%" or height="auto" made out of it does harm.
                disable_basic_attributes=["width", "height"],
                cssutils_logging_level=logging.CRITICAL,
            ).transform(pretty_print=False)
    except Exception as error:
        raise TemplateError(
            f"the styles cannot be worked in: {error}", remedy="Look at the selectors in <style>."
        ) from error
    return html[: match.start()] + inlined + html[match.end() :]
