"""A shop that the tests of the runner put files into force in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from nurture.store.engine import Store
from support.corner import Corner, files, opened

Open = Callable[..., Corner]


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Iterator[Open]:
    """`shop({"hello": "…"}, {"one": "…"})`: the shop with these campaigns and templates in force."""
    with ExitStack() as stack:

        def open_(campaigns: Mapping[str, str], templates: Mapping[str, str] | None = None) -> Corner:
            return stack.enter_context(opened(store, tmp_path, files(campaigns, templates)))

        yield open_
