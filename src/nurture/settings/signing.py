"""[dkim] and [bounces]: which key signs for which domain, and where mail that cannot be delivered comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from nurture.settings.parts import Part

_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")


def is_domain(text: str) -> bool:
    """Whether it is the name of a domain in lower-case ASCII, with a dot in it."""
    return bool(_DOMAIN.fullmatch(text))


def is_selector(text: str) -> bool:
    """Whether a DKIM key can be published under it (RFC 6376 section 3.1)."""
    return bool(_SELECTOR.fullmatch(text))


def domain_of(sender: str) -> str:
    """The domain of `Corner Shop <hello@shop.example>` in lower-case ASCII; empty where there is none."""
    domain = parseaddr(sender)[1].rpartition("@")[2].lower().rstrip(".")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return domain


class DkimDomain(Part):
    """The keys of one domain. Each has a selector of its own: there is one key to a record (RFC 6376 3.6.2.2)."""

    selector: str = ""
    key_file: str = ""
    """The RSA key, a PEM file; from the workspace where it is not absolute."""
    ed25519_selector: str = ""
    ed25519_key_file: str = ""
    """A second signature (RFC 8463), beside RSA and never alone: many receivers do not know it yet."""

    @field_validator("selector", "ed25519_selector")
    @classmethod
    def _a_selector(cls, value: str) -> str:
        if value and not is_selector(value.lower()):
            raise ValueError(f'cannot be {value!r}; write letters, digits and hyphens, such as "n1"')
        return value.lower()

    @model_validator(mode="after")
    def _keys_and_selectors(self) -> DkimDomain:
        if self.key_file and not self.selector:
            raise ValueError('has a key_file and no selector; write selector = "n1" beside it')
        if self.ed25519_key_file and not self.ed25519_selector:
            raise ValueError("has an ed25519_key_file and no ed25519_selector; write that beside it")
        if self.ed25519_selector and self.ed25519_selector == self.selector:
            raise ValueError("has the same selector for both keys; give the second one another, such as e1")
        return self


class Dkim(DkimDomain):
    """The keys of the domain in [sender] from, and those of others in sections of their own."""

    domain: str = ""
    """Which domain signs; empty: that of [sender] from."""
    key: str = Field(default="", repr=False)
    """The RSA key itself, in PEM. Only from NURTURE_DKIM_KEY; stands in for `key_file`."""
    domains: Mapping[str, DkimDomain] = Field(default_factory=dict)
    """Written as sections: [dkim."news.example"]."""

    @model_validator(mode="before")
    @classmethod
    def _sections(cls, value: Any) -> Any:
        """Gather the sections; [dkim.news.example], without quotes, is a section in a section in TOML."""
        if not isinstance(value, dict) or "domains" in value:
            return value
        own = {key: it for key, it in value.items() if not isinstance(it, dict)}
        found = {
            name: it
            for key, inner in value.items()
            if isinstance(inner, dict)
            for name, it in _flat(key, inner)
        }
        return {**own, "domains": found} if found else own

    @field_validator("domain")
    @classmethod
    def _a_domain(cls, value: str) -> str:
        return _checked(value.lower()) if value else value

    @field_validator("domains", mode="before")
    @classmethod
    def _domains(cls, value: Any) -> Any:
        return (
            {_checked(str(name).lower()): it for name, it in value.items()}
            if isinstance(value, dict)
            else value
        )

    @model_validator(mode="after")
    def _key_with_selector(self) -> Dkim:
        if self.key and not self.selector:
            raise ValueError("has a key (NURTURE_DKIM_KEY) and no selector; set dkim.selector beside it")
        return self

    def each(self, sender: str) -> dict[str, DkimDomain]:
        """The keys of every domain; `sender` is what [sender] from says."""
        own = {self.domain or domain_of(sender): self} if self.selector or self.ed25519_selector else {}
        return {**own, **self.domains}


class Bounces(Part):
    """Where mail that cannot be delivered comes back."""

    domain: str = ""
    """Its MX is a mailbox of ours. Empty: the From address is the envelope's sender, and gets the bounces."""

    @field_validator("domain")
    @classmethod
    def _a_domain(cls, value: str, info: ValidationInfo) -> str:
        return _checked(value.lower()) if value else value


def _flat(name: str, inner: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    own = {key: it for key, it in inner.items() if not isinstance(it, dict)}
    found = [(name, own)] if own or not inner else []
    for key, it in inner.items():
        if isinstance(it, dict):
            found += _flat(f"{name}.{key}", it)
    return found


def _checked(domain: str) -> str:
    if not is_domain(domain):
        raise ValueError(f'cannot be {domain!r}; write a domain, such as "shop.example"')
    return domain
