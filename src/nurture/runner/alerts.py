"""Telling a person that mail had to stop somewhere: by mail or by a webhook, as `[alerts]` says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
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
_NO_KEY = MessageKey(0, 0)


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
        self._counts.alerted(told=False)
        self._log.error("mail to a destination is held back", destination=key or "others", reply=reply)
        if not self._settings.alerts.notify or now - self._told_at.get(key, -ONCE_IN) < ONCE_IN:
            return
        self._told_at[key] = now
        task = asyncio.get_running_loop().create_task(self._try(key, reply, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, key: str, reply: str, now: Moment) -> None:
        for pause in self._tries:
            await asyncio.sleep(pause)
            try:
                outcome = await self._tell(key, reply, now)
            except NurtureError as error:
                self._log.warning("nobody could be told", error=str(error))
                continue
            if isinstance(outcome, Accepted):
                self._counts.alerted(told=True)
                return
            self._log.warning("nobody could be told", error=str(outcome))

    async def _tell(self, key: str, reply: str, now: Moment) -> Outcome:
        if self._settings.alerts.is_url:
            hooks = self._hooks()
            try:
                return await hooks.call(self._call(key, reply, now))
            finally:
                await hooks.close()
        mail = self._mail()
        try:
            return await mail.post(self._letter(key, reply, now))
        finally:
            await mail.close()

    def _letter(self, key: str, reply: str, now: Moment) -> Letter:
        sender, to = self._settings.sender.from_, self._settings.alerts.notify
        address = read_mailbox(sender)[1]
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = sender, to
        mail["Subject"] = _SUBJECT.format(_whom(key))
        mail["Date"] = to_datetime(now)
        # The same for each try.
        mail["Message-ID"] = f"<held-back.{now}.{crc32(key.encode())}@{address.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_TEXT.format(whom=_whom(key), since=format_iso(now), reply=reply, key=key))
        return Letter(key=_NO_KEY, sender=address, recipient=to, content=bytes(mail))

    def _call(self, key: str, reply: str, now: Moment) -> Call:
        name = f"held_back_{key or 'others'}_{now}"
        told = {"type": "destination.held_back", "destination": key, "reply": reply, "at": format_iso(now)}
        body = json.dumps(told).encode()
        headers = {"Content-Type": "application/json", **signed(self._secrets, name, now, body)}
        return Call(key=_NO_KEY, url=self._settings.alerts.notify, headers=headers, content=body)


def _whom(key: str) -> str:
    return key.lstrip("/") or "all destinations without a name"
