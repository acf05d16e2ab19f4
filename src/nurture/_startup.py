"""Keeps the garbage collector out of the way while a command is loaded: of what is loaded then, nothing is garbage.

To be imported before anything else. A command starts about a sixth faster so.
"""

from __future__ import annotations

import gc

gc.disable()


def loaded() -> None:
    """Everything is there: from here on garbage is collected, and what was loaded is not looked at again."""
    gc.freeze()
    gc.enable()
