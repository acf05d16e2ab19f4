"""The facts behind a reason, as they are kept beside it: a map of name to text, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

NOTHING: Mapping[str, str] = MappingProxyType({})


def as_text(saw: Mapping[str, str]) -> str:
    """What is stored; in ASCII, since PostgreSQL keeps neither NUL nor halves of characters."""
    return json.dumps(dict(saw)) if saw else "{}"


def from_text(stored: str) -> dict[str, str]:
    """What was stored."""
    return {} if stored == "{}" else json.loads(stored)
