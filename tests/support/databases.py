"""Fixtures: a store on each engine, quickly, with nothing left behind.

`store` and `database_url` run a test twice, on SQLite and on PostgreSQL; `sqlite_url` and `postgres_url`
once. The tables are made once a session and copied for each test.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nurture.clock import Moment
from nurture.store.engine import Store, open_store
from support.lacking import lacking
from support.postgres import CannotStart, PostgresServer

START: Moment = 1_483_228_800_000_000
"""2017-01-01T00:00Z: when the tests' databases were made."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, one for each process that runs tests."""
    try:
        server = PostgresServer()
    except (CannotStart, OSError) as error:
        lacking(f"PostgreSQL does not start here: {error}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def made_postgres(postgres: PostgresServer) -> str:
    """The name of a database that holds the tables and nothing else."""
    name = postgres.create()
    open_store(postgres.url(name), now=START, create=True).close()
    return name


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the tables and nothing else."""
    path = tmp_path_factory.mktemp("made") / "nurture.db"
    open_store(f"sqlite:///{path}", now=START, create=True, durable=False).close()
    return path


@pytest.fixture
def sqlite_url(made_file: Path, tmp_path: Path) -> str:
    """A SQLite database with the tables, for this test alone."""
    return _copied(made_file, tmp_path)


def _copied(made_file: Path, folder: Path) -> str:
    path = folder / "store" / "nurture.db"
    path.parent.mkdir()
    shutil.copyfile(made_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def empty_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database without any tables, for this test alone."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def postgres_url(postgres: PostgresServer, made_postgres: str) -> Iterator[str]:
    """A PostgreSQL database with the tables, for this test alone."""
    name = postgres.create(made_postgres)
    yield postgres.url(name)
    postgres.drop(name)


@contextmanager
def new_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """A database with the tables on the engine of `request.param`: for fixtures that several tests share."""
    if request.param == "sqlite":
        yield _copied(request.getfixturevalue("made_file"), folder)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create(request.getfixturevalue("made_postgres"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with the tables, on each engine in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An open store with the tables and nothing in them, on each engine in turn."""
    opened = open_store(database_url, now=START, durable=False)
    yield opened
    opened.close()
