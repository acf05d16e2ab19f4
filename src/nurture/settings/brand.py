"""The section [brand]: how everything that people see of the business looks, in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from nurture.settings.parts import Part

IMAGE_ENDINGS = ("png", "jpg", "jpeg", "gif", "webp")
"""The kinds of picture that mail programs show; SVG is not one, and can hold a program."""
IMAGE_NAME = re.compile(
    rf"(?:[a-z0-9][a-z0-9_-]*/){{0,4}}[a-z0-9][a-z0-9_-]*\.(?:{'|'.join(IMAGE_ENDINGS)})", re.IGNORECASE
)
"""A picture's path below templates/images/: no dot but the last one."""

_COLOR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_FONT = re.compile(r"[A-Za-z0-9 ,'-]{1,200}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})?", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\{}()]+", re.IGNORECASE)

_SANS = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_SERIF = "Georgia, 'Times New Roman', serif"
_CODE = "Consolas, Menlo, 'Courier New', monospace"


def _color(value: str) -> str:
    if not _COLOR.fullmatch(value):
        raise ValueError(f'cannot be {value!r}; write a colour as "#1f5a3a"')
    digits = value[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def _font(value: str) -> str:
    # Single quotes, so that it can stand in style="…" as it is.
    plain = value.replace('"', "'")
    if not _FONT.fullmatch(plain) or plain.count("'") % 2:
        raise ValueError(
            f"""cannot be {value!r}; write fonts as "Georgia, 'Times New Roman', serif" """.strip()
        )
    return plain


def _image(value: str) -> str:
    name = value.removeprefix("images/")
    if name and not IMAGE_NAME.fullmatch(name):
        raise ValueError(f'cannot be {value!r}; name a file below templates/images/, such as "logo.png"')
    return name


def _web_address(value: str) -> str:
    if value and not _ADDRESS.fullmatch(value):
        raise ValueError(f'cannot be {value!r}; write it as "https://shop.example/"')
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError(f'cannot be {value!r}; write a language as "en" or "de-at"')
    return value.lower()


def _one_line(value: str) -> str:
    if not value.isprintable() or "<" in value:
        raise ValueError("cannot have a line break, a control character or < in it; write it on one line")
    return value


Color = Annotated[str, AfterValidator(_color)]
Fonts = Annotated[str, AfterValidator(_font)]
Image = Annotated[str, AfterValidator(_image)]
Pixels = Annotated[int, Field(ge=0, le=2000)]


class Brand(Part):
    """Words, colours, fonts and sizes; what is left out looks well as it is. `_dark`: the same in dark mode."""

    name: Annotated[str, Field(max_length=100), AfterValidator(_one_line)] = ""
    """Empty: the sender's."""
    url: Annotated[str, AfterValidator(_web_address)] = ""
    language: Annotated[str, AfterValidator(_language)] = "en"
    """Of messages whose file says none: welcome.md, as against welcome.de.md."""
    logo: Image = ""
    """A file below templates/images/."""
    logo_dark: Image = ""
    logo_width: Pixels = 160
    color: Color = "#1f5a3a"
    """The one accent: buttons and links."""
    color_dark: Color = "#9fd6b4"
    on_color: Color | None = None
    """Text on `color`; left out: black or white, whichever is easier to read there."""
    on_color_dark: Color | None = None
    tint: Color = "#f5f9f6"
    """A soft ground for boxes."""
    tint_dark: Color = "#1b2a21"
    background: Color = "#f4f4f2"
    background_dark: Color = "#171916"
    surface: Color = "#ffffff"
    """The sheet that the text stands on."""
    surface_dark: Color = "#22251f"
    text: Color = "#2c2a26"
    text_dark: Color = "#ece9e1"
    muted: Color = "#5f5b53"
    """Small print."""
    muted_dark: Color = "#b5b1a7"
    line: Color = "#e3ddd1"
    line_dark: Color = "#43473e"
    font: Fonts = _SANS
    heading_font: Fonts = _SERIF
    code_font: Fonts = _CODE
    font_size: Annotated[int, Field(ge=10, le=32)] = 17
    button_radius: Pixels = 6
    radius: Pixels = 6
    width: Annotated[int, Field(ge=320, le=900)] = 600

    def words(
        self, name: str = "", address: str = "", images: Mapping[str, str] = {}
    ) -> dict[str, str | int]:
        """What templates know as `brand.…`: plain texts and numbers.

        `name` and `address` are the sender's; `images` tells where each file below templates/images/ is served.
        """
        said: dict[str, str | int] = {key: "" if it is None else it for key, it in self.model_dump().items()}
        return {
            **said,
            "name": self.name or name,
            "address": address,
            "logo": images.get(self.logo, ""),
            "logo_dark": images.get(self.logo_dark, ""),
            "on_color": self.on_color or _readable_on(self.color),
            "on_color_dark": self.on_color_dark or _readable_on(self.color_dark),
        }


def _readable_on(color: str) -> str:
    """Black or white, whichever has the higher contrast (WCAG 2.2, relative luminance)."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#000000"
