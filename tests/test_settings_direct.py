"""[mx] in nurture.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.errors import SettingsError
from nurture.settings import load

START = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'


def write(folder: Path, more: str) -> Path:
    (folder / "nurture.toml").write_text(f"{more}\n{START}", encoding="utf-8")
    return folder


def test_nothing_has_to_be_said(tmp_path: Path) -> None:
    found = load(write(tmp_path, ""), {}).mx
    assert (found.name, found.connections, found.allow) == ("", 100, ())


def test_it_is_read_from_the_file_and_the_environment(tmp_path: Path) -> None:
    folder = write(tmp_path, '[mx]\nname = "mail.shop.example"\nallow = ["10.0.0.0/8"]')
    found = load(folder, {"NURTURE_MX_CONNECTIONS": "20"}).mx
    assert (found.name, found.connections, found.allow) == ("mail.shop.example", 20, ("10.0.0.0/8",))
    assert load(folder, {"NURTURE_MX_ALLOW": "10.1.0.0/16, fd00::/8"}).mx.allow == ("10.1.0.0/16", "fd00::/8")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('name = "mail"', "mx.name cannot be 'mail'"),
        ('name = "mail shop.example"', "mx.name cannot be 'mail shop.example'"),
        ('name = "192.0.2.1"', "mx.name cannot be '192.0.2.1'"),
        ("connections = 0", "mx.connections cannot be 0"),
        ('allow = ["office"]', "mx.allow cannot hold 'office'"),
        ('names = "mail.shop.example"', "mx.names is not a setting"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, written: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(write(tmp_path, f"[mx]\n{written}"), {})
    assert said in str(error.value)
