"""nurture.toml and the NURTURE_ variables, read once into frozen values."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from nurture.errors import SettingsError, WorkspaceError

FILE_NAME = "nurture.toml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Sender(_Part):
    """Who the mail is from."""

    from_: str = Field(alias="from")
    reply_to: str = ""
    address: str
    """The postal address that the law asks for, on one line."""


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
            raise ValueError("must start with https:// (or http:// while trying things out)")
        return value.rstrip("/")

    @property
    def host_and_port(self) -> tuple[str, int]:
        """`listen`, taken apart."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(port)

    @field_validator("listen")
    @classmethod
    def _with_port(cls, value: str) -> str:
        if not value.rpartition(":")[2].isdigit():
            raise ValueError("must be HOST:PORT, such as 127.0.0.1:8025")
        return value


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
    sender: Sender
    relay: Relay = Relay()
    web: Web = Web()
    topics: Mapping[str, Topic] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"there is no time zone {value!r}; write it as Europe/Berlin") from None
        return value

    @field_validator("topics", mode="before")
    @classmethod
    def _short_topics(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: {"says": it} if isinstance(it, str) else it for key, it in value.items()}

    @model_validator(mode="after")
    def _known_provider(self) -> Settings:
        if self.provider not in ("smtp", "inbox"):
            raise ValueError('provider must be "smtp" or "inbox"')
        return self

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
        prefix = "sqlite:///"
        if self.database.startswith(prefix) and not self.database.startswith("sqlite:////"):
            return prefix + str((self.workspace / self.database[len(prefix) :]).resolve())
        return self.database


SECRETS = ("relay.password", "secret")
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
    """Read `workspace`/nurture.toml and the NURTURE_ variables. Raises SettingsError naming file and key."""
    environ = os.environ if environ is None else environ
    path = workspace / FILE_NAME
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WorkspaceError(f"there is no {FILE_NAME} in {workspace}", remedy="nurture init DIR") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"this is not TOML: {error}", where=FILE_NAME) from None
    for dotted in SECRETS:
        if _get(raw, dotted) is not None:
            variable = "NURTURE_" + dotted.upper().replace(".", "_")
            raise SettingsError(
                f"{dotted} is a secret and does not belong into a file",
                where=FILE_NAME,
                remedy=f"Take it out and set {variable} in the environment.",
            )
    for name, value in environ.items():
        if name.startswith("NURTURE_"):
            _put(raw, name.removeprefix("NURTURE_").lower(), value)
    secret_file = workspace / "secret.key"
    if "secret" not in raw and secret_file.is_file():
        raw["secret"] = secret_file.read_text(encoding="ascii").strip()
    try:
        return Settings(workspace=workspace.resolve(), **raw)
    except ValidationError as error:
        raise SettingsError(_describe(error), where=FILE_NAME) from None


def _get(raw: Mapping[str, Any], dotted: str) -> Any:
    value: Any = raw
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _put(raw: dict[str, Any], name: str, value: str) -> None:
    """NURTURE_WEB_PUBLIC_URL sets web.public_url; NURTURE_DATABASE sets database."""
    section, _, rest = name.partition("_")
    if rest and section in ("sender", "relay", "web"):
        raw.setdefault(section, {})[rest] = value
    else:
        raw[name] = value


_SECTIONS: dict[str, type[_Part]] = {"sender": Sender, "relay": Relay, "web": Web}


def _describe(error: ValidationError) -> str:
    lines = []
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            lines.append(f"{key} is not a setting{_near(item['loc'])}")
        elif item["type"] == "missing":
            lines.append(f"{key} is missing")
        else:
            message = item["msg"].removeprefix("Value error, ")
            lines.append(f"{key}: {message}" if key else message)
    return "\n  ".join(lines)


def _near(loc: tuple[int | str, ...]) -> str:
    model = _SECTIONS.get(str(loc[0]), Settings) if len(loc) > 1 else Settings
    known = [field.alias or name for name, field in model.model_fields.items() if name != "workspace"]
    match = difflib.get_close_matches(str(loc[-1]), known, 1)
    return f'; did you mean "{match[0]}"?' if match else ""
