"""Whether a message's DKIM signatures hold: by dkimpy, which shares no line with ours."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from types import SimpleNamespace

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from nurture.messages.dkim_record import record_of
from nurture.settings.dkim_keys import SigningKey


class _BadSignature(Exception):
    pass


class _VerifyKey:
    def __init__(self, text: bytes, encoder: object) -> None:
        del encoder
        self._key = Ed25519PublicKey.from_public_bytes(b64decode(text))

    def verify(self, data: bytes, signature: bytes) -> None:
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            raise _BadSignature from None


def _give_ed25519_to_dkimpy() -> None:
    """dkimpy takes Ed25519 from PyNaCl, which is not needed for anything else here: this is the one call of it."""
    dkim.nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=_VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=_BadSignature, ValueError=ValueError),
    )


if not hasattr(dkim, "nacl"):
    _give_ed25519_to_dkimpy()


def rsa_key(domain: str = "shop.example", selector: str = "n1", bits: int = 2048) -> SigningKey:
    """A new RSA key."""
    return SigningKey(domain=domain, selector=selector, private=generate_private_key(65537, bits))


def ed25519_key(domain: str = "shop.example", selector: str = "e1") -> SigningKey:
    """A new Ed25519 key."""
    return SigningKey(domain=domain, selector=selector, private=Ed25519PrivateKey.generate())


def verdicts(content: bytes, keys: Iterable[SigningKey]) -> list[bool]:
    """One for each signature of `content`, with the public halves of `keys` published."""
    published = {f"{key.record_name}.".encode(): record_of(key.private).encode() for key in keys}
    count = sum(
        line.lower().startswith(b"dkim-signature:") for line in content.split(b"\r\n\r\n")[0].split(b"\r\n")
    )
    checker = dkim.DKIM(content, minkey=1024)

    def verify(number: int) -> bool:
        try:
            return bool(checker.verify(idx=number, dnsfunc=lambda name, timeout=5: published.get(name)))
        except dkim.DKIMException:
            return False

    return [verify(number) for number in range(count)]
