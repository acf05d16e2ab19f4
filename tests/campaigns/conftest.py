"""The sound workspace of `support/sound.py`, for every test of a file that is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nurture.campaigns.book import Book
from support.sound import read_among


@pytest.fixture
def read_with() -> Callable[[dict[str, str]], Book]:
    """Reads the sound workspace with these files put in."""
    return read_among
