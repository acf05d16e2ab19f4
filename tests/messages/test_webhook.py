"""Signatures and secrets of webhooks, held against the examples of Standard Webhooks."""

from __future__ import annotations

import base64
import hmac
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nurture.clock import SECOND
from nurture.messages.webhook import is_url, secrets_of, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLDER = "whsec_" + base64.b64encode(b"y" * 24).decode()


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    """The payload, key and signature of its reference library's tests."""
    headers = signed(
        [SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330 * SECOND, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_signs_so_that_receivers_may_change_over() -> None:
    both = signed([SECRET, OLDER], "n", SECOND, b"{}")["webhook-signature"].split(" ")
    assert both == [signed([it], "n", SECOND, b"{}")["webhook-signature"] for it in (SECRET, OLDER)]


def test_secrets_that_are_given_come_before_those_worked_out() -> None:
    assert secrets_of(f"{SECRET}, {OLDER}", "workspace") == (SECRET, OLDER)


def test_without_any_they_come_from_the_workspaces_and_tell_nothing_of_it() -> None:
    derived = secrets_of("", "new,old")
    assert len(derived) == 2
    assert derived[1:] == secrets_of("", "old")
    key = base64.b64decode(derived[0].removeprefix("whsec_"))
    assert key == hmac.digest(b"new", b"nurture webhooks", "sha256")
    assert secrets_of("", "") == ()


@pytest.mark.parametrize("target", ["https://a.example/", "HTTPS://a", " https://a ", "http://a", "http:a"])
def test_urls_are_for_webhooks(target: str) -> None:
    assert is_url(target)


@pytest.mark.parametrize("target", ["ann@example.test", "", "ftp://a", "httpsy@example.test", "yes"])
def test_all_else_is_for_mail(target: str) -> None:
    assert not is_url(target)


def sample() -> Callable[[str, dict[str, str], bytes], bool]:
    """The function that the operator's page gives to receivers, as it stands there."""
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Callable[[str, dict[str, str], bytes], bool]] = {}
    exec(code, names)
    return names["is_genuine"]


def test_the_sample_in_the_docs_tells_ours_from_others() -> None:
    is_genuine, now = sample(), int(time.time()) * SECOND
    headers = dict(signed([OLDER, SECRET], "n", now, b"{}"))
    assert is_genuine(SECRET, headers, b"{}")
    assert is_genuine(OLDER, headers, b"{}")
    assert not is_genuine(SECRET, headers, b"{ }")
    assert not is_genuine("whsec_" + "A" * 32, headers, b"{}")
    assert not is_genuine(SECRET, headers | {"webhook-id": "m"}, b"{}")
    assert not is_genuine(SECRET, dict(signed([SECRET], "n", now - 301 * SECOND, b"{}")), b"{}")
