"""CSS from <style> written into each element, by premailer."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping

from lxml import etree
from premailer import Premailer

from nurture.errors import TemplateError
from nurture.messages.cascade import Style, styles_of

_ROOT = re.compile(r"<html[\s>].*</html\s*>", re.IGNORECASE | re.DOTALL)
_STYLE = re.compile(r"<style[\s>]", re.IGNORECASE)
# cssutils keeps a serializer and a log in its module: one at a time.
_LOCK = threading.Lock()


class _Inliner(Premailer):  # type: ignore[misc]  # premailer has no types
    """Premailer with the cascade of CSS worked out in full, so that a message looks as before.

    By itself it puts a shorthand where the property stood first, counts only dots and words of a selector, leaves
    `:not( )` and `:first-child` within one out, and writes `!important` into elements, which no `@media` rule
    can override there and Outlook for Windows does not read. Its CSS parser would fetch `@import`.
    """

    def __init__(self, html: str) -> None:
        super().__init__(
            html=html,
            allow_network=False,
            allow_loading_external_files=False,
            # Outlook reads these from the style. A width="100%" or height="auto" made out of it does harm, and so
            # does an align="left" made out of text-align: a table that has it floats.
            disable_basic_attributes=["width", "height", "align"],
        )

    def transform(self) -> str:
        root = etree.fromstring(self.html.strip(), etree.HTMLParser())
        for element, style in styles_of(root, list(self._sheets(root))).items():
            text = _written(style, element.get("style") or "")
            element.set("style", text)
            self._style_to_basic_html_attributes(element, text, force=True)
        inlined: str = etree.tostring(root, method="html", encoding="utf-8").decode()
        return inlined

    def _sheets(self, root: etree._Element) -> Iterator[str]:
        """Those that hold on a screen. <style data-premailer="ignore"> stays as it is."""
        for style in root.iter("style"):
            ignored = style.attrib.pop(self.attribute_name, "") == "ignore"
            if not ignored and style.get("media", "all").strip().lower() in ("", "all", "screen"):
                yield style.text or ""


def _written(style: Style, own: str) -> str:
    """What the element's own style attribute says comes behind the sheets, but for what is important in these."""
    said = [_said(style.normal), own.strip().rstrip(";"), _said(style.important)]
    return "; ".join(part for part in said if part)


def _said(declarations: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{name}:{value}" for name, values in declarations.items() for value in values)


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
            inlined: str = _Inliner(match[0]).transform()
    except Exception as error:
        raise TemplateError(
            f"the styles cannot be worked in: {error}", remedy="Look at the selectors in <style>."
        ) from error
    return html[: match.start()] + inlined + html[match.end() :]
