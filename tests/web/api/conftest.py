"""One site for the tests of a module; those that need both engines open their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.store.engine import open_store
from support.api_site import ApiSite, api_site
from support.databases import START


@pytest.fixture(scope="module")
def api(made_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiSite]:
    """The API over a shop. Its contacts are those of the tests before, so each takes some of its own."""
    folder = tmp_path_factory.mktemp("api")
    shutil.copyfile(made_file, folder / "nurture.db")
    store = open_store(f"sqlite:///{folder / 'nurture.db'}", now=START, durable=False)
    with api_site(store, folder) as site:
        yield site
    store.close()
