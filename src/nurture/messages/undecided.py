"""What in a template decides on its styles only when it is rendered: read off it, where samples may miss it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree, html

from nurture.messages.cascade import rules_of
from nurture.messages.masking import Mark, Masker

_MARKUP = re.compile(r"\|\s*safe\b|^\{% autoescape (?!true\b)")
_DECLARED = re.compile(r":[^;{}]*$")
_ATTRIBUTE_SELECTOR = re.compile(r"\[\s*([\w-]+)")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
_POSITION = re.compile(r"[+~]|-child|-of-type")
_TAG = re.compile(r"<[a-z][^\s/>]*(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_VALUE = re.compile(r"=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+)")
_NAME = re.compile(r"[^\s\"'>/=<]+")
_PARSER = html.HTMLParser(encoding="utf-8")
# Their content is told somewhere else than it stands.
_MOVED = frozenset({"macro", "call", "filter"})
_MIDDLE = frozenset({"else", "elif"})


def construct_that_decides(before: str, after: str, masker: Masker) -> str:
    """A sentence that names it, or "". Both are masked: without styles inlined, and with them."""
    decisive = _decisive(before)
    return (
        _by_its_place(masker, decisive)
        or _in_style_sheet(before, masker)
        or _twice_in_a_tag(before, masker)
        or _round_an_attribute(before, after, masker, decisive)
    )


def needs_every_answer(after: str, masker: Masker) -> bool:
    """Whether which styles hold may depend on which statements hold: where an element stands among others, or in which.

    Where no selector asks for places, and each statement ends within the element in which it begins, no answer can
    matter: every element has the same elements around it whenever it is there.
    """
    if any(_POSITION.search(rule.selector) for css in _STYLE.findall(after) for rule in rules_of(css)):
        return True
    open_in: list[etree._Element | None] = []
    for comment in etree.fromstring(after.encode(), _PARSER).iter(etree.Comment):
        segment = masker.mark_of(comment.text or "")
        word = segment.word if segment is not None else ""
        if word in _MOVED or (segment is not None and word == "set" and "=" not in segment.rest):
            return True
        if word in ("if", "for", "with", "autoescape"):
            open_in.append(comment.getparent())
        elif word in _MIDDLE or word.startswith("end"):
            if not open_in or open_in[-1] is not comment.getparent():
                return True
            if word not in _MIDDLE:
                open_in.pop()
    return bool(open_in)


def _decisive(masked: str) -> frozenset[str]:
    styles = " ".join(_STYLE.findall(masked))
    named = {name.lower() for name in _ATTRIBUTE_SELECTOR.findall(styles)} - {"href", "src"}
    return frozenset({"class", "id", *named})


def _by_its_place(masker: Masker, decisive: frozenset[str]) -> str:
    for mark in masker.marks:
        place, text = mark.place, mark.segment.text
        if place.kind in ("quoted", "bare") and place.attribute in decisive:
            return f'{place.attribute}="{text}" in <{place.element}> decides which styles hold.'
        if place.kind == "name":
            return f"{text} stands in the name of a tag."
        if place.kind == "tag" and mark.segment.kind == "var":
            return f"{text} stands among the attributes of <{place.element}>."
        if _MARKUP.search(text):
            return f"{text} brings HTML of its own."
    return ""


def _in_style_sheet(masked: str, masker: Masker) -> str:
    """An expression that is more than the value of a property."""
    for sheet in _STYLE.finditer(masked):
        for at, no in masker.words(sheet[1]):
            segment = masker.marks[no].segment
            if segment.kind == "var" and not _DECLARED.search(sheet[1][:at]):
                return f"{segment.text} in <style> is more than the value of a property."
    return ""


def _twice_in_a_tag(masked: str, masker: Masker) -> str:
    """An attribute that either branch has: of two with one name, parsers of HTML drop the second."""
    for tag in _TAG.findall(masked) if any(_is_among_attributes(mark) for mark in masker.marks) else ():
        names = [name.lower() for name in _NAME.findall(_VALUE.sub(" ", tag[1:]))[1:]]
        first = next((mark for name in names if (mark := _statement(name, masker))), None)
        twice = next((name for no, name in enumerate(names) if name in names[:no]), "")
        if first is not None and twice:
            return f"{twice} stands twice in <{first.place.element}>, round it {first.segment.text}."
    return ""


def _round_an_attribute(before: str, after: str, masker: Masker, decisive: frozenset[str]) -> str:
    """A statement round an attribute that decides on styles, or that styles are written into."""
    if not any(_is_among_attributes(mark) for mark in masker.marks):
        return ""
    for bare, styled in zip(_with_statements(before, masker), _with_statements(after, masker), strict=False):
        open_marks: list[Mark] = []
        for name, value in styled.items():
            mark = _statement(str(name), masker)
            if mark is None:
                if open_marks and (name in decisive or bare.get(name) != value):
                    where = open_marks[-1]
                    return f"{where.segment.text} in <{where.place.element}> decides on its {name}."
            elif mark.segment.word.startswith("end"):
                open_marks = open_marks[:-1]
            elif mark.segment.word not in _MIDDLE:
                open_marks.append(mark)
    return ""


def _with_statements(masked: str, masker: Masker) -> Iterator[dict[str, str]]:
    for element in etree.fromstring(masked.encode(), _PARSER).iter(etree.Element):
        if any(_statement(str(name), masker) for name in element.attrib):
            yield {str(name): str(value) for name, value in element.attrib.items()}


def _statement(name: str, masker: Masker) -> Mark | None:
    found = masker.numbers(name)
    mark = masker.marks[found[0]] if found else None
    return mark if mark is not None and _is_among_attributes(mark) else None


def _is_among_attributes(mark: Mark) -> bool:
    return mark.place.kind == "tag" and mark.segment.kind == "stmt"
