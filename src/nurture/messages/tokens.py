"""Signed tokens for the links in a message: no address in them, and nobody can make or change one."""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

TokenKind: TypeAlias = Literal["open", "click", "hidden", "unsubscribe", "view"]
Key: TypeAlias = tuple[int, int]
"""Enrollment and step number: a `MessageKey` is one."""

KINDS: tuple[TokenKind, ...] = get_args(TokenKind)
VERSION = 1
_BODY = struct.Struct(">BBQIH")  # version, key, enrollment, step, link
_MAC_BYTES = 16
_LENGTH = 43
_LABEL = {kind: bytes([VERSION, number]) for number, kind in enumerate(KINDS, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a token says."""

    kind: TokenKind
    key: Key
    link_no: int = 0


class Signer:
    """Makes and reads tokens of 43 characters: HMAC-SHA256 cut to 128 bits (RFC 2104 section 5), base64url.

    New tokens are signed with `secret`; those signed with one of `older` are still read.
    """

    def __init__(self, secret: str, *older: str) -> None:
        if not secret:
            raise ValueError("tokens cannot be signed without a secret: set NURTURE_SECRET")
        derived = [_derive(text) for text in (secret, *older)]
        self._id, self._secret = derived[0]
        self._known: dict[int, list[bytes]] = {}
        for number, key in derived:
            self._known.setdefault(number, []).append(key)

    def sign(self, kind: TokenKind, key: Key, link_no: int = 0) -> str:
        """A token for one message. Raises ValueError for a number that does not fit."""
        try:
            body = _BODY.pack(VERSION, self._id, key[0], key[1], link_no)
        except struct.error:
            raise ValueError(f"no token can hold message {key} link {link_no}") from None
        return _encode(body + _mac(self._secret, kind, body))

    def read(self, token: str, kind: TokenKind) -> Token | None:
        """What `token` says, or None where it was not made by us for this `kind`."""
        if len(token) != _LENGTH:
            return None
        try:
            raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=")
        except (UnicodeEncodeError, binascii.Error):
            return None
        # The last character has two spare bits, and the decoder skips strange ones: take one spelling only.
        if len(raw) != _BODY.size + _MAC_BYTES or _encode(raw) != token:
            return None
        body, mac = raw[: _BODY.size], raw[_BODY.size :]
        version, number, enrollment_id, step_no, link_no = _BODY.unpack(body)
        if version != VERSION:
            return None
        for secret in self._known.get(number, ()):
            if hmac.compare_digest(mac, _mac(secret, kind, body)):
                return Token(kind=kind, key=(enrollment_id, step_no), link_no=link_no)
        return None


def _derive(secret: str) -> tuple[int, bytes]:
    key = hmac.digest(secret.encode(), b"nurture tokens", "sha256")
    return hmac.digest(key, b"which key", "sha256")[0], key


def _mac(secret: bytes, kind: TokenKind, body: bytes) -> bytes:
    return hmac.digest(secret, _LABEL[kind] + body, "sha256")[:_MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
