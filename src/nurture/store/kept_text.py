"""Text from outside as both engines keep it: PostgreSQL takes neither NUL nor halves of characters."""

from __future__ import annotations


def kept(text: str, longest: int) -> str:
    """At most `longest` characters of `text`, with U+FFFD and `?` in place of what cannot be kept."""
    return text[:longest].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
