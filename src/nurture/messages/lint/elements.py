"""Elements, kinds of images and rules in style sheets that mail programs drop."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lxml import etree

from nurture.messages.lint.clients import OUTLOOK, dropping, drops
from nurture.messages.lint.features import ELEMENTS, INTO_THE_LAYOUT, LINKED_SHEET, RULES, Element
from nurture.messages.lint.flaw import Flaw
from nurture.messages.lint.seen import seen

_HEADS_ONLY = ("gmail", OUTLOOK)
"""Who takes a style sheet from the <head> alone (caniemail.com, html-style)."""


def dropped_elements(root: etree._Element, clients: Collection[str]) -> Iterator[Flaw]:
    """A flaw for each element that people see, where one of `clients` drops it or what it points at."""
    threats = [(it, by) for it in ELEMENTS if (by := dropping(it.feature, clients))]
    for element, with_outlook in seen(root):
        for it, by in threats:
            concerned = by if with_outlook else tuple(name for name in by if name != OUTLOOK)
            if concerned and element.tag in it.names and _is_it(it, element):
                yield Flaw(
                    code="html-dropped",
                    message=drops(concerned, it.said),
                    hint=it.hint,
                    pattern=it.pattern,
                )


def _is_it(it: Element, element: etree._Element) -> bool:
    if not it.attribute:
        return True
    value = (element.get(it.attribute) or "").strip()
    return it.value.search(value) is not None


def dropped_sheets(root: etree._Element, clients: Collection[str]) -> Iterator[Flaw]:
    """Style sheets that are dropped as a whole, and rules in the others."""
    heads_only = [name for name in _HEADS_ONLY if name in clients]
    if heads_only and next(root.iterfind(".//body//style"), None) is not None:
        yield Flaw(
            code="css-dropped",
            message=drops(heads_only, "a <style> that stands in the body"),
            hint="put it into the layout's <head>",
            pattern=r"<style\b",
        )
    without = dropping(LINKED_SHEET, clients)
    if without and any("stylesheet" in (it.get("rel") or "").lower() for it in root.iter("link")):
        yield _rule("style sheets that stand in a file of their own", without, r"<link\b", INTO_THE_LAYOUT)
    sheets = [it.text or "" for it in root.iter("style")]
    for rule in RULES:
        by = dropping(rule.feature, clients)
        if by and any(rule.written.search(sheet) for sheet in sheets):
            yield _rule(rule.said, by, rule.written.pattern, rule.hint)


def _rule(said: str, by: tuple[str, ...], pattern: str, hint: str) -> Flaw:
    return Flaw(
        code="css-dropped",
        message=drops(by, said),
        hint=hint,
        pattern=pattern,
    )
