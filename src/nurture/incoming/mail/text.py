"""Bytes of a mail as text that a person may read and a database takes."""

from __future__ import annotations

import binascii
import html
import re

LONGEST_TEXT = 256 * 1024
"""Bytes of one part that are read as text."""

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff]")
_INVISIBLE = re.compile(r"<(script|style|title)\b|<!--", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/td|hr)\b[^<>]{0,300}>", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,3000}>")
_BLANKS = re.compile(r"[ \t\u00a0]{2,}")

_CHARSETS = {
    **dict.fromkeys(("utf8", "unicode11utf8", "usascii", "ascii", "ansix341968", "us"), "utf-8"),
    **{f"iso8859{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    **{f"windows{n}": f"cp{n}" for n in (874, *range(1250, 1259))},
    **{f"cp{n}": f"cp{n}" for n in (437, 850, 852, 866, 874, 932, 936, 949, 950, *range(1250, 1259))},
    # Of Latin 1, what browsers read under that name: the same and a little more.
    **dict.fromkeys(("iso88591", "latin1", "ansi", "l1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "xgbk"), "gb18030"),
    **dict.fromkeys(("euckr", "ksc56011987", "ksc5601"), "euc_kr"),
    **dict.fromkeys(("shiftjis", "sjis", "xsjis", "windows31j"), "cp932"),
    **{name: name for name in ("big5", "johab")},
    "eucjp": "euc_jp",
    "iso2022jp": "iso2022_jp",
    "iso2022kr": "iso2022_kr",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "macintosh": "mac_roman",
}
"""The only decoders that strangers can reach: some of Python's are slow, and it keeps every name it was asked for."""


def to_text(raw: bytes, charset: str = "") -> str:
    """`raw` in `charset`; where that is unknown or wrong, in UTF-8, else in Windows-1252."""
    name = re.sub(r"[^a-z0-9]", "", charset[:40].lower())
    for codec in (_CHARSETS.get(name), "utf-8"):
        if codec is not None:
            try:
                return raw.decode(codec)
            except (UnicodeError, LookupError):
                continue
    return raw.decode("cp1252", "replace")


def unpacked(body: bytes, encoding: str, longest: int = LONGEST_TEXT) -> bytes:
    """The start of a part's body without its transfer encoding (RFC 2045 section 6); what is broken stays as it is."""
    match encoding:
        case "base64":
            packed = _NOT_BASE64.sub(b"", body[: longest * 3 // 2])
            # Its end may be missing, and so may a single letter of it, which is no byte.
            packed = packed[: len(packed) - (len(packed) % 4 == 1)]
            return binascii.a2b_base64(packed + b"=" * (-len(packed) % 4))[:longest]
        case "quoted-printable":
            return binascii.a2b_qp(body[: longest * 3])[:longest]
        case _:
            return body[:longest]


def clean(text: str) -> str:
    """Without control characters other than tab and line feed, and without halves of characters."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def from_html(text: str) -> str:
    """The words of an HTML part, about as a person sees them."""
    text = _TAG.sub("", _BREAK.sub("\n", _visible(text[:LONGEST_TEXT])))
    lines = (_BLANKS.sub(" ", line).strip() for line in clean(html.unescape(text)).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _visible(text: str) -> str:
    """Without scripts, styles and comments; what is not closed hides the rest."""
    lower, kept, at = text.lower(), [], 0
    if len(lower) != len(text):
        # Some letters are two in lower case, and the places would not agree.
        lower = text
    while (begins := _INVISIBLE.search(text, at)) is not None:
        kept.append(text[at : begins.start()])
        closing = f"</{begins[1].lower()}" if begins[1] else "-->"
        end = lower.find(closing, begins.end())
        if end < 0:
            return "".join(kept)
        at = max(lower.find(">", end), end) + 1
    kept.append(text[at:])
    return "".join(kept)


def cut(text: str, longest: int) -> str:
    """At most so many characters; an ellipsis says where something is missing."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
