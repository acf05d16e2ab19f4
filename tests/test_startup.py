"""The garbage collector rests while a command is loaded, and works from then on."""

from __future__ import annotations

import subprocess
import sys


def test_it_is_off_while_commands_are_loaded_and_on_afterwards() -> None:
    code = (
        "import gc, nurture._startup; print(gc.isenabled());"
        "import nurture.cli.main; print(gc.isenabled(), gc.get_freeze_count() > 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True"]
