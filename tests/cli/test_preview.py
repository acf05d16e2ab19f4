"""nurture preview FILE: what it writes, and for whom."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from support.browsers import chromium_program
from support.cli import Nurture
from support.previewed import made


@pytest.fixture
def shop(tmp_path: Path) -> Nurture:
    return made(tmp_path / "shop")


def test_it_is_rendered_for_somebody_who_is_made_up(shop: Nurture) -> None:
    assert shop.ok("preview", "hello", "--text", "--for", "no-name").out.startswith("subject: Hello you\n")
    german = shop.ok("preview", "hello", "--text", "--for", "german").out
    assert german.startswith("subject: Hallo Jürgen\n")
    assert "CODE-GOES-HERE" in german


def test_the_language_can_be_chosen(shop: Nurture) -> None:
    assert (
        "Hallo Ann"
        in shop.ok("preview", "hello", "--for", "ann@example.test", "--locale", "de", "--text").out
    )


def test_what_cannot_be_put_together_is_shown_with_its_place(shop: Nurture) -> None:
    shop.edit("templates/email/hello.md", "{% endif %}", "")
    ran = shop("preview", "hello", "--text")
    assert ran.status == 1
    assert "this message cannot be put together" in ran.err
    assert "templates/email/hello.md:" in ran.err


def test_a_picture_has_the_width_of_a_phone_and_the_workspaces_own_pictures(shop: Nurture) -> None:
    chromium_program()
    dot = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc00000000301"
        "0100c9fe92ef0000000049454e44ae426082"
    )
    shop.file("templates/images/dot.png", dot)
    shop.edit(
        "templates/email/other.md",
        "Something",
        '<img src="images/dot.png" alt="" width="50" height="3000"> S',
    )
    ran = shop.ok("preview", "other", "--png", "other.png", "--phone", "--dark")
    assert (ran.out, ran.err) == ("", "picture: other.png\n")
    width, height = struct.unpack(">II", (shop.workspace / "other.png").read_bytes()[16:24])
    assert width == 750
    assert height >= 6000
    html = shop.ok("preview", "other", "--json").document["html"]
    assert "https://mail.shop.example/images/dot." in html


def test_a_port_that_is_taken_is_said_with_another(shop: Nurture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = shop("preview", "--port", str(taken.getsockname()[1]))
    assert ran.status == 1
    assert "this port is in use by another program" in ran.err
    assert "nurture preview --port 8027" in ran.err
