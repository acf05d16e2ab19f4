"""The sections of nurture.toml as frozen values."""

from __future__ import annotations

import ipaddress
from email.utils import parseaddr
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def read_networks(value: Any) -> Any:
    """Networks as they are written, looked at but not changed. Raises ValueError with what to write."""
    # In the environment there are no lists.
    several = [it.strip() for it in value.split(",") if it.strip()] if isinstance(value, str) else value
    for network in several if isinstance(several, list | tuple) else ():
        try:
            ipaddress.ip_network(network if isinstance(network, str) else "")
        except ValueError:
            raise ValueError(f'cannot hold {network!r}; write networks, such as "10.0.0.0/8"') from None
    return several


class Sender(Part):
    """Who the mail is from."""

    from_: str = Field(alias="from")
    reply_to: str = ""
    address: str
    """The postal address that the law asks for, on one line."""

    @field_validator("from_", "reply_to")
    @classmethod
    def _an_address(cls, value: str, info: ValidationInfo) -> str:
        if (value or info.field_name == "from_") and "@" not in parseaddr(value)[1]:
            raise ValueError(f"cannot be {value!r}; write it as Corner Shop <hello@shop.example>")
        return value


class Web(Part):
    """Where people's clicks arrive and where the pages are served."""

    public_url: str = "http://127.0.0.1:8025"
    listen: str = "127.0.0.1:8025"
    metrics_from: tuple[str, ...] = ()
    """Networks that may read /metrics besides this machine: `10.0.0.0/8`."""
    proxies: tuple[str, ...] = ()
    """Networks of proxies of one's own, whose X-Forwarded-For tells who asks."""

    @field_validator("metrics_from", "proxies", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return read_networks(value)

    @field_validator("public_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with https://; http:// will do while trying things out")
        return value.rstrip("/")

    @property
    def host_and_port(self) -> tuple[str, int]:
        """`listen`, taken apart."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(port)

    @field_validator("listen")
    @classmethod
    def _with_port(cls, value: str) -> str:
        port = value.rpartition(":")[2]
        if not (port.isascii() and port.isdigit() and int(port) <= 65535):
            raise ValueError(f"cannot be {value!r}; write HOST:PORT, such as 127.0.0.1:8025")
        return value


class Notify(Part):
    """Where the step `notify:` may send webhooks."""

    allow: tuple[str, ...] = ()
    """Networks of one's own that may be called besides the world at large: `10.0.0.0/8`."""
    ca_file: str = ""
    """A PEM file of certificates to trust besides the machine's own."""

    @field_validator("allow", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return read_networks(value)


class Limits(Part):
    """What holds for all campaigns together, as it is written; `runner/limits.py` reads it."""

    per_contact: tuple[str, ...] = ()
    """Caps such as `3 per 7 days`."""
    window: str = ""
    """When messages go out where a campaign says nothing; empty: at any time."""
    release: int = Field(default=500, ge=0)
    """How many people one apply may let go on at once without being told to."""

    @field_validator("per_contact", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Topic(Part):
    """Something a contact can agree to and switch off."""

    says: str
    always: bool = False
    """Mail about the contact's own orders: cannot be switched off, may not sell."""
