"""Signed tokens for the links in a message: no address in them, and nobody can make or change one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from hashlib import _Hash

TokenKind: TypeAlias = Literal[
    "open",
    "click",
    "hidden",
    "unsubscribe",
    "view",
    "bounce",
    "preferences",
    "confirm",
    "reply",
    "message id",
    "visitor",
    "message",
    "answer",
]
Key: TypeAlias = tuple[int, int]
"""Enrollment and step number: a `MessageKey` is one."""

KINDS: tuple[TokenKind, ...] = get_args(TokenKind)
VERSION = 1
_BODY = struct.Struct(">BBQIH")  # version, key, enrollment, step, link
_MAILED = struct.Struct(">BBQI")  # the same without a link: 48 letters, and none of them has a bit to spare
_MAC_BYTES = 16
_SEAL_BYTES = 8
TOKEN_LENGTH = 43
"""Letters of a token in a URL."""
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
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
        if len(token) != TOKEN_LENGTH:
            return None
        try:
            raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=")
        except (UnicodeEncodeError, binascii.Error):
            return None
        # The last character has two spare bits, and the decoder skips strange ones: take one spelling only.
        if len(raw) != _BODY.size + _MAC_BYTES or _encode(raw) != token:
            return None
        body, mac = raw[: _BODY.size], raw[_BODY.size :]
        _, _, enrollment_id, step_no, link_no = _BODY.unpack(body)
        if not self._is_ours(body, mac, kind):
            return None
        return Token(kind=kind, key=(enrollment_id, step_no), link_no=link_no)

    def sign_mailed(self, kind: TokenKind, key: Key) -> str:
        """A token for the local part of an address: 48 letters and digits that may lose their case.

        Raises ValueError for a number that does not fit.
        """
        try:
            body = _MAILED.pack(VERSION, self._id, *key)
        except struct.error:
            raise ValueError(f"no token can hold message {key}") from None
        return base64.b32encode(body + _mac(self._secret, kind, body)).decode("ascii").lower()

    def read_mailed(self, token: str, kind: TokenKind) -> Key | None:
        """Which message such a token in lower case is of, or None where it was not made by us for this `kind`."""
        try:
            raw = base64.b32decode(token.upper().encode("ascii"))
        except (UnicodeEncodeError, binascii.Error):
            return None
        if len(raw) != _MAILED.size + _MAC_BYTES:
            return None
        body, mac = raw[: _MAILED.size], raw[_MAILED.size :]
        _, _, enrollment_id, step_no = _MAILED.unpack(body)
        return (enrollment_id, step_no) if self._is_ours(body, mac, kind) else None

    def seal(self, kind: TokenKind, key: Key) -> str:
        """16 hexadecimal digits that say a number was given by us: for where the number stands beside them anyway.

        Raises ValueError for a number that does not fit.
        """
        return _mac(self._secret, kind, _sealed(self._id, key))[:_SEAL_BYTES].hex()

    def is_sealed(self, kind: TokenKind, key: Key, seal: str) -> bool:
        """Whether `seal` is what `seal` makes of them, with any of the keys."""
        given = seal.lower().encode("ascii", "replace")
        try:
            wanted = [
                _mac(secret, kind, _sealed(number, key))[:_SEAL_BYTES].hex().encode()
                for number, secrets in self._known.items()
                for secret in secrets
            ]
        except ValueError:
            return False
        return any(hmac.compare_digest(given, it) for it in wanted)

    def _is_ours(self, body: bytes, mac: bytes, kind: TokenKind) -> bool:
        version, number = body[0], body[1]
        if version != VERSION:
            return False
        return any(hmac.compare_digest(mac, _mac(it, kind, body)) for it in self._known.get(number, ()))


def _sealed(number: int, key: Key) -> bytes:
    try:
        return _MAILED.pack(VERSION, number, *key)
    except struct.error:
        raise ValueError(f"nothing can be sealed for message {key}") from None


def _derive(secret: str) -> tuple[int, bytes]:
    key = hmac.digest(secret.encode(), b"nurture tokens", "sha256")
    return hmac.digest(key, b"which key", "sha256")[0], key


def _mac(secret: bytes, kind: TokenKind, body: bytes) -> bytes:
    began, ending = _hashes(secret, kind)
    inner, outer = began.copy(), ending.copy()
    inner.update(body)
    outer.update(inner.digest())
    return outer.digest()[:_MAC_BYTES]


@lru_cache(maxsize=64)
def _hashes(secret: bytes, kind: TokenKind) -> tuple[_Hash, _Hash]:
    """The two hashes of HMAC (RFC 2104 section 2) as they are before the body, which is all that differs."""
    key = secret.ljust(_BLOCK, b"\x00")
    return hashlib.sha256(key.translate(_INNER) + _LABEL[kind]), hashlib.sha256(key.translate(_OUTER))


def _encode(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode("ascii")
