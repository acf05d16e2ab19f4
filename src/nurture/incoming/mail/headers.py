"""The head of a mail or of one of its parts, read whatever is in it (RFC 5322, 2045, 2047)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from email.errors import HeaderParseError
from email.header import decode_header
from types import MappingProxyType

from nurture.incoming.mail.text import clean, to_text

MOST_FIELDS = 500
LONGEST_HEAD = 256 * 1024
LONGEST_INNER_HEAD = 16 * 1024
"""Of a part."""
LONGEST_FIELD = 16_000
_LONGEST_SHOWN = 1_000

_END = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"([!-9;-~]{1,100})[ \t]*:")
_ENCODED = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,1000}\?=")
_PARAMETER = re.compile(r';\s*([a-zA-Z0-9_*-]{1,60})\s*=\s*("(?:[^"\\]|\\.){0,1000}"|[^\s;"]{0,1000})')
_NEVER = r"\s<>()\[\]\\,;:\"@\x00-\x20\x7f\ufffd"
_ADDRESS = re.compile(rf"[^{_NEVER}]{{1,200}}@[^{_NEVER}'`]{{1,255}}")
_COMMENT = re.compile(r"\([^()]{0,500}\)")


class Head:
    """The fields of one head. Names are in lower case; of values the folding is undone."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def get(self, name: str) -> str:
        """The first field of this name, in lower case; empty: there is none."""
        found = self._fields.get(name)
        return found[0] if found else ""

    def all(self, *names: str) -> Iterator[str]:
        """Every field of these names."""
        for name in names:
            yield from self._fields.get(name, ())

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __bool__(self) -> bool:
        return bool(self._fields)

    def shown(self, name: str) -> str:
        """The field as a person reads it: encoded words decoded, without control characters, cut."""
        return decoded(self.get(name))


NO_HEAD = Head(MappingProxyType({}))


def split_head(content: bytes, longest: int = LONGEST_HEAD) -> tuple[bytes, bytes]:
    """The head and the body. Where no empty line ends the head within `longest`, what is behind that is body."""
    if content.startswith((b"\n", b"\r\n")):
        return b"", content[1 if content[:1] == b"\n" else 2 :]
    end = _END.search(content, 0, longest)
    if end is None:
        return content[:longest], content[longest:]
    return content[: end.start()], content[end.end() :]


def read_head(head: bytes) -> Head:
    """The fields of `head`. What is no field is left out, and so is what is too much."""
    return _fields(to_text(head[:LONGEST_HEAD]).split("\n"))


def read_blocks(text: str, most: int) -> list[Head]:
    """Groups of fields with empty lines between them, as in a delivery status (RFC 3464 section 2.1)."""
    blocks: list[Head] = []
    lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            blocks.append(_fields(lines))
            lines = []
            if len(blocks) >= most:
                break
    return [it for it in blocks if it]


def decoded(text: str) -> str:
    """`text` with its encoded words (RFC 2047) decoded; as it is where that is not possible."""
    text = text[:_LONGEST_SHOWN]
    if "=?" in text and _ENCODED.search(text):
        try:
            parts = decode_header(text)
        except (HeaderParseError, ValueError):
            return clean(text)
        text = "".join(it if isinstance(it, str) else to_text(it, charset or "") for it, charset in parts)
    return clean(text).replace("\n", " ").strip()


def value_of(text: str) -> str:
    """What stands before the parameters of a field such as Content-Type, in lower case."""
    return _COMMENT.sub("", text[:_LONGEST_SHOWN].partition(";")[0]).strip().lower()


def parameters_of(text: str) -> dict[str, str]:
    """The parameters of such a field (RFC 2045 section 5.1); of two with one name, the first."""
    found: dict[str, str] = {}
    for name, value in _PARAMETER.findall(text[:LONGEST_FIELD]):
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found.setdefault(name.lower(), value)
    return found


def addresses_in(text: str, most: int = 20) -> list[str]:
    """Addresses that stand in `text`, in lower case, in order and each once."""
    found = dict.fromkeys(
        it.group().strip("'`.").lower() for it in _ADDRESS.finditer(text[:LONGEST_FIELD], 0, LONGEST_FIELD)
    )
    return [it for it in found if ".." not in it][:most]


def address_of(text: str) -> str:
    """The address of a field like From: the one in `<>`, else the first; empty: there is none."""
    inner = text.rpartition("<")[2].partition(">")[0]
    found = addresses_in(inner, 1) or addresses_in(text, 1)
    return found[0] if found else ""


def _fields(lines: Sequence[str]) -> Head:
    fields: list[tuple[str, list[str]]] = []
    value: list[str] = []
    for line in lines:
        line = line.rstrip("\r")
        if line[:1] in (" ", "\t"):
            value.append(line.strip())
            continue
        value = []
        if (named := _NAME.match(line)) is not None:
            if len(fields) >= MOST_FIELDS:
                break
            value.append(line[named.end() :].strip())
            fields.append((named[1].lower(), value))
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(" ".join(value)[:LONGEST_FIELD])
    return Head(found)
