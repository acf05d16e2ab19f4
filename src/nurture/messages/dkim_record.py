"""The record that publishes a DKIM key (RFC 6376 section 3.6.1; RFC 8463 section 4)."""

from __future__ import annotations

from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nurture.settings.dkim_keys import PrivateKey

LONGEST_STRING = 255
"""Bytes in one string of a TXT record (RFC 1035 section 3.3); a record may have several."""


def public_half(private: PrivateKey) -> str:
    """What stands in p=."""
    public = private.public_key()
    if isinstance(private, RSAPrivateKey):
        raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b64encode(raw).decode("ascii")


def kind_of(private: PrivateKey) -> str:
    """What stands in k=."""
    return "rsa" if isinstance(private, RSAPrivateKey) else "ed25519"


def record_of(private: PrivateKey) -> str:
    """The text to publish."""
    return f"v=DKIM1; k={kind_of(private)}; p={public_half(private)}"


def in_strings(text: str) -> str:
    """As zone files and most panels take it: strings of at most 255 bytes in quotes, which receivers join."""
    parts = [text[at : at + LONGEST_STRING] for at in range(0, len(text), LONGEST_STRING)]
    return " ".join(f'"{part}"' for part in parts)
