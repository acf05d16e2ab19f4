"""Header fields as RFC 5322 and RFC 2047 want them, with nothing in them that was not meant."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from email.utils import parseaddr
from functools import lru_cache

from nurture.errors import TemplateError

LONGEST_NAME = 100
"""A longer display name is left out."""
LONGEST_SUBJECT = 250
"""What is beyond it is cut off."""
_LINE = 76
_WORD_BYTES = 45
"""So many bytes make an encoded word of 72 characters; RFC 2047 section 2 allows 75."""
# C0, DEL, C1, line and paragraph separators, and halves of characters.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = re.compile(r"=\?([^?\s]*)\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f.:IPv]+\]")


def control_character(text: str) -> bool:
    """Whether `text` holds a control character, as it stands or once its encoded words are decoded."""
    # What can be printed is none of them; that is looked up faster.
    if not text.isprintable() and _CONTROL.search(text):
        return True
    return "=?" in text and any(_CONTROL.search(_decoded(match)) for match in _ENCODED_WORD.finditer(text))


def _decoded(match: re.Match[str]) -> str:
    raw = match[3].encode("utf-8", "replace")
    try:
        data = base64.b64decode(raw + b"===") if match[2] in "bB" else quopri.decodestring(raw, header=True)
    except (binascii.Error, ValueError):
        return ""
    # Only the half that all charsets share: the other half's letters must not be taken for controls.
    return "".join(chr(byte) for byte in data if byte < 0x80)


def unstructured(name: str, text: str) -> str:
    """`text` as the value of the header `name`: folded, in encoded words where it is not plain.

    Raises TemplateError where it holds a control character.
    """
    if control_character(text):
        raise TemplateError(
            f"the header {name} would hold a control character", remedy="Take it out of the data."
        )
    if text.isascii() and "=?" not in text:
        return _folded(text, len(name) + 2)
    return _words(text, len(name) + 2)


def _folded(text: str, used: int) -> str:
    """Broken before a space where a line would be over 76, as RFC 5322 section 2.2.3 allows."""
    if used + len(text) <= _LINE:
        return text
    if any(len(word) > _LINE - used for word in text.split(" ")) or "  " in text or text != text.strip():
        return _words(text, used)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        room = _LINE - used if not lines else _LINE - 1
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _words(text: str, used: int) -> str:
    """Encoded words, never a character cut in two (RFC 2047 section 5)."""
    room = (_LINE - used - len("=?utf-8?B??=")) // 4 * 3
    if len(text.encode()) <= room:
        return _word(text)
    words: list[str] = []
    chunk: list[str] = []
    size = 0
    for char in text:
        width = len(char.encode())
        if size + width > room:
            words.append("".join(chunk))
            chunk, size, room = [], 0, _WORD_BYTES
        chunk.append(char)
        size += width
    words.append("".join(chunk))
    return "\r\n ".join(map(_word, words))


def _word(text: str) -> str:
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="


def address(text: str) -> str:
    """An address fit for a header and an envelope, its domain in ASCII. Raises TemplateError."""
    local, at, domain = text.rpartition("@")
    if at and not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            domain = ""
    fits = _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain) and len(text) <= 254
    if not fits or control_character(text):
        raise TemplateError(
            f"{text[:100]!r} is no address that mail can be sent to", remedy="Put the address right."
        )
    return f"{local}@{domain}"


def mailbox(header: str, name: str, to: str) -> str:
    """`Name <address>` for a header. A name that is hostile or too long is left out."""
    spec = address(to)
    name = "" if len(name) > LONGEST_NAME or control_character(name) else name.strip()
    if not name:
        return spec
    used = len(header) + 2
    if _ATOMS.fullmatch(name) and "=?" not in name:
        shown = name
    elif name.isascii() and "=?" not in name:
        shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        return f"{_words(name, used)}\r\n <{spec}>"
    return (
        f"{shown} <{spec}>"
        if used + len(shown) + len(spec) + 3 <= _LINE
        else f"{_long(shown, name, used)}\r\n <{spec}>"
    )


def _long(shown: str, name: str, used: int) -> str:
    return shown if used + len(shown) <= _LINE else _words(name, used)


@lru_cache(maxsize=256)
def read_mailbox(text: str) -> tuple[str, str]:
    """The name and the address of a mailbox that a person wrote: `Corner Shop <hello@shop.example>`."""
    return parseaddr(text)


@lru_cache(maxsize=256)
def written_mailbox(header: str, text: str) -> str:
    """The same for a header."""
    name, spec = read_mailbox(text)
    return mailbox(header, name, spec)
