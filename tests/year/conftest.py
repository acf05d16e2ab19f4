"""A real grocer's year, replayed once for all tests of a session."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.nurture_command import nurture
from support.stages_by_hand import GROCERY

SIGN_UPS = 40
STEP_HOURS = 72
"""The clock of the replay moves so far at a time: a finer step takes longer and shows nothing else."""


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The replayed workspace; nobody writes into it. Processes that run tests side by side share it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "year"
    with (base / "year.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / "year.made").exists():
            _make(folder)
            (base / "year.made").touch()
    return folder


def _make(folder: Path) -> None:
    nurture("init", folder)
    here = ("--workspace", folder)
    basis = ("--consent", "the shop's loyalty card", "--since", "2017-01-01")
    nurture("import", "contacts", GROCERY / "contacts.csv", *basis, *here)
    nurture("import", "products", GROCERY / "products.csv.gz", *here)
    nurture("import", "orders", GROCERY / "orders.csv.gz", *here)
    span = ("--from", "2017-01-01", "--to", "2018-01-01")
    nurture("replay", *span, "--sign-ups", str(SIGN_UPS), "--step", str(STEP_HOURS), *here)


@pytest.fixture(scope="session")
def db(year: Path) -> Iterator[sqlite3.Connection]:
    """The workspace's database, read without nurture."""
    connection = sqlite3.connect(f"file:{year / 'nurture.db'}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()
