"""Pictures of messages, made by a real Chromium."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import pytest

from nurture.errors import ServiceError
from nurture.runner.chromium import Chromium
from support.browsers import chromium_program

PAGE = """<!doctype html><meta name="color-scheme" content="light dark">
<style>body{margin:0;background:#ff0000} @media (prefers-color-scheme: dark){body{background:#0000ff}}
div{height:1234px} @media (max-width: 400px){div{height:2345px}}</style>
<div></div><script>document.body.style.background = "#00ff00"</script>
<img src="https://127.0.0.1:1/nothing.png" alt="" style="display:none">"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    chromium_program()
    with Chromium() as it:
        yield it


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def first_pixel(png: bytes) -> tuple[int, ...]:
    at, data = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return tuple(zlib.decompress(data)[1:4])


def test_a_picture_is_as_high_as_the_message_and_as_wide_as_asked(browser: Chromium) -> None:
    assert size(browser.shoot(PAGE, 700)) == (700, 1234)
    assert size(browser.shoot(PAGE, 375, scale=2)) == (750, 4690)


def test_it_is_light_or_dark_as_asked_and_no_script_ran(browser: Chromium) -> None:
    assert first_pixel(browser.shoot(PAGE)) == (255, 0, 0)
    assert first_pixel(browser.shoot(PAGE, dark=True)) == (0, 0, 255)


def test_without_a_browser_that_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="there is none on PATH") as raised:
        Chromium()
    assert "apt install chromium" in raised.value.remedy
