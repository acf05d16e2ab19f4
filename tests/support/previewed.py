"""A workspace of a few messages and people, and `nurture preview` over it in a process of its own."""

from __future__ import annotations

import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from nurture.clock import SystemClock
from nurture.store.engine import open_store
from support.cli import PROGRAM, Nurture, environment

CONTACTS = """\
email,first_name,last_name,locale
ann@example.test,Ann,Reyes,
jo@example.test,<script>alert(1)</script>,,
karl@example.test,Karl,,de
"""
SETTINGS = """\
provider = "inbox"

[sender]
from = "Corner Shop <hello@shop.example>"
address = "1 Main Street"

[web]
public_url = "https://mail.shop.example"

[topics]
offers = "Offers"
"""
LAYOUT = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>
body { margin: 0; background: #ffffff; color: #111111; }
@media (prefers-color-scheme: dark) { body { background: #000000 !important; color: #eeeeee !important; } }
@media (max-width: 500px) { .wide { display: none; } }
</style></head>
<body>{% block content %}{% endblock %}<p class="wide">for wide screens</p>
<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
HELLO = """\
subject: Hello {{ contact.first_name or "you" }}
preview: A first word.

Dear {{ contact.first_name or "friend" }}, [look here](https://shop.example/look).

{% if offer %}Your code is **{{ offer.code }}**.{% endif %}
"""
HALLO = HELLO.replace("Hello", "Hallo").replace("Dear", "Liebe")
CAMPAIGN = """\
name: Welcome
stage: prospect
topic: offers
offer: first
sequence:
  - send: hello
"""
OFFERS = "first: {kind: introductory, says: 15% off, discount: 15%, code: unique}\n"
LIFECYCLE = "stages:\n  - prospect:\n  - customer: orders.count >= 1\n"


def made(workspace: Path) -> Nurture:
    """The workspace, with its people in the database."""
    nurture = Nurture(workspace)
    for path, text in {
        "nurture.toml": SETTINGS,
        "secret.key": "a secret for tests\n",
        "campaigns/lifecycle.yaml": LIFECYCLE,
        "campaigns/offers.yaml": OFFERS,
        "campaigns/welcome.yaml": CAMPAIGN,
        "templates/email/layouts/base.html": LAYOUT,
        "templates/email/hello.md": HELLO,
        "templates/email/hello.de.md": HALLO,
        "templates/email/other.md": "subject: Other\n\nSomething else.\n",
    }.items():
        nurture.file(path, text)
    open_store(f"sqlite:///{workspace}/nurture.db", now=SystemClock().now(), create=True).close()
    nurture.ok("import", "contacts", nurture.file("contacts.csv", CONTACTS), "--consent", "loyalty card")
    return nurture


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page as it is served."""

    nurture: Nurture
    address: str
    http: httpx.Client

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers={name.replace("_", "-"): it for name, it in headers.items()})

    def message(self, template: str = "hello", **asked: str) -> Any:
        """All that the page is told of a message."""
        return self.http.get("/message", params={"template": template, **asked}).json()


@contextmanager
def previewed(nurture: Nurture) -> Iterator[Page]:
    """Serve it; Ctrl-C ends it, and then it has said nothing but its address."""
    process = subprocess.Popen(
        [PROGRAM, "preview", "--port", "0"],
        cwd=nurture.workspace,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        ready, _, _ = select.select([process.stderr], [], [], 30)
        said = process.stderr.readline() if ready else ""
        found = re.fullmatch(r"preview: (http://127\.0\.0\.1:\d+)/ \(Ctrl-C ends it\)\n", said)
        assert found, said + (process.stderr.read() if process.poll() is not None else "")
        with httpx.Client(base_url=found[1], timeout=30) as http:
            yield Page(nurture=nurture, address=found[1], http=http)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for it. Fails where it does not come about."""
    last = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < last, "it did not come about"
        time.sleep(0.05)
