"""A mailbox that is looked into by IMAP (RFC 3501), and of which only what is ours is touched."""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError
from imap_tools.imap_utf7 import utf7_encode

from nurture.clock import Moment, to_datetime
from nurture.errors import ServiceError
from nurture.providers.lmtp import LARGEST
from nurture.providers.trust import trusting

AT_ONCE = 200
"""Mails in one round."""
_DAYS = 30
"""Older mail is not looked at."""
_SEEN = "seen"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIZE = re.compile(rb"UID (\d+)[^)]*?RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+)[^)]*?UID (\d+)")

Fate: TypeAlias = Literal["done", "kept", "not ours"]
"""done: it was taken in and goes away. kept: it was taken in, and stays for people to read. not ours: it is left
alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Which mailbox, and how to get in."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str
    password: str
    folder: str = "INBOX"
    done: str = "nurture/done"
    """Where what was taken in goes; `seen`: it stays, marked as read."""
    ca_file: str = ""

    @property
    def where(self) -> str:
        """For a person to read."""
        return f"{self.user} at {self.host}:{self.port}"


class Mailbox:
    """One mailbox, looked into again and again. Remembers which mails it has looked at, for as long as it lives."""

    def __init__(self, account: Account, *, seconds: float = 30.0) -> None:
        """`seconds`: how long the server may be silent."""
        self._account = account
        self._seconds = seconds
        self._validity = ""
        self._looked_up_to = 0
        self._lock = threading.Lock()
        self._open: socket.socket | None = None
        self._is_interrupted = False

    def look(self, take: Callable[[bytes], Fate], now: Moment) -> bool:
        """Show `take` each mail that was not looked at yet, oldest first, and put away what it took in.

        Returns whether there is more. Raises ServiceError where the server does not do as it should, and whatever
        `take` raises; what was taken before that is put away all the same. Blocks: to be called in a thread.
        """
        self._is_interrupted = False
        try:
            with self._connected() as box:
                return self._look(box, take, now)
        except (OSError, ssl.SSLError, imaplib.IMAP4.error, ImapToolsError, ValueError, LookupError) as error:
            raise self._trouble(error) from None

    def interrupt(self) -> None:
        """End the look that is under way, from another thread: it raises ServiceError."""
        with self._lock:
            self._is_interrupted = True
            if self._open is not None:
                with contextlib.suppress(OSError):
                    self._open.shutdown(socket.SHUT_RDWR)

    def _look(self, box: BaseMailBox, take: Callable[[bytes], Fate], now: Moment) -> bool:
        self._select(box)
        uids = self._new(box, now)
        some = uids[:AT_ONCE]
        done: list[int] = []
        try:
            for uid in self._not_too_large(box, some):
                content = _content(_ok(box.client.uid("FETCH", str(uid), "(BODY.PEEK[])")))
                if content is not None and take(content) == "done":
                    done.append(uid)
                self._looked_up_to = uid
            if some:
                self._looked_up_to = some[-1]
        finally:
            if done:
                self._put_away(box, done)
        return len(uids) > len(some)

    def _select(self, box: BaseMailBox) -> None:
        box.folder.set(self._account.folder)
        told = box.client.response("UIDVALIDITY")[1]
        validity = repr(told[0] if told else None)
        if validity != self._validity:
            # All numbers mean other mails now (RFC 3501 section 2.3.1.1).
            self._validity, self._looked_up_to = validity, 0

    def _new(self, box: BaseMailBox, now: Moment) -> list[int]:
        """The numbers of the mails that are to be looked at, in order."""
        day = to_datetime(now) - timedelta(days=_DAYS)
        since = f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year}"
        unread = " UNSEEN" if self._account.done == _SEEN else ""
        sought = f"UID {self._looked_up_to + 1}:* SINCE {since} UNDELETED{unread}"
        found = (int(it) for it in box.uids(sought, charset=None) if it.isdigit())
        # "n:*" always names the last mail, whatever n is.
        return sorted(it for it in found if it > self._looked_up_to)

    def _not_too_large(self, box: BaseMailBox, uids: Sequence[int]) -> list[int]:
        if not uids:
            return []
        told = _ok(box.client.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)"))
        lines = b" ".join(it if isinstance(it, bytes) else it[0] for it in told if it)
        sizes = {int(it[1] or it[4]): int(it[2] or it[3]) for it in _SIZE.finditer(lines)}
        return [it for it in uids if 0 < sizes.get(it, 0) <= LARGEST]

    def _put_away(self, box: BaseMailBox, uids: Sequence[int]) -> None:
        """Only these: the library's own ways also sweep out what others have marked as deleted."""
        client, several = box.client, ",".join(map(str, uids))
        if self._account.done == _SEEN:
            _ok(client.uid("STORE", several, "+FLAGS.SILENT", "(\\Seen)"))
            return
        folder = _quoted(self._done_folder(box))
        # What it said before the login was not all.
        able = b" ".join(it for it in _ok(client.capability()) if it).upper().split()
        if b"MOVE" in able:
            _ok(client.uid("MOVE", several, folder))
            return
        _ok(client.uid("COPY", several, folder))
        _ok(client.uid("STORE", several, "+FLAGS.SILENT", "(\\Deleted)"))
        if b"UIDPLUS" in able:
            _ok(client.uid("EXPUNGE", several))

    def _done_folder(self, box: BaseMailBox) -> str:
        """The folder for what was taken in, made where there is none yet."""
        between = next((it.delim for it in box.folder.list() if it.delim), "/")
        name = self._account.done.replace("/", between)
        if not box.folder.exists(name):
            box.folder.create(name)
        return name

    @contextlib.contextmanager
    def _connected(self) -> Iterator[BaseMailBox]:
        box = self._connect()
        with self._lock:
            self._open = box.client.sock
            interrupted = self._is_interrupted
        try:
            if interrupted:
                raise OSError("it was interrupted")
            if self._account.security == "starttls":
                _ok(box.client.starttls(trusting(self._account.ca_file)))
                with self._lock:
                    self._open = box.client.sock
            self._log_in(box)
            yield box
            with contextlib.suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                box.logout()
        finally:
            with self._lock:
                self._open = None
            with contextlib.suppress(OSError):
                box.client.shutdown()

    def _connect(self) -> BaseMailBox:
        it = self._account
        if it.security == "tls":
            return MailBox(it.host, it.port, timeout=self._seconds, ssl_context=trusting(it.ca_file))
        return MailBoxUnencrypted(it.host, it.port, timeout=self._seconds)

    def _log_in(self, box: BaseMailBox) -> None:
        it = self._account
        enter = box.login if f"{it.user}{it.password}".isascii() else box.login_utf8
        try:
            enter(it.user, it.password, initial_folder=None)
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            if isinstance(error, imaplib.IMAP4.abort):
                raise
            raise ServiceError(
                "the mailbox does not let us in",
                where=it.where,
                remedy="Look at [mail_in.imap] user and NURTURE_MAIL_IN_IMAP_PASSWORD.",
            ) from None

    def _trouble(self, error: Exception) -> ServiceError:
        said = str(getattr(error, "strerror", "") or error)[:200] or type(error).__name__
        return ServiceError(
            f"the mailbox cannot be looked into: {said}",
            where=self._account.where,
            remedy="Look at [mail_in.imap] in nurture.toml; what comes there meanwhile is read later.",
        )


def _ok(answer: tuple[Any, Any]) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"it says {kind}: {str(data)[:150]}")
    return list(data or [])


def _content(data: Sequence[Any]) -> bytes | None:
    """The mail in the answer to a FETCH; None: it is gone."""
    found = next((it[1] for it in data if isinstance(it, tuple) and len(it) > 1), None)
    return found if isinstance(found, bytes) else None


def _quoted(folder: str) -> str:
    name = utf7_encode(folder).decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}"'
