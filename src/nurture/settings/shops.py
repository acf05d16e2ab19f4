"""[shops.NAME]: shops that codes are pushed to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator

from nurture.settings.parts import Part

ShopKind: TypeAlias = Literal["shopify", "woocommerce"]
KINDS: tuple[ShopKind, ...] = get_args(ShopKind)

SECRET_KEYS = ("token", "key", "secret")
"""What only the environment may set: NURTURE_SHOPS_NAME_TOKEN of Shopify, _KEY and _SECRET of WooCommerce."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class ShopAccess(Part):
    """One shop: which kind it is, where it is, and by what it lets us in."""

    kind: ShopKind
    url: str
    """Where it is, such as https://corner-shop.myshopify.com."""
    token: str = Field(default="", repr=False)
    """Shopify: the Admin API access token. From the environment."""
    key: str = Field(default="", repr=False)
    """WooCommerce: the consumer key. From the environment."""
    secret: str = Field(default="", repr=False)
    """WooCommerce: the consumer secret. From the environment."""

    @field_validator("url")
    @classmethod
    def _private(cls, value: str) -> str:
        if not _is_an_address(value):
            raise ValueError(
                f'cannot be {value[:80]!r}; write where the shop is as "https://shop.example", without anything more'
            )
        return value.rstrip("/")

    @field_validator("token", "key", "secret")
    @classmethod
    def _of_a_header(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("cannot be used; copy it as the shop shows it, without spaces")
        return value

    def lacking(self, name: str) -> tuple[str, ...]:
        """The variables that have to be set before the shop called `name` lets us in."""
        needed = ("token",) if self.kind == "shopify" else ("key", "secret")
        return tuple(variable(name, it) for it in needed if not getattr(self, it))


def variable(name: str, key: str) -> str:
    """The variable that sets a key of a shop: NURTURE_SHOPS_CORNER_SHOP_TOKEN."""
    return f"NURTURE_SHOPS_{_in_capitals(name)}_{key.upper()}"


def is_loopback(host: str) -> bool:
    """Whether it is this machine, by its name or its address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_an_address(value: str) -> bool:
    """https:// and a host, and a folder at most; http:// only where it does not leave this machine."""
    if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        return False
    try:
        read = urlsplit(value)
        host, _ = read.hostname or "", read.port
    except ValueError:
        return False
    if not host or read.username is not None or read.query or read.fragment or "?" in value or "#" in value:
        return False
    return read.scheme == "https" or (read.scheme == "http" and is_loopback(host))


def _named(value: Any) -> Any:
    for name in value if isinstance(value, dict) else ():
        if not _NAME.fullmatch(str(name)):
            raise ValueError(
                f"cannot have a section {str(name)[:40]!r}; "
                "a name is small letters, digits and dashes, at most 40 of them"
            )
    return value


Shops = Annotated[Mapping[str, ShopAccess], BeforeValidator(_named)]


def set_in_shops(raw: Any, name: str, value: str) -> tuple[str, ...]:
    """Set what a variable says in the section of the shop: `corner_shop_token`. Returns the key; empty: not ours."""
    for section in raw if isinstance(raw, dict) else ():
        prefix = f"{_in_capitals(str(section))}_".lower()
        key = name.removeprefix(prefix)
        if (
            name.startswith(prefix)
            and key in (*SECRET_KEYS, "url", "kind")
            and isinstance(raw[section], dict)
        ):
            raw[section][key] = value
            return "shops", str(section), key
    return ()


def secrets_in(raw: Any) -> tuple[tuple[str, str, str], ...]:
    """The secrets that stand in the file, where they do not belong."""
    sections = raw.items() if isinstance(raw, dict) else ()
    return tuple(
        ("shops", str(name), key)
        for name, section in sections
        if isinstance(section, dict)
        for key in SECRET_KEYS
        if key in section
    )


def _in_capitals(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
