"""DKIM (RFC 6376): whether what is published under a selector is our key."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from nurture.messages.dkim_record import kind_of, public_half, record_of
from nurture.reports.doctor.tags import read_tags
from nurture.reports.doctor.verdict import Publish, Verdict, verdict
from nurture.settings.dkim_keys import SigningKey

_TOPIC = "DKIM"
_GOOD_BITS = 2048


def judge(key: SigningKey, texts: Sequence[str]) -> list[Verdict]:
    """`texts`: the TXT records at the key's name."""
    name, publish = key.record_name, Publish(name=key.record_name, value=record_of(key.private))
    found = [tags for tags in map(read_tags, texts) if "p" in tags and tags.get("v", "DKIM1") == "DKIM1"]
    if not found:
        return [
            verdict("missing", _TOPIC, f"{name} publishes no key", "Publish this record.", publish=publish)
        ]
    if len(found) > 1:
        return [
            verdict(
                "missing",
                _TOPIC,
                f"{name} publishes {len(found)} keys; receivers take any of them",
                "Leave only this one.",
                publish=publish,
            )
        ]
    tags = found[0]
    wrong = _wrong(key, tags)
    if wrong:
        return [
            verdict("missing", _TOPIC, f"{name}: {wrong}", "Publish this record instead.", publish=publish)
        ]
    return [*_doubts(key, tags)] or [
        verdict("ok", _TOPIC, f"{name} publishes our {kind_of(key.private)} key")
    ]


def unsigned(domain: str, sender: str, *, any_keys: bool) -> Verdict:
    """A From that no key signs for."""
    if any_keys:
        what = f"mail from {sender} is not signed: no key is for {domain}"
    else:
        what = f"mail from {sender} is not signed here"
    return verdict(
        "missing" if any_keys else "warning",
        _TOPIC,
        what,
        f"Make a key: nurture dkim new --domain {domain}"
        + ("" if any_keys else ". Where your relay signs for you, none is needed."),
    )


def _wrong(key: SigningKey, tags: dict[str, str]) -> str:
    published = re.sub(r"\s", "", tags["p"])
    if not published:
        return "the key there was withdrawn (p= is empty)"
    kind = tags.get("k", "rsa")
    if kind != kind_of(key.private):
        return f"the key there is of the kind {kind}, ours is {kind_of(key.private)}"
    if published.rstrip("=") != public_half(key.private).rstrip("="):
        return "the key there is not ours, so every signature fails"
    if "h" in tags and "sha256" not in tags["h"].replace(" ", "").split(":"):
        return f"it forbids sha256 (h={tags['h']})"
    if tags.get("s", "*").replace(" ", "") not in ("*", "email") and "email" not in tags["s"]:
        return f"it is not for mail (s={tags['s']})"
    return ""


def _doubts(key: SigningKey, tags: dict[str, str]) -> list[Verdict]:
    found = []
    if "y" in tags.get("t", "").replace(" ", "").split(":"):
        found.append(
            verdict(
                "warning",
                _TOPIC,
                f"{key.record_name} says that it is only a test (t=y), so it may count for nothing",
                "Take t=y out of the record.",
            )
        )
    if isinstance(key.private, RSAPrivateKey) and key.private.key_size < _GOOD_BITS:
        found.append(
            verdict(
                "warning",
                _TOPIC,
                f"the key {key.selector} of {key.domain} has {key.private.key_size} bits",
                "Make one of 2048 bits under another selector: nurture dkim new --selector NAME",
            )
        )
    return found
