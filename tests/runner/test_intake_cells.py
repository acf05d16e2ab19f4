"""Cells read into values."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR
from nurture.runner import intake_cells as cells
from nurture.runner.intake_cells import BadRow, Setting
from support.databases import START

SETTING = Setting(now=START + 30 * DAY, zone=ZoneInfo("Europe/Berlin"), currency="USD", digits=2)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ann@Shop.Example", "ann@shop.example"),
        ("  o'hara+tag@sub.shop.test ", "o'hara+tag@sub.shop.test"),
        ("ann@münchen.example", "ann@xn--mnchen-3ya.example"),
        ("a.b-c_d@x-1.co.uk", "a.b-c_d@x-1.co.uk"),
    ],
)
def test_addresses_are_kept_in_lower_case_and_ascii(written: str, read: str) -> None:
    assert cells.address({"email": written}) == read


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            "ann",
            "a@b",
            "a@@b.com",
            "a b@c.com",
            "a@b.com\nBcc: x@y.com",
            ".a@b.com",
            "a..b@c.com",
            "a@-b.com",
        ),
        *(
            "@b.com",
            "a@b.com,c@d.com",
            "<a@b.com>",
            "a" * 65 + "@b.com",
            "a@" + "b." * 130 + "com",
            "é@b.com",
        ),
        "a@localhost",
    ],
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(BadRow):
        cells.address({"email": written})


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_bad_row_and_an_address_reads_as_itself(written: str) -> None:
    try:
        read = cells.address({"email": written})
    except BadRow:
        return
    assert cells.address({"email": read}) == read
    assert read.isascii()
    assert read.isprintable()


@given(st.integers(-(10**11), 10**11))
def test_amounts_are_exact(minor: int) -> None:
    sign = "-" if minor < 0 else ""
    written = f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"
    assert cells.amount({"amount": written}, "amount", SETTING) == minor


@pytest.mark.parametrize("written", ["1e5", "Infinity", "0x10", "1_000", "١٢", "--1", "1.", "$5", "9" * 13])
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(BadRow):
        cells.amount({"amount": written}, "amount", SETTING)


def test_times_without_a_zone_are_the_workspaces() -> None:
    assert cells.moment({"at": "2017-01-01"}, "at", SETTING) == START - HOUR
    assert cells.moment({"at": "2017-01-01T00:00:00Z"}, "at", SETTING) == START
    assert cells.moment({"at": " "}, "at", SETTING) is None


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_bad_row(written: str) -> None:
    try:
        at = cells.moment({"at": written}, "at", SETTING)
    except BadRow:
        return
    assert at is None or 0 <= at <= SETTING.now + HOUR


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *(("41", 41), ("-3", -3), ("0", 0), ("0.50", 0.5), ("01067", "01067"), ("1e3", "1e3"), ("yes", True)),
        *(("FALSE", False), ("45-54", "45-54"), ("1234567890123456", "1234567890123456"), ("+1", "+1")),
        (" x\x00\ty ", "x y"),
    ],
)
def test_attributes_are_numbers_yes_or_no_or_text(written: str, read: object) -> None:
    found = cells.scalars({"a": written}, ("a",))["a"]
    assert found == read
    assert type(found) is type(read)


def test_a_blank_attribute_is_missing() -> None:
    assert cells.scalars({"a": " ", "b": None}, ("a", "b", "c")) == {}


def test_tags_are_words_once_each() -> None:
    assert cells.tags({"tags": "vip; berlin,vip ,"}) == ("vip", "berlin")
    assert cells.tags({"tags": ["a", 1]}) == ("a", "1")
    with pytest.raises(BadRow):
        cells.tags({"tags": [["a"]]})
