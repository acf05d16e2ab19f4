"""The keys that [dkim] names, read from their files or from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from nurture.errors import Fault, SettingsError
from nurture.settings.signing import DkimDomain
from nurture.settings.whole import Settings

PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

SHORTEST = 1024
"""Bits of an RSA key: what is shorter, receivers must not take (RFC 8301 section 3.2)."""

_MAKE_ONE = "Make one: nurture dkim new"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key that signs the mail of a domain."""

    domain: str
    selector: str
    private: PrivateKey = field(repr=False)
    path: Path | None = None
    """The file that it stands in; None: it came from NURTURE_DKIM_KEY."""

    @property
    def record_name(self) -> str:
        """Where its public half is published."""
        return f"{self.selector}._domainkey.{self.domain}"


def read_keys(settings: Settings) -> tuple[SigningKey, ...]:
    """Every key that [dkim] names; none: mail is not signed. Raises SettingsError with every fault."""
    keys: list[SigningKey] = []
    faults: list[Fault] = []
    for domain, it in settings.dkim.each(settings.sender.from_).items():
        section = ("dkim",) if it is settings.dkim else ("dkim", domain)
        for name, selector, wanted in (
            ("key", it.selector, RSAPrivateKey),
            ("ed25519_key", it.ed25519_selector, Ed25519PrivateKey),
        ):
            if not selector:
                continue
            try:
                private, path = _key(settings, it, name, wanted)
            except _Unfit as unfit:
                faults.append(unfit.fault(section, name))
                continue
            keys.append(SigningKey(domain=domain, selector=selector, private=private, path=path))
    if faults:
        raise SettingsError(faults)
    return tuple(keys)


class _Unfit(Exception):
    def __init__(self, message: str, hint: str, *, variable: str = "") -> None:
        super().__init__(message)
        self.message, self.hint, self.variable = message, hint, variable

    def fault(self, section: tuple[str, ...], name: str) -> Fault:
        key = (*section, f"{name}_file")
        said = self.message if self.variable else f"{'.'.join(key)} {self.message}"
        return Fault(key=() if self.variable else key, variable=self.variable, message=said, hint=self.hint)


def _key(
    settings: Settings, it: DkimDomain, name: str, wanted: type[PrivateKey]
) -> tuple[PrivateKey, Path | None]:
    if name == "key" and it is settings.dkim and settings.dkim.key:
        # In env files and units a PEM stands on one line, its line ends written as \n.
        pem = settings.dkim.key.replace("\\n", "\n").encode()
        return _parsed(pem, wanted, variable="NURTURE_DKIM_KEY"), None
    written: str = getattr(it, f"{name}_file")
    if not written:
        raise _Unfit("is missing: there is a selector for it", _MAKE_ONE)
    path = settings.workspace / written
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise _Unfit(f"cannot be read: {path}: {error.strerror}", f"Put the key there. {_MAKE_ONE}") from None
    return _parsed(pem, wanted), path


def _parsed(pem: bytes, wanted: type[PrivateKey], *, variable: str = "") -> PrivateKey:
    said = "" if variable else "names a file that "
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise _Unfit(
            f"{said}holds a key under a password", "Store it without one.", variable=variable
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _Unfit(f"{said}holds no private key in PEM", _MAKE_ONE, variable=variable) from None
    if not isinstance(key, wanted):
        kind = "an RSA" if wanted is RSAPrivateKey else "an Ed25519"
        raise _Unfit(f"{said}does not hold {kind} key", _MAKE_ONE, variable=variable)
    assert isinstance(key, RSAPrivateKey | Ed25519PrivateKey)
    if isinstance(key, RSAPrivateKey) and key.key_size < SHORTEST:
        message = f"{said}holds a key of {key.key_size} bits, which receivers do not take"
        raise _Unfit(message, _MAKE_ONE, variable=variable)
    return key
