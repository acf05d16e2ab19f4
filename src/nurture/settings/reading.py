"""nurture.toml and the NURTURE_ variables, read."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nurture.errors import Fault, SettingsError, WorkspaceError
from nurture.settings.parts import Limits, Notify, Part, Relay, Sender, Web
from nurture.settings.whole import Settings

FILE_NAME = "nurture.toml"

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


_SECTIONS: dict[str, type[Part]] = {
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
