"""CSS that Outlook for Windows or Gmail drops, of the kind that breaks a message where it is dropped.

Read from caniemail.com (features css-position, css-float, css-display-flex, css-display-grid, css-background-image,
css-max-width, css-margin, css-variables, css-unit-rem, css-unit-calc, css-transform). What only looks plainer where
it is dropped, such as round corners and shadows, is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OUTLOOK = "Outlook for Windows"
BOTH = "Gmail and Outlook for Windows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """One thing that is dropped."""

    said: str
    """As a person writes it."""
    by: str
    name: re.Pattern[str]
    """Of the property."""
    value: re.Pattern[str]
    """Anywhere in what it is set to."""
    hint: str
    not_on: frozenset[str] = frozenset()
    """Elements on which it does no harm."""
    beside: frozenset[str] = frozenset()
    """Attributes and other properties of the same element that make it good."""
    made_good_by: str = ""
    """What stands in a message whose author has thought of Outlook already."""


def _entry(
    said: str,
    by: str,
    name: str,
    value: str,
    hint: str,
    *,
    not_on: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
    made_good_by: str = "",
) -> Dropped:
    return Dropped(
        said=said,
        by=by,
        name=re.compile(name),
        value=re.compile(value, re.IGNORECASE),
        hint=hint,
        not_on=frozenset(not_on),
        beside=frozenset(beside),
        made_good_by=made_good_by,
    )


DROPPED: tuple[Dropped, ...] = (
    _entry(
        "position", BOTH, "position", r"relative|absolute|fixed|sticky", "place it by the cells of a table"
    ),
    _entry(
        "float",
        OUTLOOK,
        "float",
        r"left|right",
        'give the table or image align="left" or "right" as well',
        beside=("align",),
    ),
    _entry("display: flex", OUTLOOK, "display", r"flex", "put the parts into the cells of a table"),
    _entry("display: grid", BOTH, "display", r"grid", "put the parts into the cells of a table"),
    _entry(
        "background-image",
        OUTLOOK,
        "background(?:-image)?",
        r"url\(",
        "give it a background-color on which the text can be read",
        beside=("background-color", "bgcolor"),
        made_good_by="<v:",
    ),
    _entry(
        "max-width",
        OUTLOOK,
        "max-width",
        r"[1-9]",
        "put a table of that width around it, between <!--[if mso]> and <![endif]-->",
        not_on=("img",),
        made_good_by="<!--[if mso",
    ),
    _entry(
        "a margin below zero",
        BOTH,
        r"margin(?:-\w+)?",
        r"(?<![\w.])-\.?\d",
        "move it by the padding around it",
    ),
    _entry("var( )", BOTH, r"[\w-]+", r"\bvar\(", "write the value out"),
    _entry("rem", OUTLOOK, r"[\w-]+", r"(?<![\w#.])[\d.]+rem\b", "write it in px"),
    _entry("calc( )", OUTLOOK, r"[\w-]+", r"\bcalc\(", "write the result, in px or %"),
    _entry("transform", BOTH, "transform", r"\(", "make it part of an image"),
)
