"""DKIM signatures over finished messages (RFC 6376; RFC 8463 for Ed25519), relaxed in head and body."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from nurture.clock import SECOND, Moment
from nurture.settings.dkim_keys import SigningKey
from nurture.settings.signing import domain_of

ALWAYS_SIGNED = ("from", "to", "cc", "subject", "reply-to")
"""Listed once more than they are there, so that none can be added in front of ours (RFC 6376 section 8.15)."""

NEVER_SIGNED = frozenset(
    {"return-path", "received", "dkim-signature", "authentication-results", "bcc", "comments", "keywords"}
)
"""Written, changed or taken out on the way (RFC 6376 section 5.4.1)."""

_WIDEST = 76
_PADDING, _SHA256 = PKCS1v15(), SHA256()
_LONGEST_HEADS = 1024


class DkimSigners:
    """The keys of all our domains. Safe to share between threads; signing lets other threads run meanwhile."""

    def __init__(self, keys: Iterable[SigningKey] = ()) -> None:
        by_domain: dict[str, list[SigningKey]] = {}
        for key in keys:
            by_domain.setdefault(key.domain, []).append(key)
        self._signers = {domain: DkimSigner(of) for domain, of in by_domain.items()}
        self._of = lru_cache(maxsize=_LONGEST_HEADS)(self._find)

    def sign(self, content: bytes, sender: str, now: Moment) -> bytes:
        """`content` signed by the domain of `sender` (as From says it); as it was where that has no key."""
        signer = self._of(sender)
        return content if signer is None else signer.sign(content, now)

    def domain_of(self, sender: str) -> str:
        """The domain that signs for `sender`; empty: none does."""
        signer = self._of(sender)
        return "" if signer is None else signer.domain

    def _find(self, sender: str) -> DkimSigner | None:
        """That of its domain, else of the nearest one above, which is aligned as well (RFC 7489 section 3.1.1)."""
        domain = domain_of(sender)
        while "." in domain:
            if domain in self._signers:
                return self._signers[domain]
            domain = domain.partition(".")[2]
        return None


class DkimSigner:
    """Signs for one domain, with one signature for each of its keys."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self.domain = keys[0].domain
        # The first is what most receivers look at.
        self._keys = sorted(keys, key=lambda it: not isinstance(it.private, RSAPrivateKey))

    def sign(self, content: bytes, now: Moment) -> bytes:
        """The whole message, the signatures in front. `content` has CRLF line ends and no control characters."""
        head, _, body = content.partition(b"\r\n\r\n")
        names, canonical = _canonical_head(head)
        listed, said = _listed(names)
        body_hash = b64encode(hashlib.sha256(canonical_body(body)).digest())
        return b"".join(
            [*(self._field(it, listed, said, canonical, body_hash, now) for it in self._keys), content]
        )

    def _field(
        self, key: SigningKey, listed: bytes, said: bytes, canonical: bytes, body_hash: bytes, now: Moment
    ) -> bytes:
        kind = b"rsa" if isinstance(key.private, RSAPrivateKey) else b"ed25519"
        begin = b"v=1; a=%s-sha256; c=relaxed/relaxed; d=%s;" % (kind, key.domain.encode())
        then = b"s=%s; t=%d;" % (key.selector.encode(), now // SECOND)
        # Our own field, relaxed and with an empty b=, without a line end (section 3.7).
        own = b"dkim-signature:%s %s %s bh=%s; b=" % (begin, then, said, body_hash)
        folded = b"DKIM-Signature: %s\r\n %s\r\n %s\r\n bh=%s;\r\n b=%s\r\n"
        return folded % (begin, then, listed, body_hash, _in_lines(_signed(key, canonical + own)))


def _signed(key: SigningKey, data: bytes) -> bytes:
    if isinstance(key.private, RSAPrivateKey):
        return b64encode(key.private.sign(data, _PADDING, _SHA256))
    # RFC 8463 section 3: the hash is what is signed.
    return b64encode(key.private.sign(hashlib.sha256(data).digest()))


def canonical_body(body: bytes) -> bytes:
    """The body in relaxed form (RFC 6376 section 3.4.4). Six searches where nothing is to be changed."""
    if b"\t" in body:
        body = body.replace(b"\t", b" ")
    while b"  " in body:
        # Each round halves the longest run: far quicker than to go through line by line.
        body = body.replace(b"    ", b" ").replace(b"  ", b" ")
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    if body.endswith(b" "):
        body = body[:-1]
    if not body.endswith(b"\r\n") or body.endswith(b"\r\n\r\n"):
        body = body.rstrip(b"\r\n") + b"\r\n"
    return b"" if body == b"\r\n" else body


def _canonical_head(head: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """The names of the fields that are signed, in the order in which they are, and their relaxed form."""
    names, fields = [], []
    # From the last to the first: so a verifier counts fields of one name (section 5.4.2).
    for field in reversed(head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")):
        name, _, value = field.partition(b":")
        lower = name.strip().lower()
        if lower not in _NEVER:
            names.append(name.strip())
            fields.append(b"%s:%s\r\n" % (lower, b" ".join(value.split())))
    return tuple(names), b"".join(fields)


_NEVER = frozenset(name.encode() for name in NEVER_SIGNED)


@lru_cache(maxsize=_LONGEST_HEADS)
def _listed(names: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """h= folded into lines, and the same as it is signed."""
    more = [name.title().encode() for name in ALWAYS_SIGNED]
    lines, line = [], b"h="
    every = [*names, *more]
    for at, name in enumerate(every):
        word = name + (b":" if at < len(every) - 1 else b";")
        if len(line) + len(word) > _WIDEST:
            lines.append(line)
            line = b""
        line += word
    lines.append(line)
    return b"\r\n ".join(lines), b" ".join(lines)


def _in_lines(text: bytes) -> bytes:
    first = _WIDEST - len(b" b=")
    rest = range(first, len(text), _WIDEST - 1)
    return b"\r\n ".join([text[:first], *(text[at : at + _WIDEST - 1] for at in rest)])
