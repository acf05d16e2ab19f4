"""nurture.toml and the NURTURE_ variables, read once into frozen values."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from nurture.errors import Fault, SettingsError, WorkspaceError

FILE_NAME = "nurture.toml"

_SQLITE = "sqlite:///"

_WEBHOOK_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]{32,86}={0,2})")
"""At least 24 bytes, as Standard Webhooks asks."""

PROVIDERS = ("smtp", "inbox")
"""How mail can leave."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Sender(_Part):
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


class Relay(_Part):
    """The SMTP server that takes our mail."""

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    password: str = ""
    """Only from NURTURE_RELAY_PASSWORD; never from the file."""
    ca_file: str = ""
    """A PEM file of certificates to trust besides the machine's own."""
    connections: int = Field(default=10, ge=1, le=200)


class Web(_Part):
    """Where people's clicks arrive and where the pages are served."""

    public_url: str = "http://127.0.0.1:8025"
    listen: str = "127.0.0.1:8025"

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


class Notify(_Part):
    """Where the step `notify:` may send webhooks."""

    allow: tuple[str, ...] = ()
    """Networks of one's own that may be called besides the world at large: `10.0.0.0/8`."""
    ca_file: str = ""
    """A PEM file of certificates to trust besides the machine's own."""

    @field_validator("allow", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        # In the environment there are no lists.
        several = [it.strip() for it in value.split(",") if it.strip()] if isinstance(value, str) else value
        for network in several if isinstance(several, list | tuple) else ():
            try:
                ipaddress.ip_network(network if isinstance(network, str) else "")
            except ValueError:
                raise ValueError(f'cannot hold {network!r}; write networks, such as "10.0.0.0/8"') from None
        return several


class Limits(_Part):
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


class Topic(_Part):
    """Something a contact can agree to and switch off."""

    says: str
    always: bool = False
    """Mail about the contact's own orders: cannot be switched off, may not sell."""


class Settings(_Part):
    """Everything that nurture.toml and the environment say, with the folder they say it for."""

    workspace: Path
    timezone: str = "UTC"
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    database: str = "sqlite:///nurture.db"
    provider: str = "inbox"
    secret: str = ""
    """Signs the tokens in links. From NURTURE_SECRET, else from the workspace's file `secret.key`."""
    webhook_secret: str = ""
    """Signs webhooks. From NURTURE_WEBHOOK_SECRET, else worked out from `secret`."""
    sender: Sender
    relay: Relay = Relay()
    web: Web = Web()
    limits: Limits = Limits()
    notify: Notify = Notify()
    topics: Mapping[str, Topic] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            near = difflib.get_close_matches(value, available_timezones(), 1)
            hint = f'did you mean "{near[0]}"?' if near else 'write it as "Europe/Berlin"'
            raise ValueError(f"cannot be {value!r}: there is no such time zone; {hint}") from None
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _secrets(cls, value: str) -> str:
        for secret in value.split(",") if value else ():
            key = _WEBHOOK_SECRET.fullmatch(secret.strip())
            if key is None or len(key[1]) % 4:
                raise ValueError("cannot be used; make one: echo whsec_$(openssl rand -base64 32)")
        return value

    @field_validator("topics", mode="before")
    @classmethod
    def _short_topics(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: {"says": it} if isinstance(it, str) else it for key, it in value.items()}

    @field_validator("provider")
    @classmethod
    def _known_provider(cls, value: str) -> str:
        if value not in PROVIDERS:
            near = difflib.get_close_matches(value, PROVIDERS, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(PROVIDERS)}"
            raise ValueError(f"cannot be {value!r}; {hint}")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The workspace's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def marketing_topics(self) -> tuple[str, ...]:
        """The topics that need consent and can be switched off."""
        return tuple(name for name, topic in self.topics.items() if not topic.always)

    @property
    def database_url(self) -> str:
        """`database`, with a relative SQLite path taken from the workspace."""
        return f"{_SQLITE}{self.database_file}" if self.database_file else self.database

    @property
    def database_file(self) -> Path | None:
        """The file of a database on SQLite."""
        name = self.database.removeprefix(_SQLITE)
        if name == self.database or not name or name.startswith(":memory:") or "?" in name:
            return None
        return (self.workspace / name).resolve()


SECRET_FILE = "secret.key"

SECRETS = ("relay.password", "secret", "webhook_secret")
"""Keys that only the environment may set."""


def find_workspace(start: Path) -> Path:
    """The nearest folder from `start` upwards that holds nurture.toml. Raises WorkspaceError."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate
    raise WorkspaceError(
        f"there is no {FILE_NAME} in {folder} or above it",
        remedy="Go into your workspace, name it with --workspace DIR, or make one: nurture init DIR",
    )


def load(workspace: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read `workspace`/nurture.toml and the NURTURE_ variables. Raises SettingsError with every fault."""
    environ = os.environ if environ is None else environ
    raw = _read(workspace)
    faults = [
        Fault(
            key=tuple(dotted.split(".")),
            message=f"{dotted} does not belong into a file: it is a secret",
            hint=f"take it out and set {_variable(dotted)} in the environment",
        )
        for dotted in SECRETS
        if _get(raw, dotted) is not None
    ]
    variables = {}
    for name, value in environ.items():
        if name.startswith("NURTURE_"):
            variables[_put(raw, name.removeprefix("NURTURE_").lower(), value)] = name
    if "secret" not in raw:
        raw["secret"] = _read_secret(workspace)
    try:
        settings = Settings(workspace=workspace.resolve(), **raw)
    except ValidationError as error:
        faults += [_fault(item, variables) for item in error.errors(include_url=False)]
    if faults:
        raise SettingsError(faults)
    return settings


def _read(workspace: Path) -> dict[str, Any]:
    path = workspace / FILE_NAME
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WorkspaceError(
            f"there is no {FILE_NAME} in {workspace}",
            remedy="Name the workspace with --workspace DIR, or make one: nurture init DIR",
        ) from None
    except OSError as error:
        raise WorkspaceError(f"{FILE_NAME} cannot be read: {error.strerror}", where=str(workspace)) from None
    except UnicodeDecodeError:
        raise SettingsError([Fault(message="this is not UTF-8 text", hint="save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_no_toml(str(error))]) from None


def _no_toml(said: str) -> Fault:
    """tomllib gives the place within its words only."""
    place = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", said, re.DOTALL)
    words, line, column = place.groups() if place else (said, 0, 0)
    message = f"this is not TOML: {words[:1].lower()}{words[1:]}"
    hint = 'a setting is written as name = "value"'
    return Fault(message=message, hint=hint, line=int(line), column=int(column))


def _read_secret(workspace: Path) -> str:
    path = workspace / SECRET_FILE
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not text"
        raise WorkspaceError(
            f"{SECRET_FILE} cannot be read: {said}",
            where=str(workspace),
            remedy="Bring the file back: with another one, links in messages that were sent stop working.",
        ) from None


def _variable(dotted: str) -> str:
    return "NURTURE_" + dotted.upper().replace(".", "_")


def _get(raw: Mapping[str, Any], dotted: str) -> Any:
    value: Any = raw
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _put(raw: dict[str, Any], name: str, value: str) -> tuple[str, ...]:
    """NURTURE_WEB_PUBLIC_URL sets web.public_url; NURTURE_DATABASE sets database. Returns the key."""
    section, _, rest = name.partition("_")
    if rest and section in _SECTIONS and isinstance(raw.setdefault(section, {}), dict):
        raw[section][rest] = value
        return section, rest
    raw[name] = value
    return (name,)


_SECTIONS: dict[str, type[_Part]] = {
    "sender": Sender,
    "relay": Relay,
    "web": Web,
    "limits": Limits,
    "notify": Notify,
}


def _fault(item: Any, variables: Mapping[tuple[str, ...], str]) -> Fault:
    key = tuple(str(part) for part in item["loc"])
    name = ".".join(key)
    match item["type"]:
        case "extra_forbidden":
            message, hint = f"{name} is not a setting", _near(key)
        case "missing":
            message, hint = f"{name} is missing", "write it below [sender]" if key[0] == "sender" else ""
        case "model_type" | "model_attributes_type":
            message, hint = f"[{name}] is a section of its own", f"write its settings below a line [{name}]"
        case "value_error":
            message, _, hint = item["msg"].removeprefix("Value error, ").partition("; ")
            message = f"{name} {message}"
        case _:
            said = item["msg"].removeprefix("Input ")
            message, hint = f"{name} cannot be {item['input']!r}", said[:1].lower() + said[1:]
    return Fault(key=key, variable=variables.get(key, ""), message=message, hint=hint)


def _near(key: tuple[str, ...]) -> str:
    model = _SECTIONS.get(key[0], Settings) if len(key) > 1 else Settings
    known = [field.alias or name for name, field in model.model_fields.items() if name != "workspace"]
    match = difflib.get_close_matches(key[-1], known, 1)
    return f'did you mean "{match[0]}"?' if match else f"there are: {', '.join(known)}"
