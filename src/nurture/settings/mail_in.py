"""[mail_in]: how mail to our own addresses comes to us."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from nurture.settings.parts import Part

_EVERY = re.compile(r"([1-9]\d{0,3}) *(second|minute)s?", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>@,;\"]{1,64}@[^\s<>@,;\"]{1,253}")
_DEFAULT_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class MailInImap(Part):
    """[mail_in.imap]: a mailbox that is looked into."""

    host: str = Field(min_length=1)
    port: int = Field(default=0, ge=0, le=65535)
    """0: the usual one, 993 with security = "tls", else 143."""
    security: Literal["tls", "starttls", "none"] = "tls"
    user: str = Field(min_length=1)
    password: str = Field(default="", repr=False)
    """Only from NURTURE_MAIL_IN_IMAP_PASSWORD."""
    ca_file: str = ""
    """A PEM file of certificates to trust besides the machine's own."""
    folder: str = "INBOX"
    done: str = Field(default="nurture/done", min_length=1)
    """Into which folder mail goes that was taken in; `seen`: it stays, marked as read."""
    every: str = "30 seconds"

    @field_validator("every")
    @classmethod
    def _a_time(cls, value: str) -> str:
        if not _EVERY.fullmatch(value.strip()):
            raise ValueError(f'cannot be {value[:40]!r}; write it as "30 seconds" or "2 minutes"')
        return value.strip()

    @property
    def seconds(self) -> int:
        """`every`, in seconds."""
        found = _EVERY.fullmatch(self.every)
        assert found is not None
        return int(found[1]) * (60 if found[2].lower() == "minute" else 1)

    @property
    def at_port(self) -> int:
        """The port in use."""
        return self.port or _DEFAULT_PORTS[self.security]


class MailIn(Part):
    """Mail to [bounces] domain and to `addresses`, handed over by a mail server or fetched from a mailbox."""

    listen: str = ""
    """Where mail is handed over: HOST:PORT. Empty: nowhere."""
    protocol: Literal["lmtp", "smtp"] = "lmtp"
    addresses: tuple[str, ...] = ()
    """Addresses besides those at [bounces] domain whose mail is taken in, such as help@shop.example."""
    connections: int = Field(default=20, ge=1, le=200)
    """At once, to `listen`."""
    imap: MailInImap | None = None

    @field_validator("listen")
    @classmethod
    def _with_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value and not (host and port.isascii() and port.isdigit() and int(port) <= 65535):
            raise ValueError(f"cannot be {value[:60]!r}; write HOST:PORT, such as 127.0.0.1:2526")
        return value

    @field_validator("addresses", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        several = [it.strip() for it in value.split(",") if it.strip()] if isinstance(value, str) else value
        for one in several if isinstance(several, list | tuple) else ():
            if not isinstance(one, str) or not _ADDRESS.fullmatch(one):
                raise ValueError(f"cannot hold {str(one)[:60]!r}; write addresses, such as help@shop.example")
        return [one.lower() for one in several] if isinstance(several, list | tuple) else several

    @property
    def host_and_port(self) -> tuple[str, int]:
        """`listen`, taken apart."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def is_set_up(self) -> bool:
        """Whether any mail comes in."""
        return bool(self.listen) or self.imap is not None


def set_in_mail_in(raw: Any, name: str, value: str) -> tuple[str, ...]:
    """Set imap_PASSWORD and the like in [mail_in.imap]; an empty tuple: `name` is none of those."""
    key = name.removeprefix("imap_")
    if key == name or not isinstance(raw, dict):
        return ()
    below = raw.setdefault("imap", {})
    if not isinstance(below, dict):
        return ()
    below[key] = value
    return "mail_in", "imap", key
