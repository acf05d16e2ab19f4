"""A shop that runs for real, `nurture run` in a process of its own, as its customers and their servers meet it.

Mail leaves to a mail server here, which keeps it; mail comes in by LMTP, all else by HTTP; the shop's own system is
told over TLS. Everything that is known of the shop is read out of its mails and by its commands.
"""

from __future__ import annotations

import email.policy
import json
import re
import signal
import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from anyio.from_thread import start_blocking_portal

from support.cli import Nurture
from support.hook_server import HookServer, certificate
from support.nurture_command import COMMAND, environment
from support.ports import free_port

BROWSER = {
    "x-forwarded-for": "192.0.2.7",
    "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
    "accept-language": "en-US,en;q=0.5",
    "referer": "https://mail.google.com/",
}
GOOGLE = {
    "x-forwarded-for": "66.249.84.1",
    "user-agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
}
CURL = {"x-forwarded-for": "192.0.2.99", "user-agent": "curl/8.0"}


def until(holds: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """Wait for it; returns what it gives."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"it did not come about: {what}"
        time.sleep(0.05)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail that the shop sent."""

    sender: str
    """Of the envelope."""
    to: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["subject"])

    @property
    def text(self) -> str:
        """Its HTML."""
        part = self.message.get_body(("html", "plain"))
        assert part is not None
        return unescape(str(part.get_content()))

    @property
    def head(self) -> str:
        """Its header, as it comes back with a bounce."""
        return (
            bytes(self.message).decode("ascii", "replace").partition("\n\n")[0].replace("\r\n", "\n") + "\n"
        )

    def link(self, kind: str, words: str = "") -> str:
        """The path of the first link of that kind, such as `c` or `k`, that begins with these words."""
        end = f'"[^>]*>{words}' if words else ""
        found = re.search(rf"(/{kind}/[\w-]{{20,}}){end}", self.text)
        assert found, self.text
        return found[1]

    def unsubscribing(self, scheme: str) -> str:
        """The address in List-Unsubscribe under https or mailto."""
        found = re.search(rf"<{scheme}:([^>]*)>", str(self.message["list-unsubscribe"]))
        assert found
        return found[1]


@dataclass(slots=True)
class Relay:
    """Takes all mail."""

    mails: list[Mail] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = bytes(envelope.content or b"")
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        for to in envelope.rcpt_tos:
            self.mails.append(Mail(sender=envelope.mail_from or "", to=to, message=message))
        return "250 2.0.0 taken"

    def to(self, address: str) -> list[Mail]:
        return [it for it in list(self.mails) if it.to == address]

    def awaited(self, address: str, subject: str) -> Mail:
        """The mail to an address whose subject has these words, once it is there."""
        found: Mail = until(
            lambda: next((it for it in self.to(address) if subject in it.subject), None),
            f"a mail to {address} about {subject!r}, of {[it.subject for it in self.mails]}",
        )
        return found


@dataclass(kw_only=True)
class Live:
    """The shop while it runs."""

    nurture: Nurture
    """Its commands."""
    relay: Relay
    hooks: HookServer
    http: httpx.Client
    lmtp: int
    """The port."""
    process: subprocess.Popen[str]
    log: Path
    key: str
    """To the API, for all that a shop's system may do."""

    def api(self, path: str, *rows: dict[str, Any]) -> dict[str, Any]:
        """What a POST to the API is answered with: one row as JSON, several as a batch."""
        one = len(rows) == 1
        headers = {
            "authorization": f"Bearer {self.key}",
            "content-type": "application/json" if one else "application/x-ndjson",
        }
        body = "\n".join(json.dumps(it) for it in rows)
        answer = self.http.post(f"/api/v1{path}", content=body, headers=headers)
        assert answer.status_code < 300, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def hand_over(self, mail: str, to: str, sender: str = "") -> None:
        """Bring a mail to the shop, as its mail server does."""
        with smtplib.LMTP("127.0.0.1", self.lmtp, local_hostname="mx.example.test", timeout=20) as server:
            refused = server.sendmail(sender, [to], mail.replace("\n", "\r\n").encode())
        assert refused == {}

    def told(self) -> list[tuple[str, str]]:
        """(type, address) of each webhook that came."""
        came = [json.loads(it.body) for it in list(self.hooks.taken)]
        return [(it["type"], it["data"]["contact"]["email"]) for it in came]

    def known(self, address: str) -> dict[str, Any]:
        """What `nurture export` says."""
        said: dict[str, Any] = self.nurture.ok("export", address).document
        return said

    def end(self) -> None:
        """Stop it as a service is stopped."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log.read_text()
        assert "Traceback" not in self.log.read_text(), self.log.read_text()


@contextmanager
def hook_server() -> Iterator[HookServer]:
    """In a thread of its own."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(HookServer()) as server:
        yield server


@contextmanager
def live(workspace: Path, scopes: Sequence[str], **secrets: str) -> Iterator[Live]:
    """Apply and run what is in `workspace`, whose settings have to leave out what has to do with ports."""
    with ExitStack() as ends:
        relay = Relay()
        taking = Controller(relay, hostname="127.0.0.1", port=free_port())
        taking.start()
        ends.callback(taking.stop)
        hooks = ends.enter_context(hook_server())
        web, lmtp = free_port(), free_port()
        nurture = Nurture(workspace)
        with (workspace / "nurture.toml").open("a") as file:
            file.write(_ports(taking.port, web, lmtp, hooks.port))
        nurture.ok("apply", "--yes")
        key = nurture.ok("key", "new", "system", *(f"--scope={it}" for it in scopes)).out.strip()
        log = workspace / "log.txt"
        out = ends.enter_context(log.open("w"))
        process = subprocess.Popen(
            [*COMMAND, "run", "--workspace", str(workspace), "--senders", "1"],
            stderr=out, stdout=out, text=True, env=environment(**secrets),
        )  # fmt: skip
        ends.callback(process.wait, 20)
        ends.callback(process.kill)
        http = ends.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{web}", timeout=20))
        until(lambda: "ready: " in log.read_text() or process.poll() is not None, "the shop runs")
        assert process.poll() is None, log.read_text()
        yield Live(
            nurture=nurture, relay=relay, hooks=hooks, http=http, lmtp=lmtp, process=process, log=log, key=key
        )  # fmt: skip


def _ports(relay: int, web: int, lmtp: int, hooks: int) -> str:
    return f"""
[relay]
host = "127.0.0.1"
port = {relay}
security = "none"

[web]
public_url = "http://127.0.0.1:{web}"
listen = "127.0.0.1:{web}"
proxies = ["127.0.0.0/8"]

[mail_in]
listen = "127.0.0.1:{lmtp}"

[notify]
allow = ["127.0.0.0/8"]
ca_file = "{certificate()}"

[[webhooks]]
name = "crm"
url = "https://localhost:{hooks}/"
events = "all"
"""
