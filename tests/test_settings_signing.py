"""[dkim] and [bounces]: which keys are read, and what is said of those that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from nurture.errors import SettingsError
from nurture.runner.settings_findings import findings_of
from nurture.settings import Settings, load
from nurture.settings.dkim_keys import PrivateKey, read_keys
from support.dkim_check import ed25519_key, rsa_key

LEAST = '[sender]\nfrom = "Shop <hello@Shop.example>"\naddress = "1 Main Street"\n'


def pem(private: PrivateKey, password: bytes = b"") -> bytes:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


RSA, ED = pem(rsa_key().private), pem(ed25519_key().private)


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "nurture.toml").write_text(LEAST + text)
    return load(folder, environ)


def refused(folder: Path, text: str, **environ: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read_keys(loaded(folder, text, **environ))
    return caught.value


def test_without_the_section_nothing_is_signed(tmp_path: Path) -> None:
    it = loaded(tmp_path, "")
    assert read_keys(it) == ()
    assert it.bounces.domain == ""


def test_one_key_signs_for_the_sender_and_sections_for_others(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(RSA)
    (tmp_path / "e.pem").write_bytes(ED)
    text = """
[dkim]
selector = "n1"
key_file = "a.pem"
ed25519_selector = "e1"
ed25519_key_file = "e.pem"
[dkim."news.example"]
selector = "n2"
key_file = "a.pem"
[dkim.de.shop.example]
selector = "n3"
key_file = "a.pem"
"""
    keys = read_keys(loaded(tmp_path, text))
    assert [(key.domain, key.selector) for key in keys] == [
        ("shop.example", "n1"), ("shop.example", "e1"), ("news.example", "n2"), ("de.shop.example", "n3"),
    ]  # fmt: skip
    assert keys[0].path == tmp_path / "a.pem"


def test_the_key_may_come_from_the_environment_on_one_line(tmp_path: Path) -> None:
    one_line = RSA.decode().replace("\n", "\\n")
    (key,) = read_keys(loaded(tmp_path, '[dkim]\nselector = "n1"\n', NURTURE_DKIM_KEY=one_line))
    assert (key.domain, key.path) == ("shop.example", None)
    said = str(refused(tmp_path, '[dkim]\nselector = "n1"\n', NURTURE_DKIM_KEY="geheim"))
    assert "NURTURE_DKIM_KEY" in said and "no private key" in said and "geheim" not in said


def test_the_key_itself_does_not_belong_into_the_file(tmp_path: Path) -> None:
    said = str(refused(tmp_path, '[dkim]\nselector = "n1"\nkey = "geheim"\n'))
    assert "NURTURE_DKIM_KEY" in said and "geheim" not in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"not a key", "holds no private key"),
        (ED, "does not hold an RSA key"),
        (pem(rsa_key().private, b"sesame"), "under a password"),
        (pem(rsa_key(bits=1024).private), ""),
        (pem(generate_private_key(SECP256R1())), "does not hold an RSA key"),  # type: ignore[arg-type]
    ],
)
def test_a_key_that_cannot_be_used_says_why(tmp_path: Path, content: bytes | None, said: str) -> None:
    text = '[dkim]\nselector = "n1"\nkey_file = "a.pem"\n'
    if content is not None:
        (tmp_path / "a.pem").write_bytes(content)
    if not said:
        assert len(read_keys(loaded(tmp_path, text))) == 1
        return
    error = refused(tmp_path, text)
    assert said in str(error) and "dkim.key_file" in str(error)
    (finding,) = findings_of(error, tmp_path)
    assert (finding.line, finding.source) == (6, 'key_file = "a.pem"')


def test_every_key_that_cannot_be_read_is_named_at_its_place(tmp_path: Path) -> None:
    text = '[dkim]\nselector = "n1"\nkey_file = "a.pem"\n[dkim."news.example"]\nselector = "n1"\nkey_file = "b.pem"\n'
    error = refused(tmp_path, text)
    assert [finding.line for finding in findings_of(error, tmp_path)] == [6, 9]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[dkim]\nselector = "a b"\n', "cannot be 'a b'"),
        ('[dkim]\nkey_file = "a.pem"\n', "has a key_file and no selector"),
        ('[dkim]\nselector = "n1"\n', "there is a selector for it"),
        ('[dkim]\nselector = "n1"\ned25519_selector = "n1"\n', "the same selector"),
        ('[dkim]\ned25519_key_file = "a.pem"\n', "no ed25519_selector"),
        ('[dkim]\nselectr = "n1"\n', 'did you mean "selector"?'),
        ('[dkim."news.example"]\nselectr = "n1"\n', "dkim.news.example.selectr is not a setting"),
        ('[dkim.news]\nselector = "n1"\n', "write a domain"),
        ('[dkim]\ndomain = "shop"\n', "write a domain"),
        ('[bounces]\ndomain = "b@shop.example"\n', "write a domain"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in str(refused(tmp_path, text))
