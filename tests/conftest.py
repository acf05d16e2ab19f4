"""What all tests share."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

pytest_plugins = ["support.databases", "support.workspaces"]

YEAR = "tests/year/"

# A machine with much to do is no finding.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell starts behind itself is deaf to Ctrl-C, and so would be all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The replayed year first: it takes longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(YEAR))


class _YearTogether(LoadScopeScheduling):
    """The tests of the replayed year in one process: else the others would wait while one makes it."""

    def _split_scope(self, nodeid: str) -> str:
        return YEAR if nodeid.startswith(YEAR) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Whatever is said for --dist."""
    return _YearTogether(config, log)
