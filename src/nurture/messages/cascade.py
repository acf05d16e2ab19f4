"""Which declarations of a message's style sheets hold for which element (CSS Cascading and Inheritance 3, §6)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, cast

from cssselect import parse as parse_selector
from cssutils import CSSParser
from lxml import etree
from lxml.cssselect import CSSSelector

Declarations: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of properties, each with its values: more than one where the last is not understood by every client."""

_CLASS = re.compile(r"\.([\w-]+)")
_PSEUDO = re.compile(r":([\w-]+)")
_NOT = re.compile(r":not\([^()]*\)", re.IGNORECASE)
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
_LAST_PART = re.compile(r"[^\s>+~]*$")
# What an element is whoever looks at it. Others (:hover, ::before, :root) only <style> can say.
_LASTING = frozenset({
    "not", "first-child", "last-child", "only-child", "nth-child", "nth-last-child",
    "first-of-type", "last-of-type", "only-of-type", "nth-of-type", "nth-last-of-type",
})  # fmt: skip
_SIDES = ("-top", "-right", "-bottom", "-left")


def _fetch_nothing(url: str) -> None:
    """What cssutils is given to load `@import` with: by itself it would open any address, files too."""


_PARSER = CSSParser(loglevel=logging.CRITICAL, fetcher=_fetch_nothing, validate=False)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One selector and what it sets: its `!important` declarations make a rule of their own."""

    weight: tuple[int, ...]
    """Important or not, specificity (ids, classes, elements), and the place in its sheet."""
    selector: str
    find: CSSSelector
    classes: frozenset[str]
    """Those that a document must have for it to hold anywhere in it."""
    everywhere: bool
    """Whether it ends in `*`: written into every element it would make a message many times as large."""
    sets: Declarations

    @property
    def important(self) -> bool:
        return bool(self.weight[0])


@dataclass(slots=True)
class Style:
    """What the sheets say of one element."""

    normal: dict[str, tuple[str, ...]]
    important: dict[str, tuple[str, ...]]


@lru_cache(maxsize=64)
def rules_of(css: str) -> tuple[Rule, ...]:
    """The rules of one sheet that can be written into elements. What stands under `@media` cannot."""
    found: list[Rule] = []
    for rule in _PARSER.parseString(css):
        if rule.type == rule.STYLE_RULE:
            sets = [_declarations(rule, "important"), _declarations(rule, "")]
            for selector in rule.selectorList:
                found += _rules(str(selector.selectorText), sets, len(found))
    return tuple(found)


def _declarations(rule: Any, priority: str) -> Declarations:
    values: dict[str, tuple[str, ...]] = {}
    for it in rule.style.getProperties(all=True):
        if it.priority == priority:
            name = str(it.name)
            values[name] = (*values.pop(name, ()), str(it.propertyValue.cssText).strip())
    return tuple(values.items())


def _rules(selector: str, sets: list[Declarations], at: int) -> Iterator[Rule]:
    plain = _STRING.sub("", selector)
    if not {name.lower() for name in _PSEUDO.findall(plain)} <= _LASTING:
        return
    try:
        ids, classes, elements = parse_selector(selector)[0].specificity()
        find = CSSSelector(selector, translator="html")
    except Exception:
        # cssutils lets through what cssselect cannot read: it stays in <style>, for clients that can.
        return
    last = _LAST_PART.search(_NOT.sub("", plain).strip())
    everywhere = last is not None and (last[0].startswith(("*", ":")) or not last[0])
    needed = frozenset(_CLASS.findall(_NOT.sub("", plain)))
    for important, declarations in zip((1, 0), sets, strict=True):
        if declarations:
            weight = (important, ids, classes, elements, at)
            yield Rule(weight, selector, find, needed, everywhere, declarations)


def styles_of(root: etree._Element, sheets: Iterable[str]) -> dict[etree._Element, Style]:
    """What holds for the elements below `root`, the strongest declaration last."""
    there = {word for it in root.iter(etree.Element) for word in (it.get("class") or "").split()}
    weighed = [
        (rule.weight[:4], no, rule) for no, css in enumerate(sheets) for rule in rules_of(css)
        if rule.classes <= there
    ]  # fmt: skip
    weighed.sort(key=lambda it: (it[0], it[1], it[2].weight))
    told: dict[etree._Element, list[Rule]] = {}
    for _, _, rule in weighed:
        for element in cast(list[etree._Element], rule.find(root)):
            told.setdefault(element, []).append(rule)
    return {element: _style(rules) for element, rules in told.items()}


def _style(rules: list[Rule]) -> Style:
    own = {name for rule in rules if not rule.everywhere for name, _ in rule.sets}
    style = Style({}, {})
    for rule in rules:
        to = style.important if rule.important else style.normal
        for name, values in rule.sets:
            # A rule for every element stays in <style>, but where it is the stronger one it must not be overridden.
            if not rule.everywhere or any(_touch(name, other) for other in own):
                if name in ("margin", "padding"):
                    for side in _SIDES:
                        to.pop(name + side, None)
                to.pop(name, None)
                to[name] = values
    for name in style.important:
        style.normal.pop(name, None)
    return style


def _touch(name: str, other: str) -> bool:
    return name == other or name.startswith(f"{other}-") or other.startswith(f"{name}-")
