"""Styles of elements that mail programs drop: read from the HTML as it is sent, with everything inlined."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lxml import etree

from nurture.messages.lint.clients import OUTLOOK, dropping, drops
from nurture.messages.lint.features import STYLES, Style
from nurture.messages.lint.flaw import Flaw
from nurture.messages.lint.seen import seen


def dropped_styles(root: etree._Element, source: str, clients: Collection[str]) -> Iterator[Flaw]:
    """A flaw for each declaration on an element that people see, where one of `clients` drops it."""
    threats = [
        (it, by)
        for it in STYLES
        if not (it.made_good_by and it.made_good_by in source)
        and (by := dropping(it.feature, clients, partly=it.partly))
    ]
    for element, with_outlook in seen(root):
        style = element.get("style")
        if not style:
            continue
        declared = dict(_declarations(style))
        said = {*declared, *map(str, element.attrib)}
        for it, by in threats:
            concerned = by if with_outlook else tuple(name for name in by if name != OUTLOOK)
            if concerned and _matters(it, str(element.tag), said) and _uses(it, declared):
                yield _flaw(it, concerned)


def _matters(it: Style, tag: str, said: set[str]) -> bool:
    return tag not in it.not_on and (not it.only_on or tag in it.only_on) and not it.beside & said


def _uses(it: Style, declared: dict[str, str]) -> bool:
    return any(it.name.fullmatch(name) and it.value.search(value) for name, value in declared.items())


def _flaw(it: Style, by: tuple[str, ...]) -> Flaw:
    return Flaw(
        code="css-dropped",
        message=drops(by, it.said),
        hint=it.hint,
        pattern=rf"(?<![\w-]){it.name.pattern}\s*:[^;}}\"']*?(?:{it.value.pattern.lstrip('^').rstrip('$')})",
    )


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            yield name.strip().lower(), value.replace("!important", "").strip()
