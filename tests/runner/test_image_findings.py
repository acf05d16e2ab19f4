"""`nurture check` tells of pictures that are not there and of files that are not served."""

from __future__ import annotations

from pathlib import Path

from nurture.runner.checking import check
from nurture.settings import load
from support.corner import files

TOML = """[sender]
from = "Shop <hello@shop.example>"
address = "1 Main Street"
[topics]
offers = "Offers"
[brand]
color = "#123456"
logo = "lgo.png"
"""
CAMPAIGN = {"hello": "name: Hello\nstage: prospect\ntopic: offers\nsequence:\n  - send: one\n"}


def test_each_is_told_where_it_stands(tmp_path: Path) -> None:
    images = tmp_path / "templates" / "images"
    images.mkdir(parents=True)
    (images / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (images / "our logo.svg").write_text("<svg/>")
    (tmp_path / "nurture.toml").write_text(TOML)
    letters = {"one": "subject: One\n\n![Logo](images/logo.png)\n\n![x](images/loga.png)\n{{ brand.color }}"}
    settings = load(tmp_path, {"NURTURE_SECRET": "for a test"})
    checked = check(None, settings, files(CAMPAIGN, letters))
    told = {
        (it.path, it.line, it.severity, it.message, it.hint)
        for it in checked.findings
        if "age" in it.path or "logo" in it.message or "picture" in it.message
    }
    assert told == {
        (
            "nurture.toml",
            8,
            "error",
            'there is no picture "lgo.png" in templates/images/',
            'did you mean "logo.png"?',
        ),
        (
            "templates/images/our logo.svg",
            0,
            "warning",
            "this is not served: its name has blanks, more than one dot or other signs, or its ending is not png, jpg, "
            "gif or webp",
            "call it something like red-roses.png, of at most 5 MB",
        ),
        (
            "templates/email/one.md",
            5,
            "error",
            'there is no picture "images/loga.png"',
            'did you mean "images/logo.png"?',
        ),
    }
