"""[sources.NAME]: the mail providers and shops that tell us what happened, and how each proves that it is them."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Literal, TypeAlias, get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import field_validator

from nurture.settings.parts import Part

SourceName: TypeAlias = Literal[
    "ses", "sendgrid", "mailgun", "postmark", "generic", "shopify", "stripe", "woocommerce"
]
SOURCES: tuple[SourceName, ...] = get_args(SourceName)

WITH_SECRET = ("mailgun", "postmark", "generic", "shopify", "stripe", "woocommerce")
"""Those whose secret comes from NURTURE_SOURCES_NAME_SECRET."""

_SHORTEST = 16
_TOPIC = re.compile(r"arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{5,30}:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_WHSEC = re.compile(r"whsec_([A-Za-z0-9+/]{32,86}={0,2})")


def several(value: Any) -> Any:
    """A list, also where it is one word, or words between commas: in the environment there are no lists."""
    return tuple(it.strip() for it in value.split(",") if it.strip()) if isinstance(value, str) else value


class Source(Part):
    """A source that proves itself by a secret. Where there is none it is not set up."""

    secret: str = ""
    """From the environment. Several between commas: each is good, so that one can be changed for another."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret and those that are good besides."""
        found: tuple[str, ...] = several(self.secret)
        return found

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if any(len(it) < _SHORTEST or not it.isascii() for it in several(value)):
            raise ValueError(f"cannot be one; it has {_SHORTEST} characters of ASCII or more")
        return value


class Generic(Source):
    """Signed as Standard Webhooks says."""

    @field_validator("secret")
    @classmethod
    def _standard(cls, value: str) -> str:
        for it in several(value):
            key = _WHSEC.fullmatch(it)
            if key is None or len(key[1]) % 4:
                raise ValueError("cannot be used; make one: echo whsec_$(openssl rand -base64 32)")
        return value


class Shop(Source):
    """A shop, whose orders come in."""

    consent: tuple[str, ...] = ()
    """The topics that a buyer agrees to with the box at the checkout; empty: none."""

    @field_validator("consent", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return several(value)


class Sendgrid(Part):
    """What SendGrid signs is checked with a key that is no secret."""

    public_key: tuple[str, ...] = ()
    """As SendGrid shows it under Verification Key. Each is good."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys."""
        return self.public_key

    @field_validator("public_key", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return several(value)

    @field_validator("public_key")
    @classmethod
    def _keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for it in value:
            try:
                key = load_der_public_key(base64.b64decode(it, validate=True))
            except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
                key = None
            if not isinstance(key, EllipticCurvePublicKey):
                raise ValueError("cannot be used; copy the whole Verification Key, which begins with MFkw")
        return value


class Ses(Part):
    """Amazon signs for whoever asks, so what counts is whose topic it is."""

    topics: tuple[str, ...] = ()
    """The ARNs of the SNS topics that may tell us something."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The topics stand for them."""
        return self.topics

    @field_validator("topics", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return several(value)

    @field_validator("topics")
    @classmethod
    def _arns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for it in value:
            if not _TOPIC.fullmatch(it):
                raise ValueError(f"cannot hold {it!r}; write arn:aws:sns:REGION:ACCOUNT:NAME")
        return value


class Sources(Part):
    """Everybody who may tell us something at /in/NAME."""

    ses: Ses = Ses()
    sendgrid: Sendgrid = Sendgrid()
    mailgun: Source = Source()
    postmark: Source = Source()
    generic: Generic = Generic()
    shopify: Shop = Shop()
    stripe: Shop = Shop()
    woocommerce: Source = Source()

    def secrets(self, name: SourceName) -> tuple[str, ...]:
        """What `name` proves itself by; empty: it is not set up."""
        found: tuple[str, ...] = getattr(self, name).secrets
        return found

    def consent(self, name: SourceName) -> tuple[str, ...]:
        """The topics that a box at the checkout of `name` stands for."""
        section = getattr(self, name)
        return section.consent if isinstance(section, Shop) else ()


def set_in_sources(raw: Any, name: str, value: str) -> tuple[str, ...]:
    """Set what a variable says in the section as it is written: `mailgun_secret`. Returns the key; empty: not ours."""
    source, _, rest = name.partition("_")
    if source not in SOURCES or not rest or not isinstance(raw, dict):
        return ()
    section = raw.setdefault(source, {})
    if not isinstance(section, dict):
        return ()
    section[rest] = value
    return "sources", source, rest
