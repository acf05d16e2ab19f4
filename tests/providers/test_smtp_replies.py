"""Reading answers, whole or in pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.providers.smtp_replies import Garbage, Reply, ReplyParser, clean

STREAM = (
    b"250-relay\r\n250-PIPELINING\r\n250 SIZE 10\r\n250 2.1.0 ok\r\n"
    b"550-5.1.1 no\r\n550 5.1.1 such user\r\n354\r\n"
)
REPLIES = [
    Reply(250, "relay PIPELINING SIZE 10"),
    Reply(250, "2.1.0 ok"),
    Reply(550, "5.1.1 no 5.1.1 such user"),
    Reply(354, ""),
]


def test_several_answers_in_one_packet_are_several_answers() -> None:
    assert list(ReplyParser().feed(STREAM)) == REPLIES


def test_half_a_line_waits_for_its_other_half() -> None:
    parser = ReplyParser()
    assert list(parser.feed(b"250 o")) == []
    assert list(parser.feed(b"k\r")) == []
    assert list(parser.feed(b"\n")) == [Reply(250, "ok")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_it_does_not_matter_where_packets_end(cuts: list[int]) -> None:
    parser = ReplyParser()
    ends = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(ends)]
    assert [reply for piece in pieces for reply in parser.feed(piece)] == REPLIES


@pytest.mark.parametrize(
    "line", [b"hello\r\n", b"99 x\r\n", b"600 x\r\n", b"250ok\r\n", b"\r\n", b"2\xff0 x\r\n"]
)
def test_what_is_no_answer_is_garbage(line: bytes) -> None:
    with pytest.raises(Garbage):
        list(ReplyParser().feed(line))


def test_answers_before_the_garbage_still_count() -> None:
    feed = ReplyParser().feed(b"250 ok\r\nnonsense\r\n")
    assert next(feed) == Reply(250, "ok")
    with pytest.raises(Garbage):
        next(feed)


def test_a_server_cannot_fill_the_memory() -> None:
    with pytest.raises(Garbage):
        list(ReplyParser().feed(b"2" * 100_000))
    with pytest.raises(Garbage):
        list(ReplyParser().feed(b"250-more\r\n" * 100_000))


@given(st.binary(max_size=300))
def test_any_bytes_give_answers_or_garbage(data: bytes) -> None:
    parser = ReplyParser()
    try:
        for reply in parser.feed(data):
            assert 200 <= reply.code <= 599
            assert clean(reply.text) == reply.text
    except Garbage:
        pass


@given(st.text(alphabet=st.characters(codec=None)))
def test_cleaned_text_can_be_stored(text: str) -> None:
    assert "\x00" not in clean(text)
    clean(text).encode("utf-8")
