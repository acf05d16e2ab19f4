"""The text part, derived once from the HTML: links as `text (address)`, lists and tables line by line."""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml import etree, html

from nurture.messages.masking import Masker
from nurture.messages.places import IN_TEXT
from nurture.messages.segments import Segment

_PARSER = html.HTMLParser(encoding="utf-8")
# fmt: off
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "li", "main", "nav", "ol", "p",
    "section", "table", "tr", "td", "th", "ul", "pre", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr",
})
# fmt: on
_TIGHT = frozenset({"li", "dt", "dd"})
_SKIPPED = frozenset({"head", "style", "script", "title", "template", "object"})
_HEADINGS = {"h1": "=", "h2": "-", "h3": "-"}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+$", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_LOOSE = re.compile(r" [ \n]")
_OPENING = frozenset({"if", "for", "with", "filter", "autoescape"})
_MANY_SPACES = re.compile(r"(?<=\S) {2,}")


def derive(masked: str, masker: Masker) -> str:
    """The Jinja source of the text part, from a masked HTML document."""
    walker = _Walker(masker)
    walker.element(etree.fromstring(masked.encode(), _PARSER))
    return masker.unmask_words(walker.text()).strip() + "\n"


def underlined(said: str, line: str) -> str:
    """A heading: `said` with as many signs of `line` below it, at most 40. Nothing where it says nothing."""
    said = " ".join(said.split())
    return f"{said}\n{_rule(said, line)}" if said else ""


def _rule(said: str, line: str) -> str:
    return line * min(len(said), 40)


def tidy(text: str) -> str:
    """What rendering left: no double spaces, no more than one empty line."""
    if _LOOSE.search(text) or "\t" in text:
        text = "\n".join([line.rstrip(" \t") for line in text.split("\n")])
        text = _MANY_SPACES.sub(" ", text)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip() + "\n"


class _Walker:
    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._out: list[str] = []
        self._breaks = 2
        """How many line ends stand at the end of what was written."""
        self._space = False
        self._numbers: list[int] = []
        self._prefix = ""

    def text(self) -> str:
        return "".join(self._out)

    def element(self, it: etree._Element) -> None:
        if not isinstance(it.tag, str):
            self._statement(it)
        elif not self._is_hidden(it):
            self._visible(it, it.tag.lower())
        if it.tail:
            self._write(it.tail)

    def _statement(self, comment: etree._Element) -> None:
        segment = self._masker.mark_of(comment.text or "")
        if segment is not None:
            if self._space:
                self._out.append(" ")
                self._space = False
            self._out.append((comment.text or "").strip())

    def _is_hidden(self, it: etree._Element) -> bool:
        return (
            it.tag in _SKIPPED
            or "hidden" in it.attrib
            or it.get("aria-hidden") == "true"
            or bool(_HIDDEN.search(it.get("style") or ""))
        )

    def _visible(self, it: etree._Element, tag: str) -> None:
        if tag == "br":
            self._line(1)
        elif tag == "hr":
            self._line(2)
            self._write("----")
            self._line(2)
        elif tag == "img":
            self._write(it.get("alt") or "")
        elif tag == "a":
            self._link(it)
        elif tag in _HEADINGS:
            self._heading(it, _HEADINGS[tag])
        elif tag == "tr" and _is_data(it):
            self._row(it)
        elif tag in ("ul", "ol"):
            self._list(it, tag)
        elif tag == "li":
            self._item(it)
        elif tag in _BLOCKS:
            self._block(it, 1 if tag in _TIGHT else 2)
        else:
            self._inside(it)

    def _inside(self, it: etree._Element) -> None:
        if it.text:
            self._write(it.text)
        for child in it:
            self.element(child)

    def _block(self, it: etree._Element, gap: int) -> None:
        self._line(gap)
        self._inside(it)
        self._line(gap)

    def _link(self, it: etree._Element) -> None:
        href = (it.get("href") or "").strip()
        said = self._apart(lambda: self._inside(it))
        if not href or href.startswith("#"):
            self._write(said)
        elif not said.strip() or _ADDRESS.match(said.strip()):
            self._write(href)
        elif said.strip() == href.removeprefix("mailto:").removeprefix("tel:"):
            self._write(said)
        else:
            self._write(f"{said.rstrip()} ({href})")

    def _heading(self, it: etree._Element, line: str) -> None:
        self._line(2)
        said = " ".join(self._apart(lambda: self._inside(it)).split())
        if self._masker.numbers(said) and self._is_whole(said):
            before = self._masker.add(Segment("stmt", f'{{% filter _underlined("{line}") %}}'), IN_TEXT)
            after = self._masker.add(Segment("stmt", "{% endfilter %}"), IN_TEXT)
            self._write(f"{before}{said}{after}")
        elif said:
            self._write(said)
            self._line(1)
            self._write(_rule(self._masker.bare(said), line))
        self._line(2)

    def _is_whole(self, said: str) -> bool:
        """Whether each statement in it ends in it, and none gives a name to what comes behind it."""
        depth = 0
        for no in self._masker.numbers(said):
            word = self._masker.marks[no].segment.word
            if word == "set":
                return False
            depth += (word in _OPENING) - word.startswith("end")
            if depth < 0:
                return False
        return depth == 0

    def _row(self, it: etree._Element) -> None:
        self._line(1)
        cells = [child for child in it if child.tag in ("td", "th")]
        for child in it:
            if child.tag not in ("td", "th"):
                self.element(child)
                continue
            if child is not cells[0]:
                self._write(" | ")
            if not self._is_hidden(child):
                self._inside(child)
        self._line(1)

    def _list(self, it: etree._Element, tag: str) -> None:
        counted = tag == "ol" and all(isinstance(child.tag, str) for child in it)
        self._line(1 if self._numbers else 2)
        self._numbers.append(1 if counted else 0)
        self._inside(it)
        self._numbers.pop()
        self._line(1 if self._numbers else 2)

    def _item(self, it: etree._Element) -> None:
        self._line(1)
        depth = max(len(self._numbers) - 1, 0)
        no = self._numbers[-1] if self._numbers else 0
        self._out.append("  " * depth + (f"{no}. " if no else "- "))
        self._breaks, self._space = 3, False
        if no:
            self._numbers[-1] += 1
        self._inside(it)
        self._line(1)

    def _apart(self, write: Callable[[], None]) -> str:
        """What `write` writes, taken out again."""
        kept, breaks, space = self._out, self._breaks, self._space
        self._out, self._breaks, self._space = [], 0, False
        write()
        said = "".join(self._out) + (" " if self._space else "")
        self._out, self._breaks, self._space = kept, breaks, space
        return said

    def _write(self, text: str) -> None:
        text = _SPACE.sub(" ", text)
        if text.startswith(" "):
            self._space = self._space or not self._breaks
            text = text[1:]
        if not text:
            return
        if self._space and not self._breaks:
            self._out.append(" ")
        self._space = text.endswith(" ")
        self._out.append(text.rstrip(" "))
        self._breaks = 0

    def _line(self, count: int) -> None:
        self._space = False
        if self._breaks < count:
            self._out.append("\n" * (count - self._breaks))
            self._breaks = count


def _is_data(row: etree._Element) -> bool:
    """Whether a row belongs to a table of data, not of layout: cells that hold words only."""
    cells = [child for child in row if child.tag in ("td", "th")]
    table = next(row.iterancestors("table"), None)
    if len(cells) < 2 or (table is not None and table.get("role") == "presentation"):
        return False
    return not any(
        isinstance(it.tag, str) and it.tag in _BLOCKS for cell in cells for it in cell.iterdescendants()
    )
