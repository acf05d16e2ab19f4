"""What all tests share."""

from __future__ import annotations

import pytest

pytest_plugins = ["support.databases", "support.workspaces"]

YEAR = "tests/year/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The replayed year first, and in one process: else the others would wait while one makes it."""
    for item in items:
        if item.nodeid.startswith(YEAR):
            item.add_marker(pytest.mark.xdist_group("year"))
    items.sort(key=lambda item: not item.nodeid.startswith(YEAR))
