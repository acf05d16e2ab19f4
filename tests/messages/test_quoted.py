"""Quoted-printable chunk by chunk says the same as all at once, in lines that are short enough."""

from __future__ import annotations

import quopri

from hypothesis import example, given
from hypothesis import strategies as st

from nurture.messages.quoted import Piece, known_pieces, quoted, quoted_chunks

BITS = (
    " ", "  ", "\t", "\n", "\n\n", "=", "=3D", "=\n", ".", "\n.\n", "ä", "€\xa01", "x" * 74, "y" * 75, "z" * 76,
    "\ud800", "w" * 200, "a b " * 30, "<p>", " \n", "\n ", "\r\n", "\r", "\x00", "--=_nurture",
    "https://m.example/c/" + "A" * 51,
)  # fmt: skip
CHUNKS = st.lists(
    st.one_of(st.sampled_from(BITS), st.text(max_size=12), st.lists(st.sampled_from(BITS)).map("".join))
)


def constants(texts: list[str]) -> dict[str, Piece]:
    """Those that stand in a template, in code such as Jinja writes."""
    lines = "".join(f"    yield {it!r}\n" for it in texts) or "    yield None\n"
    return known_pieces(compile(f"def root():\n{lines}", "<template>", "exec"))


def meant(text: str) -> bytes:
    one_kind = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    return one_kind.replace("\n", "\r\n").encode("utf-8", "replace")


@given(CHUNKS)
@example(["foo ", "\n"])
@example(["foo ", "\n", "\n"])
@example(["foo\t"])
@example([])
@example(["a\r", "\nb"])
@example(["x" * 74, "=", "\n"])
def test_chunks_decode_to_the_text_that_they_make(chunks: list[str]) -> None:
    for known in ({}, constants(chunks), constants(chunks[::2])):
        data = quoted_chunks(chunks, known)
        assert quopri.decodestring(data) == meant("".join(chunks))
        assert_is_well_made(data)


@given(CHUNKS.map("".join))
@example("a" * 74 + " ")
@example("a" * 75 + " \n")
@example("ä" * 12 + "aa\t\n")
def test_a_text_decodes_to_itself(text: str) -> None:
    assert quopri.decodestring(quoted(text)) == meant(text)
    assert_is_well_made(quoted(text))


def assert_is_well_made(data: bytes) -> None:
    """RFC 2045 section 6.7: short lines, no blank at the end of one, `=` only before two digits or a line end."""
    assert data.endswith(b"\r\n") and not data.endswith(b"=\r\n")
    lines = data.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 76
    assert not any(line.endswith((b" ", b"\t")) for line in lines)
    for line in lines:
        for part in line.removesuffix(b"=").split(b"=")[1:]:
            assert len(part) >= 2 and set(part[:2]) <= set(b"0123456789ABCDEF")
    assert all(byte == 9 or byte == 13 or byte == 10 or 32 <= byte <= 126 for byte in data)
