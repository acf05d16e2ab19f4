"""A corner shop with a sign-up form, and the web in front of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx

from nurture.clock import MINUTE, SECOND
from nurture.runner.tending import tend
from nurture.store.engine import Store
from support.corner import Corner, files, letter, opened
from support.site import Browser, browser

SAYS = "Yes, send me offers & news. I can leave at any time."
FORMS = {
    "newsletter": {
        "topics": ["offers", "news"],
        "says": SAYS,
        "title": "Get our letters",
        "embed_in": ["https://shop.example"],
    },
    "news": {"topics": "news", "says": "News only.", "thanks": "https://shop.example/thanks?a=1"},
}
TEMPLATES = {
    "confirm-sign-up": letter("Please confirm", "{{ event.says }} [Yes]({{ confirm_url }}) {{ event.days }}"),
    "confirm-reminder": letter("Still waiting", "{{ event.says }} [Yes]({{ confirm_url }})"),
    "confirm-address": letter("Your new address?", "[Yes]({{ confirm_url }})"),
    "address-changed": letter(
        "We write elsewhere now", "To {{ contact.email }} no more. [Back]({{ confirm_url }})"
    ),
}
WELCOME = """\
name: Welcome
topic: offers
stage: prospect
enter: {existing: true}
sequence:
  - send: one
"""
SERVICE = """\
name: Service
topic: service
stage: prospect
enter: {existing: true}
sequence:
  - send: two
"""


class House:
    """The shop, a browser, and what comes into the mailboxes."""

    def __init__(self, corner: Corner, client: Browser) -> None:
        self.corner = corner
        self.client = client

    def pass_by(self, span: int) -> None:
        """Let time pass, with reminders and what runs out."""
        self.corner.until(self.corner.now + span)
        tend(self.corner.store, self.corner.world(), self.corner.app.address_key, self.corner.now)
        self.corner.until(self.corner.now)

    def token(self, form: str = "newsletter") -> str:
        """The token of the form as it is shown, some seconds later."""
        found = re.search(r'name="token" value="([^"]+)"', self.client.get(f"/f/{form}").text)
        assert found is not None
        self.corner.clock.move_to(self.corner.now + 10 * SECOND)
        return found[1]

    def sign_up(self, email: str, form: str = "newsletter", **more: str) -> httpx.Response:
        """Fill the form in, as a person does."""
        given = {"email": email, "token": self.token(form), **more}
        return self.client.post(f"/f/{form}", data=given)

    def mail(self, email: str) -> list[str]:
        """The subjects that one address got, oldest first."""
        self.corner.until(self.corner.now)
        return [subject for who, subject, _ in self.corner.inbox() if who == email]

    def link(self, email: str, kind: str = "k") -> str:
        """The last link of a kind in the last mail to an address."""
        self.corner.until(self.corner.now)
        rows = self.corner.rows("SELECT recipient FROM inbox ORDER BY at, recipient")
        mails = [c for (who,), c in zip(rows, self.corner.contents(), strict=True) if who == email]
        plain = mails[-1].decode().replace("=\r\n", "").replace("=3D", "=")
        return re.findall(rf"/{kind}/[\w-]{{43}}", unescape(plain))[-1]

    def agreed(self, email: str) -> dict[str, str]:
        """The topics an address agrees to, with the basis of the last word."""
        rows = self.corner.rows(
            "SELECT w.topic, w.basis FROM consent_states s JOIN contacts c ON c.id = s.contact_id"
            " JOIN consents w ON w.contact_id = s.contact_id AND w.topic = s.topic AND w.at = s.at"
            f" WHERE c.email = '{email}' AND s.agreed ORDER BY w.topic"
        )
        return dict(tuple(row) for row in rows)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.corner.rows(f"SELECT count(*) FROM {table}")[0][0])


@contextmanager
def house(
    store: Store,
    workspace: Path,
    campaigns: dict[str, str] | None = None,
    templates: dict[str, str] | None = None,
) -> Iterator[House]:
    """A shop with forms, looked at an hour after its start."""
    given = files(campaigns or {}, {**TEMPLATES, **(templates or {})})
    with opened(store, workspace, given, forms=FORMS) as corner:
        corner.until(corner.now + 60 * MINUTE)
        deps = replace(corner.app.web(corner.world), answer_seconds=0.0)
        with browser(deps) as client:
            yield House(corner, client)
