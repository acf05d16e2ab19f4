"""[relay] and [[relay]]: the SMTP servers that take our mail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from nurture.settings.destinations import Rate, WrittenRate
from nurture.settings.parts import Part

DELIVER = Literal["relay", "mx"]
"""relay: everything to the relays; mx: to the servers of each recipient."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Relay(Part):
    """An SMTP server that takes our mail."""

    name: str = ""
    """What it is called where several are spoken of; empty: its host."""
    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    password: str = Field(default="", repr=False)
    """Only from the environment; never from the file."""
    ca_file: str = ""
    """A PEM file of certificates to trust besides the machine's own."""
    connections: int = Field(default=10, ge=1, le=200)
    per_connection: int = Field(default=1_000, ge=0, le=1_000_000)
    """Messages on one connection, then another one is opened; 0: as many as there are."""
    weight: int = Field(default=1, ge=1, le=1_000)
    """Its share of the messages among several relays, while all have connections free."""
    rate: WrittenRate | None = None
    """At most so much, from all processes together; not said: as fast as it goes."""

    @field_validator("name")
    @classmethod
    def _a_name(cls, value: str) -> str:
        if value and not _NAME.fullmatch(value):
            raise ValueError(f"cannot be {value[:40]!r}; write letters, digits, dots and dashes")
        return value

    @property
    def called(self) -> str:
        """Its name, or else its host."""
        return self.name or self.host

    @property
    def key(self) -> str:
        """Under which its rate and its pauses are kept."""
        return f"relay {self.called}"

    @property
    def variable(self) -> str:
        """The variable that holds its password alone."""
        return f"NURTURE_RELAY_{_in_capitals(self.called)}_PASSWORD"


def _as_several(value: Any) -> Any:
    """[relay] is the only one of several."""
    if not isinstance(value, dict | list | tuple | Relay):
        raise ValueError("is a section of its own; write its settings below a line [relay]")
    return [value] if isinstance(value, dict | Relay) else value


def _distinct(value: tuple[Relay, ...]) -> tuple[Relay, ...]:
    if not value:
        raise ValueError("cannot be an empty list; leave it out, or write a section [relay]")
    capitals = [_in_capitals(it.called) for it in value]
    twice = next(
        (it.called for it, name in zip(value, capitals, strict=True) if capitals.count(name) > 1), ""
    )
    if twice:
        raise ValueError(f"has two called {twice!r}; give each [[relay]] a name of its own")
    return value


Relays = Annotated[tuple[Relay, ...], BeforeValidator(_as_several), AfterValidator(_distinct)]


def relay_rates(relays: tuple[Relay, ...]) -> Mapping[str, Rate]:
    """The rates of those that have one, by the key of their limits."""
    return {it.key: it.rate for it in relays if it.rate is not None}


def set_in_relays(sections: Any, name: str, value: str) -> tuple[str, ...] | None:
    """Set in `sections`, as they were read, what NURTURE_RELAY_… says; None: there is no such relay.

    `name` is the variable's rest in small letters: of the only relay a key, of several the name of one and a key,
    or `password`, which is for all that have no variable of their own. Returns the key that was set.
    """
    if isinstance(sections, dict):
        own = _rest(sections, name)
        sections[own or name] = value
        return ("relay", own or name)
    if not isinstance(sections, list):
        return None
    for number, section in enumerate(sections):
        rest = _rest(section, name) if isinstance(section, dict) else ""
        if rest:
            section[rest] = value
            return ("relay", str(number), rest)
    if name != "password":
        return None
    for section in sections:
        if isinstance(section, dict):
            section.setdefault("password", value)
    return ("relay", "0", "password")


def _rest(section: Mapping[str, Any], name: str) -> str:
    """The key, where `name` begins with what this relay is called."""
    called = section.get("name") or section.get("host") or "127.0.0.1"
    prefix = f"{_in_capitals(str(called))}_".lower()
    return name.removeprefix(prefix) if name.startswith(prefix) else ""


def _in_capitals(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
