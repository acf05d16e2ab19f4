"""All settings of a workspace as one frozen value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationInfo, field_validator

from nurture.settings.api import Api
from nurture.settings.attribution import Attribution
from nurture.settings.brand import Brand
from nurture.settings.check import Check
from nurture.settings.destinations import Alerts, Destinations, Rates, WarmUp
from nurture.settings.direct import Direct
from nurture.settings.forms import Forms
from nurture.settings.links import Links
from nurture.settings.mail_in import MailIn
from nurture.settings.parts import Limits, Notify, Part, Sender, Topic, Web
from nurture.settings.relays import DELIVER, Relay, Relays
from nurture.settings.replies import Replies
from nurture.settings.shops import Shops
from nurture.settings.signing import Bounces, Dkim
from nurture.settings.sources import Sources
from nurture.settings.webhooks import Subscribers

_SQLITE = "sqlite:///"

_WEBHOOK_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]{32,86}={0,2})")
"""At least 24 bytes, as Standard Webhooks asks."""

PROVIDERS = ("smtp", "inbox")
"""How mail can leave."""


class Settings(Part):
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
    relays: Relays = Field(default=(Relay(),), alias="relay")
    """[relay], or each [[relay]]."""
    deliver: DELIVER = "relay"
    """With provider = "smtp": through the relays, or straight to the servers of each recipient."""
    web: Web = Web()
    limits: Limits = Limits()
    notify: Notify = Notify()
    webhooks: Subscribers = ()
    """Each [[webhooks]]."""
    mx: Direct = Direct()
    dkim: Dkim = Dkim()
    bounces: Bounces = Bounces()
    mail_in: MailIn = MailIn()
    destinations: Destinations = Field(default_factory=dict)
    """By the name of a provider, `default`, or a lane without a provider: /mx1.shop.example."""
    rates: Rates = Field(default_factory=dict)
    """By the key of a campaign: at most so much of it, to all destinations together."""
    warm_up: WarmUp | None = None
    alerts: Alerts = Alerts()
    attribution: Attribution = Attribution()
    brand: Brand = Brand()
    links: Links = Links()
    api: Api = Api()
    check: Check = Check()
    replies: Replies = Replies()
    topics: Mapping[str, Topic] = Field(default_factory=dict)
    sources: Sources = Sources()
    """Mail providers and shops that may tell us something at /in/NAME."""
    shops: Shops = Field(default_factory=dict)
    """By the name that `nurture codes push` is given."""
    forms: Forms = Field(default_factory=dict)
    """By which people sign up, by the name in their address."""

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

    @field_validator("sources")
    @classmethod
    def _consent_to_known_topics(cls, value: Sources, info: ValidationInfo) -> Sources:
        known = info.data.get("topics", {})
        for topic in (*value.shopify.consent, *value.stripe.consent):
            if topic not in known:
                hint = f"there are: {', '.join(known)}" if known else "there are none: see [topics]"
                raise ValueError(f"cannot name the topic {topic!r} under consent; {hint}")
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
    def relay(self) -> Relay:
        """The first of the relays; where there is one, the only one."""
        return self.relays[0]

    def reads_mailbox_of(self, address: str) -> bool:
        """Whether it is the mailbox of this address that we poll: what comes there lies before people already."""
        imap = self.mail_in.imap
        return imap is not None and address.lower() in (imap.user.lower(), *self.mail_in.addresses)

    @property
    def mail_is_read(self) -> bool:
        """Whether mail to addresses of ours at `[bounces] domain` is read, so that it may be asked for."""
        return bool(self.bounces.domain) and self.mail_in.is_set_up

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
