"""The 117 bounces that flufl.bounce is tested with: see samples/README.md."""

from __future__ import annotations

import json
import tarfile
from functools import cache
from pathlib import Path

import pytest

from nurture.incoming.mail.read import read_mail
from support.mails import NOW, SIGNER

ARCHIVE = Path(__file__).parent / "samples" / "flufl.bounce-6.0.0.tar.xz"


@cache
def samples() -> tuple[dict[str, bytes], dict[str, list[str]]]:
    """Mails by name, and whom each is about."""
    with tarfile.open(ARCHIVE) as archive:
        files = {it.name: archive.extractfile(it) for it in archive.getmembers()}
        read = {name: file.read() for name, file in files.items() if file is not None}
    mails = {name.removeprefix("data/"): it for name, it in read.items() if name.startswith("data/")}
    return mails, json.loads(read["expected.json"])


def found_in(name: str) -> set[str]:
    heard = read_mail(samples()[0][name], [], SIGNER, NOW)
    return {it.recipient for it in heard if it.kind in ("bounced", "deferred") and it.recipient}


def test_every_expected_recipient_is_found_and_nobody_else_of_all_but_one() -> None:
    mails, expected = samples()
    assert len(mails) == 117
    found = {name: found_in(name) for name in mails}
    wanted = {name: {it.lower() for it in expected[name]} for name in mails}
    assert {name: wanted[name] - found[name] for name in mails if wanted[name] - found[name]} == {}
    # One whose address was made unreadable by those who shared it: "david...@gmail.com".
    assert {name for name in mails if found[name] - wanted[name]} <= {"simple_42.txt"}


def test_none_of_them_has_a_proof() -> None:
    heard = [it for mail in samples()[0].values() for it in read_mail(mail, [], SIGNER, NOW)]
    assert len(heard) > 117
    assert {(it.key, it.proof) for it in heard} == {(None, "")}


@pytest.mark.parametrize(
    ("name", "severity", "reason"),
    [
        ("postfix_01.txt", "hard", "5.1.1"),
        ("postfix_02.txt", "soft", "4.4.3"),
        ("postfix_04.txt", "soft", "5.2.2"),
        ("qmail_03.txt", "hard", "5.1.1"),
        ("qmail_02.txt", "soft", "5.2.2"),
        ("exim_01.txt", "hard", "5.1.1"),
        ("dsn_03.txt", "other", "5.3.4"),
        ("dsn_02.txt", "soft", "4.4.7"),
        ("dsn_18.txt", "hard", "5.1.2"),
        ("simple_05.txt", "hard", "5.1.1"),
        ("yahoo_03.txt", "hard", "5.2.1"),
    ],
)
def test_how_bad_it_is_follows_from_what_the_text_says(name: str, severity: str, reason: str) -> None:
    [it] = read_mail(samples()[0][name], [], SIGNER, NOW)
    assert (it.kind, it.severity, it.reason) == ("bounced", severity, reason)
    assert it.said
