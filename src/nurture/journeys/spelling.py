"""How words are spelled: keys in their three ways, near misses, quotation marks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache


def nearest(word: str, words: Iterable[str]) -> str:
    """The one of `words` that was meant; empty where none is near. A wrong letter is likelier than a missing one."""
    found = difflib.get_close_matches(word, sorted(words), 3, 0.65)
    return max(found, key=lambda it: _likeness(word, it), default="")


def _likeness(word: str, other: str) -> float:
    alike = difflib.SequenceMatcher(a=other, b=word).ratio()
    return alike + (0.15 if len(word) == len(other) else 0)


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


@lru_cache(maxsize=1024)
def normal(key: str) -> str:
    """Keys may be written with spaces, `_` or `-`: all three are one."""
    return re.sub(r"[\s_-]+", "_", key.strip())
