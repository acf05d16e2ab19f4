"""Shows that a template inlined once renders to what inlining each rendering gives, or says where not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree, html

from nurture.messages import samples
from nurture.messages.inlining import inline
from nurture.messages.masking import Mark, Masker
from nurture.messages.undecided import construct_that_decides, needs_every_answer

_ZERO = re.compile(r"(?<![\w.])0(?:px|em|rem|pt|%)")
_PARSER = html.HTMLParser(encoding="utf-8")
_MOST_WAYS = 64
"""Each takes about as long as inlining styles once."""


def reason_not_to_inline_once(
    before: tuple[str, str], after: tuple[str, str], masker: Masker, links: int
) -> str:
    """A sentence naming the construct that forbids it, or "" where it is shown to be right.

    `before` and `after` are the Jinja source and the masked HTML, without styles inlined and with them.
    """
    return (
        construct_that_decides(before[1], after[1], masker)
        or _lost(before[1], after[1], masker)
        or _differs(before[0], after, masker, links)
    )


def _lost(before: str, after: str, masker: Masker) -> str:
    counts = Counter(masker.numbers(after))
    for no in masker.numbers(before):
        mark = masker.marks[no]
        if counts[no] == 0 or (counts[no] > 1 and mark.segment.kind == "stmt"):
            return f"{_where(mark)} does not survive it."
    return ""


def _where(mark: Mark) -> str:
    place, text = mark.place, mark.segment.text
    if place.attribute:
        return f'{text} in {place.attribute}="…" of <{place.element}>'
    return f"{text} in <{place.element}>" if place.element else text


def _differs(before: str, after: tuple[str, str], masker: Masker, links: int) -> str:
    environment = samples.environment()
    try:
        first, second = environment.from_string(before), environment.from_string(after[0])
    except Exception:
        return f"{_suspect(masker)} cannot be told apart from the HTML around it."
    asked: set[str] = set()
    ways = _ways(after[1], masker, asked)
    shown = 0
    for answers in ways:
        if shown > _MOST_WAYS:
            return f"{_suspect(masker)} is one of more conditions than can be tried out."
        rendered = samples.rendered(first, answers, links, asked)
        if rendered is None:
            continue
        shown += 1
        other = samples.rendered(second, answers, links)
        at = "the whole message" if other is None else difference(inline(rendered), other)
        if at:
            return f"{_suspect(masker)} changes which styles hold, seen at {at}."
    return "" if shown else "No sample contact could be rendered."


def _ways(after: str, masker: Masker, asked: set[str]) -> Iterator[str]:
    """How to answer what the template asks. `asked` grows while they are tried out."""
    if not any(mark.segment.kind == "stmt" for mark in masker.marks):
        yield samples.ANSWERS[0]
        return
    yield from samples.ANSWERS
    if needs_every_answer(after, masker):
        # What is asked only where another question is answered with no is found on the way.
        tried: set[str] = set()
        while new := sorted(asked - tried):
            tried |= set(new)
            yield from (samples.YES_BUT + question for question in new)


def _suspect(masker: Masker) -> str:
    """The mark most likely at fault: one inside a tag, else in a style sheet, else the first statement."""
    kinds = ("tag", "quoted", "bare", "raw", "comment", "text")
    found = sorted(
        (kinds.index(mark.place.kind), no)
        for no, mark in enumerate(masker.marks)
        if mark.segment.kind == "stmt" and mark.place.kind in kinds and "_pixel" not in mark.segment.text
    )
    return _where(masker.marks[found[0][1]]) if found else "A value"


def difference(one: str, other: str) -> str:
    """Where two documents differ for whoever looks at them: an element such as `<td>`; "" for nowhere."""
    first = list(_flat(etree.fromstring(one.encode(), _PARSER)))
    second = list(_flat(etree.fromstring(other.encode(), _PARSER)))
    for left, right in zip(first, second, strict=False):
        if left != right:
            return f"<{left[0]}>" if left[0] else "a text"
    return "" if len(first) == len(second) else "the end"


def _flat(root: etree._Element) -> Iterator[tuple[str, object]]:
    text = ""
    for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
        if event == "comment":
            yield "", " ".join(text.split())
            yield "!--", " ".join((element.text or "").split())
            text = element.tail or ""
        elif event == "start":
            yield "", " ".join(text.split())
            yield str(element.tag), sorted(_attributes(element))
            text = element.text or ""
        else:
            yield "", " ".join(text.split())
            yield f"/{element.tag}", ""
            text = element.tail or ""


def _attributes(element: etree._Element) -> Iterator[tuple[str, object]]:
    for name, value in element.attrib.items():
        if name == "style":
            # The CSS parser writes 0px as 0.
            plain = _ZERO.sub("0", str(value))
            pairs = (part.partition(":") for part in plain.split(";") if part.strip())
            told: dict[str, str] = {}
            for key, _, text in pairs:
                told.pop(key.strip(), None)
                told[key.strip()] = text.strip()
            yield str(name), list(told.items())
        else:
            yield str(name), str(value)
