"""[brand] and [links] of nurture.toml: values that go into style sheets are only what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.errors import SettingsError
from nurture.settings import Settings, load
from nurture.settings.brand import Brand

LEAST = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'


def loaded(folder: Path, said: str, **variables: str) -> Settings:
    (folder / "nurture.toml").write_text(f"{LEAST}{said}\n")
    return load(folder, {"NURTURE_SECRET": "for a test", **variables})


def test_everything_has_a_sound_default() -> None:
    words = Brand().words("Shop", "1 Main Street")
    assert words["name"] == "Shop" and words["address"] == "1 Main Street" and words["language"] == "en"
    assert words["logo"] == words["url"] == ""
    assert all(value != "" for key, value in words.items() if key not in ("logo", "logo_dark", "url"))


def test_what_is_said_is_read(tmp_path: Path) -> None:
    said = """[brand]
color = "#ABC"
font = '"Open Sans", Arial'
logo = "images/logo.png"
button_radius = 0
language = "de-AT"
"""
    brand = loaded(tmp_path, said, NURTURE_BRAND_URL="https://shop.example/").brand
    assert (brand.color, brand.font, brand.logo) == ("#aabbcc", "'Open Sans', Arial", "logo.png")
    assert (brand.button_radius, brand.language, brand.url) == (0, "de-at", "https://shop.example/")
    assert (
        brand.words(images={"logo.png": "https://m/images/logo.1.png"})["logo"]
        == "https://m/images/logo.1.png"
    )


@pytest.mark.parametrize(
    ("color", "readable"),
    [
        ("#000000", "#ffffff"),
        ("#ffffff", "#000000"),
        ("#1f5a3a", "#ffffff"),
        ("#9fd6b4", "#000000"),
        ("#ffd400", "#000000"),
    ],
)
def test_text_on_the_accent_can_be_read(color: str, readable: str) -> None:
    assert Brand(color=color).words()["on_color"] == readable
    assert Brand(color=color, on_color="#123456").words()["on_color"] == "#123456"


@pytest.mark.parametrize(
    "said",
    [
        'color = "red;}</style><script>"',
        'color = "#12345"',
        'color = "url(x)"',
        'color = "#12345g"',
        'font = "Arial; color: red"',
        'font = "a</style>"',
        'font = "{}"',
        'font = "it\'s"',
        'font = "url(x)"',
        'font = "Ari\\\\61l"',
        'url = "javascript:alert(1)"',
        'url = "https://a\\"><script>"',
        'url = "https://a b"',
        'logo = "../secret.png"',
        'logo = "logo.svg"',
        'logo = "/etc/x.png"',
        'logo = "a/b/c/d/e/f.png"',
        'name = "a\\u0000b"',
        'name = "a\\nb"',
        'name = "<b>"',
        "width = 5000",
        "button_radius = -1",
        'font_size = "x"',
        'language = "de_DE"',
        'language = "</html>"',
        'colour = "#123456"',
    ],
)
def test_what_could_break_out_of_a_style_sheet_or_a_page_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, f"[brand]\n{said}")
    assert caught.value.faults[0].key[0] == "brand"


def test_links_are_tagged_only_when_asked(tmp_path: Path) -> None:
    assert not loaded(tmp_path, "").links.utm
    links = loaded(tmp_path, '[links]\nutm = true\nutm_source = "corner shop"').links
    assert (links.utm, links.utm_source) == (True, "corner shop")
    with pytest.raises(SettingsError, match="utm_sorce is not a setting"):
        loaded(tmp_path, '[links]\nutm_sorce = "x"')
