"""The secret that receivers of webhooks are given."""

from __future__ import annotations

import json

from nurture.messages.webhook import secrets_of
from support.cli import Nurture


def test_the_secret_is_shown_as_receivers_take_it(nurture: Nurture) -> None:
    key = (nurture.workspace / "secret.key").read_text().strip()
    (expected,) = secrets_of("", key)
    assert nurture.ok("webhook").out == f"{expected}\n"
    assert json.loads(nurture.ok("webhook", "--json").out) == {"secret": expected}
