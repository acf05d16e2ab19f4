"""Mail programs by the names that nurture.toml has for them, and what each of them drops (known/caniemail.txt)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One mail program."""

    says: str
    """As people call it."""
    tried: tuple[str, ...]
    """What caniemail.com calls it, on each platform."""


CLIENTS: Mapping[str, Client] = {
    "gmail": Client(says="Gmail", tried=("gmail.desktop-webmail", "gmail.ios", "gmail.android")),
    "gmail-mobile-web": Client(says="Gmail in a phone's browser", tried=("gmail.mobile-webmail",)),
    "apple-mail": Client(says="Apple Mail", tried=("apple-mail.macos", "apple-mail.ios")),
    "outlook-windows": Client(says="Outlook for Windows", tried=("outlook.windows",)),
    "outlook-mac": Client(says="Outlook for Mac", tried=("outlook.macos",)),
    "outlook-web": Client(says="Outlook.com", tried=("outlook.outlook-com",)),
    "outlook-mobile": Client(says="Outlook on phones", tried=("outlook.ios", "outlook.android")),
    "yahoo": Client(says="Yahoo", tried=("yahoo.desktop-webmail", "yahoo.ios", "yahoo.android")),
    "aol": Client(says="AOL", tried=("aol.desktop-webmail", "aol.ios", "aol.android")),
    "samsung": Client(says="Samsung Email", tried=("samsung-email.android",)),
    "thunderbird": Client(says="Thunderbird", tried=("thunderbird.macos", "thunderbird.windows")),
    "proton": Client(
        says="Proton Mail", tried=("protonmail.desktop-webmail", "protonmail.ios", "protonmail.android")
    ),
    "fastmail": Client(says="Fastmail", tried=("fastmail.desktop-webmail",)),
    "hey": Client(says="HEY", tried=("hey.desktop-webmail",)),
    "gmx": Client(says="GMX", tried=("gmx.desktop-webmail", "gmx.ios", "gmx.android")),
    "web-de": Client(says="WEB.DE", tried=("web-de.desktop-webmail", "web-de.ios", "web-de.android")),
    "t-online": Client(says="T-Online", tried=("t-online-de.desktop-webmail",)),
    "ionos": Client(says="IONOS", tried=("ionos-1and1.desktop-webmail", "ionos-1and1.android")),
    "orange": Client(says="Orange", tried=("orange.desktop-webmail", "orange.ios", "orange.android")),
    "sfr": Client(says="SFR", tried=("sfr.desktop-webmail", "sfr.ios", "sfr.android")),
    "free": Client(says="Free", tried=("free-fr.desktop-webmail",)),
    "laposte": Client(says="La Poste", tried=("laposte.desktop-webmail", "laposte.ios", "laposte.android")),
    "mail-ru": Client(says="Mail.ru", tried=("mail-ru.desktop-webmail",)),
    "wp-pl": Client(says="WP.pl", tried=("wp-pl.desktop-webmail",)),
}

OUTLOOK = "outlook-windows"
_OUTLOOKS = tuple(name for name in CLIENTS if name.startswith("outlook"))


def dropping(feature: str, clients: Collection[str], *, partly: bool = False) -> tuple[str, ...]:
    """Which of `clients` drop a feature on at least one platform; `partly`: those count that take it in part.

    `feature` is named as caniemail.com does: css-position.
    """
    without, in_part = _known().get(feature, (frozenset(), frozenset()))
    lacking = without | in_part if partly else without
    return tuple(name for name in CLIENTS if name in clients and not lacking.isdisjoint(CLIENTS[name].tried))


def spoken(names: Collection[str]) -> str:
    """Gmail, Outlook for Windows and Yahoo; all kinds of Outlook together are Outlook."""
    together = set(_OUTLOOKS) <= set(names)
    said = list(
        dict.fromkeys("Outlook" if together and name in _OUTLOOKS else CLIENTS[name].says for name in names)
    )
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def drops(names: Collection[str], what: str) -> str:
    """`names` drop `what`, as a sentence."""
    by = spoken(names)
    return f"{by} {'drop' if ' and ' in by else 'drops'} {what}"


@cache
def _known() -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    """By feature: who does not take it, and who does so in part."""
    text = resources.files(__package__).joinpath("known", "caniemail.txt").read_text("utf-8")
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            feature, *told = line.split()
            by = {it[0]: frozenset(it[2:].split(",")) for it in told}
            found[feature] = (by.get("n", frozenset()), by.get("a", frozenset()))
    return found
