"""The words for every key of every shape, put together."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.schema.word import Word
from nurture.campaigns.schema.words_campaign import CAMPAIGN
from nurture.campaigns.schema.words_files import FILES
from nurture.campaigns.schema.words_steps import STEPS
from nurture.journeys.shape import Shape

WORDS: Mapping[str, Mapping[str, Word]] = {**CAMPAIGN, **STEPS, **FILES}
"""By the name of the shape, or of a parent of it, and by key."""


def word_for(model: type[Shape], key: str) -> Word:
    """What is said about a key of `model`. Raises LookupError where nobody wrote it."""
    for kind in model.__mro__:
        found = WORDS.get(kind.__name__, {}).get(key)
        if found is not None:
            return found
    raise LookupError(f"nothing is said about `{key}:` of {model.__name__} in schema/words_….py")
