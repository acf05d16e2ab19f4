"""[[webhooks]]: whose systems are told what happens, and of what."""

from __future__ import annotations

import difflib
import re
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from nurture.settings.parts import Part

Kind: TypeAlias = Literal[
    "enrolled", "sent", "bounced", "clicked", "answered", "unsubscribed", "goal-reached", "stage-changed"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What subscribers can be told of."""

OF_CAMPAIGNS: frozenset[Kind] = frozenset(
    {"enrolled", "sent", "bounced", "clicked", "answered", "goal-reached"}
)
"""What belongs to a campaign, so that `campaigns` narrows it; the rest belongs to the contact alone."""

ALL = "all"

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]{32,86}={0,2})")
"""At least 24 bytes, as Standard Webhooks asks."""


class Subscriber(Part):
    """A system that is told what happens, each time it does."""

    name: str
    """What it is called in commands, logs and the variable of its secret."""
    url: str
    """An https address."""
    events: tuple[Kind, ...]
    """What it is told of."""
    campaigns: tuple[str, ...] = ()
    """Patterns of campaigns' keys, such as `win-back-*`; none: all."""
    secret: str = Field(default="", repr=False)
    """Signs what it is told, instead of the workspace's. Only from the environment, never from the file."""

    @field_validator("name")
    @classmethod
    def _a_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError(
                f"cannot be {value[:40]!r}; write small letters, digits and dashes, at most 40 of them"
            )
        return value

    @field_validator("url")
    @classmethod
    def _private(cls, value: str) -> str:
        if not re.match(r"https://[^\s/]", value, re.IGNORECASE):
            raise ValueError(f'cannot be {value[:80]!r}; write an address that begins with "https://"')
        return value

    @field_validator("events", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        several = [it.strip() for it in value.split(",")] if isinstance(value, str) else value
        if not isinstance(several, list | tuple) or not several:
            raise ValueError(f'cannot be {value!r}; write a list, such as ["sent", "bounced"], or "{ALL}"')
        if ALL in several:
            return KINDS
        for event in several:
            if event not in KINDS:
                raise ValueError(f"cannot hold {event!r}; {_near(str(event))}")
        return several

    @field_validator("campaigns", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("secret")
    @classmethod
    def _secrets(cls, value: str) -> str:
        for secret in value.split(",") if value else ():
            key = _SECRET.fullmatch(secret.strip())
            if key is None or len(key[1]) % 4:
                raise ValueError("cannot be used; make one: echo whsec_$(openssl rand -base64 32)")
        return value

    @property
    def variable(self) -> str:
        """The variable that holds its secret."""
        return f"NURTURE_WEBHOOKS_{_in_capitals(self.name)}_SECRET"

    def wants(self, campaign: str) -> bool:
        """Whether it is told of what happens in the campaign of that key; "" is what belongs to none."""
        return not self.campaigns or (
            campaign != "" and any(fnmatchcase(campaign, it) for it in self.campaigns)
        )


def _near(event: str) -> str:
    near = difflib.get_close_matches(event.lower().replace("_", "-"), KINDS, 1)
    return f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(KINDS)}"


def _several(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError("is a list of sections; write each below a line [[webhooks]]")
    return value


def _distinct(value: tuple[Subscriber, ...]) -> tuple[Subscriber, ...]:
    names = [it.name for it in value]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise ValueError(f"has two called {twice!r}; give each [[webhooks]] a name of its own")
    return value


Subscribers = Annotated[tuple[Subscriber, ...], BeforeValidator(_several), AfterValidator(_distinct)]


def set_in_webhooks(sections: Any, name: str, value: str) -> tuple[str, ...] | None:
    """Set in `sections`, as they were read, what NURTURE_WEBHOOKS_… says; None: there is no such subscriber.

    `name` is the rest of the variable in small letters: the name of a subscriber and a key. Returns the key set.
    """
    several = sections if isinstance(sections, list) else []
    prefixes = {
        f"{_in_capitals(str(it.get('name', '')))}_".lower(): number
        for number, it in enumerate(several)
        if isinstance(it, dict)
    }
    # Of `crm` and `crm-2` the longer one: CRM_2_SECRET is none of the shorter's.
    fitting = [it for it in prefixes if len(it) > 1 and name.startswith(it) and name != it]
    if not fitting:
        return None
    prefix = max(fitting, key=len)
    key = name.removeprefix(prefix)
    several[prefixes[prefix]][key] = value
    return ("webhooks", str(prefixes[prefix]), key)


def _in_capitals(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
