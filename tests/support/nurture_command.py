"""The command `nurture` as a person calls it: in a process of its own, or in this one where that says enough."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from nurture.cli.main import app

COMMAND = (sys.executable, "-c", "from nurture.cli.main import main; main()")


def environment(**more: str) -> dict[str, str]:
    """The environment of a command, without any settings of whoever runs the tests."""
    return {key: value for key, value in os.environ.items() if not key.startswith("NURTURE_")} | more


def nurture(*arguments: str | Path) -> str:
    """Run the command in a process of its own; returns what it said on standard output."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, env=environment(), timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def nurture_json(*arguments: str | Path) -> Any:
    """Run the command with --json in this process; returns the document."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == 0, (done.exception, done.output)
    return json.loads(done.stdout)
