"""What all tests share."""

from __future__ import annotations

import functools
import gc
import signal
from pathlib import Path

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


def pytest_collection_finish() -> None:
    """All that was loaded stays: not to be looked through for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class _Together(LoadScopeScheduling):
    """Tests that share what is dear to make are run by one process; all others by whoever has time."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(YEAR):
            return YEAR
        module = nodeid.partition("::")[0]
        return module if _shares(self.config.rootpath / module) else nodeid


@functools.cache
def _shares(module: Path) -> bool:
    files = (module, module.with_name("conftest.py"))
    return any('scope="module"' in it.read_text("utf-8") for it in files if it.exists())


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Whatever is said for --dist."""
    return _Together(config, log)
