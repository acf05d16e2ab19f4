"""Mail comes in, for as long as the daemon runs: handed over by a mail server, or fetched from a mailbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from nurture.clock import Clock
from nurture.errors import NurtureError, ServiceError, StoreError
from nurture.incoming.heard import Heard
from nurture.incoming.mail.addressed import addresses_of, is_token_shaped, read_addressed, reply_token_of
from nurture.incoming.mail.headers import address_of
from nurture.incoming.mail.read import read_mail
from nurture.incoming.mail.structure import read_structure
from nurture.messages.tokens import Signer
from nurture.providers.imap import Account, Fate, Mailbox
from nurture.providers.lmtp import Listener
from nurture.runner.counts import Counts
from nurture.runner.hearing import Office, Taken, hear, new_kinds, note_answer
from nurture.runner.troubles import Troubles
from nurture.settings import Settings
from nurture.settings.mail_in import MailInImap
from nurture.store.engine import Store

SMTP = "smtp"
IMAP = "imap"
_TROUBLE = "mailbox"
_LONGEST_LOOK = 600.0
"""Seconds for one look into a mailbox: a server that answers a byte at a time is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What mail is taken in by."""

    store: Store
    clock: Clock
    signer: Signer
    settings: Settings
    office: Callable[[], Office]
    """Called for each mail, from any thread."""
    counts: Counts = field(default_factory=Counts)

    def accepts(self, address: str) -> bool:
        """Whether there is such an address: one of ours whose token can be read, or one that the settings name."""
        if is_token_shaped(address):
            told = read_addressed([address], self.signer)
            return bool(told.bounced or told.unsubscribed) or told.answered is not None
        plain = address.strip().lower()
        domain = self.settings.bounces.domain
        return plain in self.settings.mail_in.addresses or (bool(domain) and plain.endswith(f"@{domain}"))

    def take(self, content: bytes, envelope_to: Sequence[str]) -> list[Taken]:
        """Take in a mail that was handed over. Raises StoreError."""
        heard = read_mail(content, envelope_to, self.signer, self.clock.now())
        return self._write(SMTP, content, heard, reply_token_of(envelope_to, self.signer))

    def take_from_mailbox(self, content: bytes) -> Fate:
        """Take in a mail of a mailbox that may have others', where it is about a message of ours. Raises StoreError.

        What a person wrote stays where it is: they who look into the mailbox have it to answer.
        """
        heard = read_mail(content, (), self.signer, self.clock.now())
        head = read_structure(content).head
        answered = reply_token_of(addresses_of(head), self.signer)
        if answered is None and all(it.key is None for it in heard):
            return "not ours"
        self._write(IMAP, content, heard, answered)
        return "kept" if any(it.kind == "replied" for it in heard) else "done"

    def _write(
        self, source: str, content: bytes, heard: Sequence[Heard], answered: int | None
    ) -> list[Taken]:
        # It is kept once, with the first of what it tells.
        given = [(it, b"" if number else content) for number, it in enumerate(heard)]
        with self.store.write() as tx:
            taken = hear(tx, self.store.ids, source, given, self.office(), self.clock.now())
            if answered is not None and any(it.reason == "answer" for it in heard):
                by = address_of(read_structure(content).head.get("from"))
                note_answer(tx, answered, by, self.clock.now())
        self.counts.arrived(source, new_kinds(taken))
        return taken


class MailIn:
    """Everything by which mail comes in, until it is stopped."""

    def __init__(self, post: Post, troubles: Troubles | None = None) -> None:
        self._post = post
        self._troubles = troubles or Troubles()
        self._log = structlog.get_logger("nurture.mail_in")
        mail_in = post.settings.mail_in
        self.listener = self._listener() if mail_in.listen else None
        self._imap = mail_in.imap

    async def run(self, stop: asyncio.Event) -> None:
        """Take mail in until `stop` is set. Raises ServiceError where the port cannot be taken."""
        parts = [asyncio.create_task(self.listener.run(stop))] if self.listener else []
        if self._imap is not None:
            parts.append(asyncio.create_task(self._look_again_and_again(self._imap, stop)))
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            stop.set()
            await asyncio.gather(*parts)

    def _listener(self) -> Listener:
        mail_in = self._post.settings.mail_in
        host, port = mail_in.host_and_port
        return Listener(
            host,
            port,
            mail_in.protocol,
            accepts=self._post.accepts,
            take=self._post.take,
            most=mail_in.connections,
        )

    async def _look_again_and_again(self, imap: MailInImap, stop: asyncio.Event) -> None:
        mailbox = Mailbox(_account(imap))
        while not stop.is_set():
            more = await self._look(mailbox, stop)
            if not more and not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), imap.seconds)

    async def _look(self, mailbox: Mailbox, stop: asyncio.Event) -> bool:
        """One look. Returns whether there is more; whatever goes wrong is said, and over with the next that works."""
        now = self._post.clock.now()
        looking = asyncio.create_task(asyncio.to_thread(mailbox.look, self._post.take_from_mailbox, now))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait(
                {looking, stopping}, timeout=_LONGEST_LOOK, return_when=asyncio.FIRST_COMPLETED
            )
            if not looking.done():
                mailbox.interrupt()
            more = await looking
        except StoreError as error:
            self._troubles.say("database", error, "waiting for it", by=_TROUBLE)
            return False
        except NurtureError as error:
            if not stop.is_set():
                self._troubles.say(_TROUBLE, error, "looking again", by=_TROUBLE)
            return False
        except Exception as error:
            # Whatever somebody's mail or server brings about: it must not end the daemon.
            self._log.exception("looking into the mailbox failed as it should not")
            self._troubles.say(_TROUBLE, ServiceError(f"it failed: {type(error).__name__}"), "looking again")
            return False
        finally:
            stopping.cancel()
        self._troubles.over("database", by=_TROUBLE)
        self._troubles.over(_TROUBLE, by=_TROUBLE)
        return more


def _account(imap: MailInImap) -> Account:
    return Account(
        host=imap.host,
        port=imap.at_port,
        security=imap.security,
        user=imap.user,
        password=imap.password,
        folder=imap.folder,
        done=imap.done,
        ca_file=imap.ca_file,
    )
