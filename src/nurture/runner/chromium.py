"""Pictures of messages by a headless Chromium, told what to do over a pipe (the Chrome DevTools Protocol).

Messages run no script there, as in mail programs, and open no file of this machine.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from nurture.errors import ServiceError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
"""What the browser is called on PATH, the likeliest first."""
DESKTOP, PHONE = 700, 375
"""Pixels of width."""
TALLEST = 16_000
"""Pixels of height that a picture has at most."""

_FIRST = 100
"""Pixels of height before it is known how high the message is."""
_SECONDS = 30.0
# The protocol is spoken on descriptors 3 and 4.
_MOVED = "import os, sys; it = sys.argv[1:]; os.dup2(int(it[0]), 3); os.dup2(int(it[1]), 4); os.execv(it[2], it[2:])"
_FLAGS = (
    "--headless=new", "--remote-debugging-pipe", "--hide-scrollbars", "--no-first-run", "--disable-gpu",
    "--disable-extensions", "--disable-background-networking", "--disable-sync", "--disable-quic", "--mute-audio",
    "--no-default-browser-check", "--disable-component-update", "--password-store=basic", "--use-mock-keychain",
)  # fmt: skip


def find() -> str:
    """The browser's program. Raises ServiceError where there is none on PATH."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise ServiceError(
            "a picture is made by Chromium, and there is none on PATH",
            remedy="Install it (apt install chromium), or look at the page: nurture preview",
        )
    return found


class Chromium:
    """One browser, for any number of pictures. To be used in a `with`; raises ServiceError where it does not work."""

    def __init__(self) -> None:
        program = find()
        self._folder = tempfile.TemporaryDirectory(prefix="nurture-chromium-", ignore_cleanup_errors=True)
        self._number = 0
        self._heard = b""
        to_it, self._writing = _pipe()
        self._reading, from_it = _pipe()
        # Chromium's own sandbox refuses to work for the super-user; no script runs in what is shown anyway.
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        home = f"--user-data-dir={self._folder.name}"
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-ISc",
                _MOVED,
                str(to_it),
                str(from_it),
                program,
                *_FLAGS,
                *as_root,
                home,
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(to_it, from_it),
            start_new_session=True,
        )
        os.close(to_it)
        os.close(from_it)

    def shoot(self, html: str, width: int = DESKTOP, *, dark: bool = False, scale: float = 1) -> bytes:
        """The whole page as PNG, at `scale` pixels of the picture for one of the page."""
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        session = attached["sessionId"]
        try:
            self._ask("Emulation.setScriptExecutionDisabled", {"value": True}, session)
            scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
            self._ask("Emulation.setEmulatedMedia", {"features": scheme}, session)
            self._size(session, width, _FIRST, scale)
            self._write(session, html)
            height = self._ask("Page.getLayoutMetrics", {}, session)["cssContentSize"]["height"]
            self._size(session, width, min(TALLEST, max(1, round(height))), scale)
            shot = self._ask("Page.captureScreenshot", {"format": "png"}, session)
            return base64.b64decode(shot["data"])
        finally:
            with suppress(ServiceError):
                self._ask("Target.closeTarget", {"targetId": target})

    def _size(self, session: str, width: int, height: int, scale: float) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", metrics, session)

    def _write(self, session: str, html: str) -> None:
        """Show the message, and wait until its pictures are there, or are not to be had."""
        self._ask("Page.enable", {}, session)
        frame = self._ask("Page.getFrameTree", {}, session)["frameTree"]["frame"]["id"]
        text = html.encode("utf-8", "replace").decode()
        self._ask(
            "Page.setDocumentContent", {"frameId": frame, "html": text}, session, until="Page.loadEventFired"
        )

    def _ask(
        self, method: str, params: dict[str, Any], session: str = "", *, until: str = ""
    ) -> dict[str, Any]:
        """The answer to one command, and the event `until` which is to follow it."""
        self._number += 1
        said: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session:
            said["sessionId"] = session
        self._send(json.dumps(said).encode() + b"\0")
        answer, event = None, not until
        last = time.monotonic() + _SECONDS
        while answer is None or not event:
            it = json.loads(self._next(last, method))
            if it.get("id") == self._number:
                if "error" in it:
                    raise _broken(f"{method}: {it['error'].get('message', 'it failed')}")
                answer = it["result"]
            event = event or (it.get("method") == until and it.get("sessionId") == session)
        found: dict[str, Any] = answer
        return found

    def _send(self, content: bytes) -> None:
        try:
            while content:
                content = content[os.write(self._writing, content) :]
        except BrokenPipeError:
            raise _broken("it ended") from None

    def _next(self, last: float, method: str) -> bytes:
        """What it says next, up to the zero byte that ends it."""
        while b"\0" not in self._heard:
            ready, _, _ = select.select([self._reading], [], [], max(0.0, last - time.monotonic()))
            if not ready:
                raise _broken(f"no answer within {_SECONDS:g} seconds to {method}")
            some = os.read(self._reading, 2**20)
            if not some:
                raise _broken("it ended")
            self._heard += some
        said, _, self._heard = self._heard.partition(b"\0")
        return said

    def close(self) -> None:
        """End it."""
        for fd in (self._writing, self._reading):
            with suppress(OSError):
                os.close(fd)
        # It ends when nobody speaks to it any more; where it does not, it is made to.
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are none of the descriptors that the browser wants: moving them would close it."""
    ends = os.pipe()
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in ends]
    for fd in ends:
        os.close(fd)
    return moved[0], moved[1]


def _broken(why: str) -> ServiceError:
    return ServiceError(f"Chromium does not make a picture: {why}", remedy="Does it start by itself?")
