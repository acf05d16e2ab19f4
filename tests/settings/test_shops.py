"""[shops.NAME]: where codes are pushed to."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.errors import SettingsError
from nurture.settings import load

HEAD = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'
SHOP = '[shops.corner-shop]\nkind = "shopify"\nurl = "https://corner.example/"\n'


def read(folder: Path, text: str, **variables: str) -> object:
    (folder / "nurture.toml").write_text(HEAD + text)
    return load(folder, variables).shops


def test_a_shop_has_a_kind_and_a_place_and_its_token_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "nurture.toml").write_text(HEAD + SHOP)
    shop = load(tmp_path, {"NURTURE_SHOPS_CORNER_SHOP_TOKEN": "shpat_1"}).shops["corner-shop"]
    assert (shop.kind, shop.url, shop.token) == ("shopify", "https://corner.example", "shpat_1")
    assert shop.lacking("corner-shop") == ()
    assert "shpat_1" not in repr(shop)


@pytest.mark.parametrize("key", ["token", "key", "secret"])
def test_a_secret_does_not_belong_into_the_file(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, SHOP + f'{key} = "x"\n')
    assert f"shops.corner-shop.{key} does not belong into a file" in str(caught.value)
    assert f"NURTURE_SHOPS_CORNER_SHOP_{key.upper()}" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://corner.example",
        "https://",
        "corner.example",
        "https://a b",
        "https://u:p@corner.example",
        "https://corner.example/?x=1",
        "https://corner.example/#x",
        "ftp://corner.example",
        "http://127.0.0.1.corner.example",
        "https://corner.example:99999",
        "https://corner.example\\\\@evil.example",
    ],
)
def test_a_place_that_is_not_private_or_no_place_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"shops\.corner-shop\.url cannot be"):
        read(tmp_path, f'[shops.corner-shop]\nkind = "shopify"\nurl = "{url}"\n')


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080"])
def test_on_this_machine_it_may_be_without_tls(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, f'[shops.a]\nkind = "woocommerce"\nurl = "{url}"\n')


def test_a_name_is_one_that_a_variable_can_bear(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="small letters, digits and dashes"):
        read(tmp_path, SHOP.replace("corner-shop", '"Corner Shop"'))


def test_a_misspelled_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"did you mean|there are"):
        read(tmp_path, SHOP + 'ulr = "x"\n')
