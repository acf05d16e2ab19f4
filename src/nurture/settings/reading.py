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
from nurture.settings.api import Api
from nurture.settings.attribution import Attribution
from nurture.settings.brand import Brand
from nurture.settings.destinations import Alerts, Destination, WarmUp
from nurture.settings.direct import Direct
from nurture.settings.forms import Form
from nurture.settings.links import Links
from nurture.settings.mail_in import MailIn, set_in_mail_in
from nurture.settings.parts import Limits, Notify, Part, Sender, Web
from nurture.settings.relays import Relay, set_in_relays
from nurture.settings.shops import ShopAccess, secrets_in, set_in_shops
from nurture.settings.shops import variable as variable_of_shop
from nurture.settings.signing import Bounces, Dkim
from nurture.settings.sources import SOURCES, WITH_SECRET, Sources, set_in_sources
from nurture.settings.webhooks import Subscriber, set_in_webhooks
from nurture.settings.whole import Settings

FILE_NAME = "nurture.toml"

SECRET_FILE = "secret.key"

SECRETS = (
    *("relay.password", "dkim.key", "secret", "webhook_secret", "webhooks.secret"),
    "mail_in.imap.password",
    *(f"sources.{name}.secret" for name in WITH_SECRET),
)
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
    faults += [
        Fault(
            key=key,
            message=f"{'.'.join(key)} does not belong into a file: it is a secret",
            hint=f"take it out and set {variable_of_shop(*key[1:])} in the environment",
        )
        for key in secrets_in(raw.get("shops"))
    ]
    variables = {}
    # The password of one relay comes before that of all: names that are longer go first.
    for name, value in sorted(environ.items(), key=lambda it: -len(it[0])):
        if name.startswith("NURTURE_"):
            variables[_put(raw, name.removeprefix("NURTURE_").lower(), value)] = name
    if raw.pop("relays", None) is not None:
        faults.append(Fault(key=("relays",), message="relays is not a setting", hint='did you mean "relay"?'))
    if "secret" not in raw:
        raw["secret"] = _read_secret(workspace)
    try:
        settings = Settings(workspace=workspace.resolve(), **raw)
    except ValidationError as error:
        several = isinstance(raw.get("relay"), list)
        faults += [_fault(item, variables, several) for item in error.errors(include_url=False)]
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
    if dotted == "webhooks.secret":
        return "NURTURE_WEBHOOKS_NAME_SECRET, with the NAME of the section,"
    return "NURTURE_" + dotted.upper().replace(".", "_")


def _get(raw: Mapping[str, Any], dotted: str) -> Any:
    value: Any = raw
    for part in dotted.split("."):
        several = value if isinstance(value, list) else [value]
        found = [it[part] for it in several if isinstance(it, dict) and part in it]
        value = found[0] if found else None
    return value


def _put(raw: dict[str, Any], name: str, value: str) -> tuple[str, ...]:
    """NURTURE_WEB_PUBLIC_URL sets web.public_url; NURTURE_DATABASE sets database. Returns the key."""
    if name.startswith("webhooks_") and (
        key := set_in_webhooks(raw.get("webhooks"), name.removeprefix("webhooks_"), value)
    ):
        return key
    if name.startswith("sources_") and (
        key := set_in_sources(raw.setdefault("sources", {}), name.removeprefix("sources_"), value)
    ):
        return key
    if name.startswith("shops_") and (
        key := set_in_shops(raw.get("shops"), name.removeprefix("shops_"), value)
    ):
        return key
    if name.startswith("mail_in_") and (
        key := set_in_mail_in(raw.setdefault("mail_in", {}), name.removeprefix("mail_in_"), value)
    ):
        return key
    section = next((it for it in _SECTIONS if name.startswith(f"{it}_")), "")
    rest = name.removeprefix(f"{section}_")
    if section == "relay" and (key := set_in_relays(raw.setdefault(section, {}), rest, value)):
        return key
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
    "mx": Direct,
    "dkim": Dkim,
    "bounces": Bounces,
    "mail_in": MailIn,
    "destinations": Destination,
    "warm_up": WarmUp,
    "alerts": Alerts,
    "attribution": Attribution,
    "brand": Brand,
    "links": Links,
    "api": Api,
    "forms": Form,
    "sources": Sources,
    "shops": ShopAccess,
}


def _fault(item: Any, variables: Mapping[tuple[str, ...], str], several_relays: bool) -> Fault:
    # The sections below [dkim] are gathered in `domains`, which nobody wrote.
    key = tuple(str(part) for part in item["loc"] if (item["loc"][0], part) != ("dkim", "domains"))
    name = ".".join(key)
    if key[0] == "relay" and len(key) > 2:
        name = f"relay.{key[2]}"
        if several_relays:
            name += f" of [[relay]] number {int(key[1]) + 1}"
        else:
            # Nobody wrote a number.
            key = ("relay", key[2])
    if key[0] == "webhooks" and len(key) > 2:
        name = f"{key[2]} of [[webhooks]] number {int(key[1]) + 1}"
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
    known_as: Mapping[str, type[Part]] = {**_SECTIONS, "webhooks": Subscriber}
    model = known_as.get(key[0], Settings) if len(key) > 1 else Settings
    if key[0] == "sources" and len(key) > 2 and key[1] in SOURCES:
        model = type(getattr(Sources(), key[1]))
    known = [field.alias or name for name, field in model.model_fields.items() if name != "workspace"]
    match = difflib.get_close_matches(key[-1], known, 1)
    return f'did you mean "{match[0]}"?' if match else f"there are: {', '.join(known)}"
