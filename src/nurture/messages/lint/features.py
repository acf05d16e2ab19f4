"""What breaks a message where a mail program drops it. Who drops what is in known/caniemail.txt.

What only looks plainer where it is dropped, such as round corners, shadows and web fonts, is left out, and so is what
has something to stand in for it, such as a <picture> with its <img>.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A declaration in the style of an element."""

    feature: str
    """As caniemail.com names it."""
    said: str
    """As a person writes it."""
    name: re.Pattern[str]
    """Of the property."""
    value: re.Pattern[str]
    """Anywhere in what it is set to."""
    hint: str
    only_on: frozenset[str] = frozenset()
    """The elements on which it matters; empty: all."""
    not_on: frozenset[str] = frozenset()
    """Elements on which it does no harm."""
    beside: frozenset[str] = frozenset()
    """Attributes and other properties of the same element that make it good."""
    made_good_by: str = ""
    """What stands in a message whose author has thought of Outlook already."""
    partly: bool = False
    """Whether the programs count that take the feature in part: it is this that they do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element, or a kind of address in one of its attributes."""

    feature: str
    said: str
    names: frozenset[str]
    hint: str
    attribute: str = ""
    value: re.Pattern[str] = field(default=_NEVER)
    """What the attribute says, where it is not the element as such."""

    @property
    def pattern(self) -> str:
        """For its place in a file."""
        if not self.attribute:
            return rf"<(?:{'|'.join(sorted(self.names))})\b"
        value = self.value.pattern
        anywhere = "" if value.startswith("^") else r"[^\"']*?"
        return rf"(?<=\b{self.attribute}=[\"']){anywhere}(?:{value.removeprefix('^')})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something in a style sheet that stays one, because it cannot be inlined."""

    feature: str
    said: str
    written: re.Pattern[str]
    hint: str


Feature: TypeAlias = Style | Element | Rule


def _style(
    feature: str,
    said: str,
    name: str,
    value: str,
    hint: str,
    *,
    only_on: tuple[str, ...] = (),
    not_on: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
    made_good_by: str = "",
    partly: bool = False,
) -> Style:
    return Style(
        feature=feature,
        said=said,
        name=re.compile(name),
        value=re.compile(value, re.IGNORECASE),
        hint=hint,
        only_on=frozenset(only_on),
        not_on=frozenset(not_on),
        beside=frozenset(beside),
        made_good_by=made_good_by,
        partly=partly,
    )


_CELLS = "put the parts into the cells of a table"
_GROUND = ("background-color", "bgcolor")

STYLES: tuple[Style, ...] = (
    _style(
        "css-position", "position", "position", r"relative|absolute|fixed|sticky",
        "place it by the cells of a table",
    ),
    _style(
        "css-float", "float", "float", r"left|right",
        'give the table or image align="left" or "right" as well', beside=("align",),
    ),
    _style("css-display-flex", "display: flex", "display", r"flex", _CELLS),
    _style("css-display-grid", "display: grid", "display", r"grid", _CELLS),
    _style(
        "css-background-image", "background-image", "background(?:-image)?", r"url\(",
        "give it a background-color on which the text can be read",
        beside=_GROUND, made_good_by="<v:",
    ),
    _style(
        "css-linear-gradient", "linear-gradient( )", "background(?:-image)?", r"(?:linear|radial|conic)-gradient\(",
        "give it a background-color on which the text can be read", beside=_GROUND,
    ),
    _style(
        "css-max-width", "max-width", "max-width", r"[1-9]",
        "put a table of that width around it, between <!--[if mso]> and <![endif]-->",
        not_on=("img",), made_good_by="<!--[if mso", partly=True,
    ),
    _style(
        "css-margin", "a margin below zero", r"margin(?:-\w+)?", r"(?<![\w.])-\.?\d",
        "move it by the padding around it", partly=True,
    ),
    _style("css-visibility", "visibility: hidden", "visibility", r"hidden", "hide it by display: none",
           beside=("display",)),
    _style("css-opacity", "opacity: 0", "opacity", r"^0(?:\.0+)?$", "hide it by display: none"),
    _style("css-variables", "var( )", r"[\w-]+", r"\bvar\(", "write the value out"),
    _style("css-unit-rem", "rem", r"[\w-]+", r"(?<![\w#.])[\d.]+rem\b", "write it in px"),
    _style("css-unit-vw", "vw", r"[\w-]+", r"(?<![\w#.])[\d.]+v(?:w|h|min|max)\b", "write it in px or %"),
    _style("css-unit-calc", "calc( )", r"[\w-]+", r"\bcalc\(", "write the result, in px or %"),
    _style("css-function-clamp", "clamp( )", r"[\w-]+", r"\b(?:clamp|min|max)\(", "write one size, in px or %"),
    _style("css-transform", "transform", "transform", r"\(", "make it part of an image"),
    _style("css-clip-path", "clip-path", "clip-path", r"\(", "make it part of an image"),
    _style(
        "css-modern-color", "lch( ) and lab( )", r"[\w-]+", r"\b(?:ok)?l(?:ch|ab)\(", "write the colour as #1f5a3a"
    ),
    _style(
        "css-function-light-dark", "light-dark( )", r"[\w-]+", r"\blight-dark\(",
        "write the light colour, and the dark one under @media (prefers-color-scheme: dark)",
    ),
    _style(
        "css-object-fit", "object-fit", "object-fit", r"cover|contain|none|scale-down",
        "save the image in the shape in which it is shown", only_on=("img",),
    ),
)  # fmt: skip
"""What stands in the style of elements once everything is inlined."""


