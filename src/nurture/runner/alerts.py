"""Telling a person that mail had to stop somewhere, or that webhooks fail, in the way that `[alerts]` says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from zlib import crc32

import structlog

from nurture.clock import HOUR, Clock, Moment, format_iso, to_datetime
from nurture.delivery.outcome import Accepted, MessageKey, Outcome
from nurture.errors import NurtureError
from nurture.messages.headers import read_mailbox
from nurture.messages.webhook import signed
from nurture.providers.base import Call, Caller, Letter, Provider
from nurture.runner.counts import Counts
from nurture.settings import Settings

TRIES = (0.0, 60.0, 600.0)
"""Seconds before each try to tell."""
ONCE_IN = HOUR
"""Of one destination is told once in so long."""

_SUBJECT = "nurture holds back mail to {}"
_TEXT = """\
Mail to {whom} is held back since {since}, because this was answered:

    {reply}

What waits, and until when:  nurture queue
What may be wrong:           nurture doctor
To let it go on:             nurture queue --resume "{key}"
"""
_WEBHOOKS_SUBJECT = "nurture cannot tell {} what happens"
_WEBHOOKS_TEXT = """\
The webhooks to {whom} have failed for some time. The last answer was:

    {reply}

What happens is kept for 30 days, and tried from time to time.

How it stands:               nurture webhooks
To try it now:               nurture webhooks test {whom}
To let all go again at once: nurture webhooks retry {whom}
"""
_NO_KEY = MessageKey(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alert:
    """What is told, by mail or as a webhook."""

    id: str
    """The same for each try."""
    at: Moment
    subject: str
    text: str
    told: Mapping[str, str]


class Alerts:
    """All of it is called on the event loop. What cannot be told is in the log, where everything is."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        secrets: Sequence[str],
        mail: Callable[[], Provider],
        hooks: Callable[[], Caller],
        counts: Counts | None = None,
        tries: Sequence[float] = TRIES,
    ) -> None:
        """`secrets`: what webhooks are signed with."""
        self._tries = tries
        self._secrets = secrets
        self._settings = settings
        self._clock = clock
        self._mail = mail
        self._hooks = hooks
        self._counts = counts or Counts()
        self._told_at: dict[str, Moment] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("nurture.alerts")

    def tell(self, key: str, reply: str) -> None:
        """Mail to the destination `key` is held back because of `reply`."""
        now = self._clock.now()
        self._log.error("mail to a destination is held back", destination=key or "others", reply=reply)
        said = {"type": "destination.held_back", "destination": key, "reply": reply, "at": format_iso(now)}
        text = _TEXT.format(whom=_whom(key), since=format_iso(now), reply=reply, key=key)
        # Shortened, since a key may hold what cannot stand in a header.
        name = f"held-back.{now}.{crc32(key.encode())}"
        self._begin(key, _Alert(id=name, at=now, subject=_SUBJECT.format(_whom(key)), text=text, told=said))

    def tell_of_subscriber(self, name: str, reply: str) -> None:
        """The subscriber `name` has failed for long, with `reply` in the end."""
        now = self._clock.now()
        self._log.error("a subscriber does not take its webhooks", subscriber=name, reply=reply)
        said = {"type": "webhooks.failing", "subscriber": name, "reply": reply, "at": format_iso(now)}
        text = _WEBHOOKS_TEXT.format(whom=name, reply=reply)
        subject = _WEBHOOKS_SUBJECT.format(name)
        self._begin(
            f"webhooks {name}",
            _Alert(id=f"webhooks.{now}.{name}", at=now, subject=subject, text=text, told=said),
        )

    def _begin(self, key: str, alert: _Alert) -> None:
        self._counts.alerted(told=False)
        if not self._settings.alerts.notify or alert.at - self._told_at.get(key, -ONCE_IN) < ONCE_IN:
            return
        self._told_at[key] = alert.at
        task = asyncio.get_running_loop().create_task(self._try(alert))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, alert: _Alert) -> None:
        for pause in self._tries:
            await asyncio.sleep(pause)
            try:
                outcome = await self._tell(alert)
            except NurtureError as error:
                self._log.warning("nobody could be told", error=str(error))
                continue
            if isinstance(outcome, Accepted):
                self._counts.alerted(told=True)
                return
            self._log.warning("nobody could be told", error=str(outcome))

    async def _tell(self, alert: _Alert) -> Outcome:
        if self._settings.alerts.is_url:
            hooks = self._hooks()
            try:
                return await hooks.call(self._call(alert))
            finally:
                await hooks.close()
        mail = self._mail()
        try:
            return await mail.post(self._letter(alert))
        finally:
            await mail.close()

    def _letter(self, alert: _Alert) -> Letter:
        sender, to = self._settings.sender.from_, self._settings.alerts.notify
        address = read_mailbox(sender)[1]
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = sender, to
        mail["Subject"] = alert.subject
        mail["Date"] = to_datetime(alert.at)
        mail["Message-ID"] = f"<{alert.id}@{address.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(alert.text)
        return Letter(key=_NO_KEY, sender=address, recipient=to, content=bytes(mail))

    def _call(self, alert: _Alert) -> Call:
        body = json.dumps(alert.told).encode()
        headers = {"Content-Type": "application/json", **signed(self._secrets, alert.id, alert.at, body)}
        return Call(key=_NO_KEY, url=self._settings.alerts.notify, headers=headers, content=body)


def _whom(key: str) -> str:
    return key.lstrip("/") or "all destinations without a name"
