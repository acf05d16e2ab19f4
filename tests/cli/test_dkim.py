"""nurture dkim new: a key for the machine, a record for DNS, lines for nurture.toml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nurture.messages.dkim import DkimSigners
from nurture.settings import load
from nurture.settings.dkim_keys import read_keys
from support.cli import Nurture
from support.dkim_check import verdicts

MAIL = b"From: Corner Shop <hello@shop.example>\r\nSubject: Hi\r\n\r\nHi\r\n"


def append(nurture: Nurture, lines: str) -> None:
    file = nurture.workspace / "nurture.toml"
    file.write_text(f"{file.read_text()}\n{lines}\n")


def test_what_it_shows_is_all_that_is_needed_to_sign(nurture: Nurture) -> None:
    rsa = nurture.ok("dkim", "new", "--json").document
    ed25519 = nurture.ok("dkim", "new", "--ed25519", "--json").document
    append(nurture, rsa["settings"] + "\n" + "\n".join(ed25519["settings"].splitlines()[1:]))
    keys = read_keys(load(nurture.workspace, {}))
    assert [key.record_name for key in keys] == ["n1._domainkey.shop.example", "e1._domainkey.shop.example"]
    assert [rsa["record"]["name"], ed25519["record"]["name"]] == [key.record_name for key in keys]
    content = DkimSigners(keys).sign(MAIL, "hello@shop.example", 1_700_000_000_000_000)
    assert verdicts(content, keys) == [True, True]
    assert Path(rsa["file"]).stat().st_mode & 0o777 == 0o600
    assert Path(rsa["file"]).parent.stat().st_mode & 0o777 == 0o700


def test_a_person_gets_the_record_in_strings_that_dns_takes(nurture: Nurture) -> None:
    ran = nurture.ok("dkim", "new", "--selector", "N2")
    record, *lines = ran.out.splitlines()
    name, kind, value = record.split(" ", 2)
    assert (name, kind) == ("n2._domainkey.shop.example.", "TXT")
    strings = re.findall(r'"([^"]*)"', value)
    assert len(strings) == 2
    assert max(map(len, strings)) == 255
    assert "".join(strings).startswith("v=DKIM1; k=rsa; p=MIIB")
    assert lines == ["[dkim]", 'selector = "n2"', 'key_file = "keys/n2.shop.example.pem"']


def test_another_domain_gets_a_section_of_its_own(nurture: Nurture) -> None:
    made = nurture.ok("dkim", "new", "--domain", "News.example", "--ed25519", "--json").document
    assert made["settings"].splitlines()[0] == '[dkim."news.example"]'
    append(nurture, made["settings"])
    (key,) = read_keys(load(nurture.workspace, {}))
    assert (key.domain, key.selector) == ("news.example", "e1")


def test_a_key_that_is_there_is_never_written_over(nurture: Nurture) -> None:
    file = Path(nurture.ok("dkim", "new", "--json").document["file"])
    before = file.read_bytes()
    ran = nurture("dkim", "new")
    assert ran.status == 1
    assert "not written over" in ran.err and "--selector n2" in ran.err
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value"), [("--selector", "a b"), ("--selector", "../x"), ("--domain", "../x")]
)
def test_a_name_that_is_none_is_refused(nurture: Nurture, option: str, value: str) -> None:
    ran = nurture("dkim", "new", option, value)
    assert ran.status == 2
    assert option in ran.err
    assert not (nurture.workspace / "keys").exists()
