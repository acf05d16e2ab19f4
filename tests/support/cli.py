"""The command line as a person meets it: what a command says, where, and how it ends."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nurture.cli.main import main

PROGRAM = Path(sys.executable).with_name("nurture")
"""The installed command, for what only a process of its own can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output, as the one JSON document that it must be."""
        return json.loads(self.out)


class Nurture:
    """Runs commands in a workspace of its own, through `main` and nothing less."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run `nurture ARGUMENTS` with the workspace as the current folder."""
        out, err = io.StringIO(), io.StringIO()
        before = sys.argv
        sys.argv = ["nurture", *map(str, arguments)]
        status: Any = 0
        try:
            with chdir(self.workspace), redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as ending:
            status = ending.code or 0
        finally:
            sys.argv = before
        assert isinstance(status, int)
        return Ran(status=status, out=out.getvalue(), err=err.getvalue())

    def ok(self, *arguments: str | Path) -> Ran:
        """The same, where it has to be done."""
        ran = self(*arguments)
        assert ran.status == 0, ran.err or ran.out
        return ran

    def file(self, path: str, content: str | bytes) -> Path:
        """Write a file in the workspace."""
        where = self.workspace / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content.encode() if isinstance(content, str) else content)
        return where

    def edit(self, path: str, old: str, new: str) -> None:
        """Change words that stand in a file of the workspace."""
        where = self.workspace / path
        text = where.read_text()
        assert old in text
        where.write_text(text.replace(old, new, 1))


def copy_of(made: Path, folder: Path) -> Nurture:
    """A workspace like `made`, in `folder`."""
    shutil.copytree(made, folder)
    return Nurture(folder)


def environment() -> dict[str, str]:
    """That of a process of its own, without what this one was told for nurture."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NURTURE_")}