def _element(
    feature: str, said: str, names: str, hint: str, *, attribute: str = "", value: str = "(?!)"
) -> Element:
    return Element(
        feature=feature,
        said=said,
        names=frozenset(names.split()),
        hint=hint,
        attribute=attribute,
        value=re.compile(value, re.IGNORECASE),
    )


_STILL = "show a picture of it that leads to a page where it plays"
_PLAIN_IMAGE = "save it as JPEG or PNG"

ELEMENTS: tuple[Element, ...] = (
    _element("html-video", "<video>", "video", _STILL),
    _element("html-audio", "<audio>", "audio", "link to a page where it plays"),
    _element(
        "html-form",
        "forms",
        "form input select textarea",
        "ask by links: a question with a row of answers, see docs/feedback.md",
    ),
    _element("html-svg", "<svg>", "svg", "save the drawing as PNG and show it by <img>"),
    _element("html-object", "<object>", "object embed", "link to it"),
    _element("html-dialog", "<dialog>", "dialog", "write it out, or link to a page"),
    _element("html-base", "<base>", "base", "write every address in full"),
    _element(
        "html-anchor-links",
        "links within the message",
        "a",
        "write a shorter message, or link to a page",
        attribute="href",
        value=r"^#.",
    ),
    _element(
        "image-svg",
        "SVG images",
        "img",
        "save it as PNG, twice as wide as it is shown",
        attribute="src",
        value=r"\.svg(?![\w/.-])",
    ),
    _element(
        "image-base64",
        "images written into the message",
        "img",
        "put the file into templates/images/",
        attribute="src",
        value=r"^data:",
    ),
    _element("image-avif", "AVIF images", "img", _PLAIN_IMAGE, attribute="src", value=r"\.avif(?![\w/.-])"),
    _element("image-webp", "WebP images", "img", _PLAIN_IMAGE, attribute="src", value=r"\.webp(?![\w/.-])"),
    _element(
        "image-heif", "HEIF images", "img", _PLAIN_IMAGE, attribute="src", value=r"\.hei[cf](?![\w/.-])"
    ),
    _element("image-tiff", "TIFF images", "img", _PLAIN_IMAGE, attribute="src", value=r"\.tiff?(?![\w/.-])"),
)

INTO_THE_LAYOUT = "write the styles into the layout's <style>"

RULES: tuple[Rule, ...] = (
    Rule(
        feature="css-at-import",
        said="@import",
        written=re.compile(r"@import\b", re.IGNORECASE),
        hint=INTO_THE_LAYOUT,
    ),
    Rule(
        feature="css-pseudo-element-before",
        said="text made by ::before and ::after",
        written=re.compile(
            r"::?(?:before|after)\b[^{}]*\{[^}]*\bcontent\s*:\s*(?:\"[^\"]+\"|'[^']+')", re.IGNORECASE
        ),
        hint="write the text into the message",
    ),
    Rule(
        feature="css-pseudo-class-checked",
        said=":checked",
        written=re.compile(r":checked\b", re.IGNORECASE),
        hint="show everything, or link to a page",
    ),
    Rule(
        feature="css-nesting",
        said="rules within rules",
        written=re.compile(r"\{[^{}@]*&[^{};]*\{"),
        hint="write each rule by itself",
    ),
)
"""What stays in a style sheet, and so is dropped with what it does."""

LINKED_SHEET = "html-link"
