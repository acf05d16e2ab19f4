"""A real IMAP server, with a mailbox that is empty."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.certificate import write_certificate
from support.lacking import lacking
from support.ports import free_port

USER = "mailbox"
PASSWORD = "a-password-for-tests"

_CONFIG = """\
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
libexec_dir = {libexec}
mail_plugin_dir = {libexec}/modules
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/certificate.pem
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail
}}
namespace inbox {{
  inbox = yes
  separator = .
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  # A wrong password makes it wait longer and longer.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Where it listens, and ways to look behind its back."""

    port: int
    tls_port: int
    certificate: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """It goes away."""
        self.process.terminate()
        self.process.wait(timeout=20)

    @contextmanager
    def client(self, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """Somebody else who looks into the same mailbox."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as client:
            client.login(USER, PASSWORD)
            client.select(folder)
            yield client

    def put(self, *mails: bytes, flags: str = "") -> None:
        """Mails come in."""
        with self.client() as client:
            for mail in mails:
                assert client.append("INBOX", flags, "", mail)[0] == "OK"

    def empty(self) -> None:
        """As it was in the beginning."""
        with self.client() as client:
            client.uid("STORE", "1:*", "+FLAGS", "(\\Deleted)")
            client.expunge()
            for folder in ("nurture.done", "other"):
                client.delete(folder)

    def mails(self, folder: str = "INBOX") -> list[tuple[str, str]]:
        """Flags and subject of each, in order."""
        found = []
        with self.client(folder) as client:
            for number in client.search(None, "ALL")[1][0].decode().split():
                answer = client.fetch(number, "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0]
                flags = answer[0].decode().partition("FLAGS (")[2].partition(")")[0]
                subject = answer[1].decode().partition(":")[2].strip()
                found.append((flags.replace("\\Recent", "").strip(), subject))
        return found


@contextmanager
def running() -> Iterator[Dovecot]:
    """Start one, on a port of its own."""
    binary = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        lacking("dovecot, of the package dovecot-imapd, is not installed")
    libexec = Path(binary).resolve().parent.parent / "lib" / "dovecot"
    port, tls_port = free_port(), free_port()
    is_root = os.geteuid() == 0
    user, group = ("nobody", "nogroup") if is_root else (_own_name(), _own_group())
    # Its sockets' names may not be long, as those in pytest's folders are.
    with tempfile.TemporaryDirectory(prefix="dove") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for inner in ("run", "state", "mail"):
            (folder / inner).mkdir(mode=0o755)
        if is_root:
            shutil.chown(folder / "mail", user, group)
        config = folder / "dovecot.conf"
        certificate = write_certificate(folder / "certificate.pem", days=2)
        config.write_text(
            _CONFIG.format(
                folder=folder,
                libexec=libexec,
                user=user,
                group=group,
                port=port,
                tls_port=tls_port,
                password=PASSWORD,
            )
        )
        environ = {**os.environ, "LD_LIBRARY_PATH": str(libexec)}
        # To a file: children that outlive it a little would keep a pipe open.
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen([binary, "-F", "-c", config], env=environ, stderr=said)
        try:
            _wait_for(port, process, folder)
            yield Dovecot(port=port, tls_port=tls_port, certificate=certificate, process=process)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + 15
    while True:
        try:
            with imaplib.IMAP4("127.0.0.1", port, timeout=5) as client:
                client.login(USER, PASSWORD)
            return
        except (OSError, imaplib.IMAP4.error):
            if process.poll() is not None or time.monotonic() > until:
                said = "".join(it.read_text() for it in (folder / "said", folder / "log") if it.exists())
                raise AssertionError(f"dovecot did not start: {said[-2000:]}") from None
            time.sleep(0.05)


def _own_name() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _own_group() -> str:
    return grp.getgrgid(os.getegid()).gr_name
