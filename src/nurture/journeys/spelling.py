"""How words are spelled: keys in their three ways, near misses, quotation marks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def nearest(word: str, words: Iterable[str]) -> str:
    """The one of `words` that was meant; empty where none is near."""
    return next(iter(difflib.get_close_matches(word, sorted(words), 1)), "")


def near(word: str, words: Iterable[str]) -> str:
    """`did you mean "…"?` for the nearest of `words`; empty where none is near."""
    match = nearest(word, words)
    return f'did you mean "{match}"?' if match else ""


def spoken(key: str) -> str:
    """A key as the language page spells it: `wait for`."""
    return key.strip("_").replace("_", " ")


def quoted(written: str) -> str:
    """`written` in quotation marks, cut where it is long."""
    return f'"{written}"' if len(written) <= 60 else f'"{written[:59]}…"'


def normal(key: str) -> str:
    """Keys may be written with spaces, `_` or `-`: all three are one."""
    return re.sub(r"[\s_-]+", "_", key.strip())
