"""Lists of tags, as in DKIM's and DMARC's records (RFC 6376 section 3.2)."""

from __future__ import annotations


def read_tags(text: str) -> dict[str, str]:
    """`v=DMARC1; p=none` by name; what is no tag is left out."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip(), value.strip())
    return found
