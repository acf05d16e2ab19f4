"""Sees that a file of the workspace was changed, by looking at when each was: nothing has to be installed for that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from nurture.settings import FILE_NAME

FOLDERS = ("campaigns", "templates")
EVERY = 0.2
"""Seconds between two looks: what is saved is on the page within a second."""

Mark = dict[str, tuple[int, int, int]]


def mark(workspace: Path) -> Mark:
    """Each file with when it was changed, its size and its number; the same as long as nothing was changed."""
    return dict(_files(workspace))


def _files(workspace: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    waiting = [str(workspace / name) for name in FOLDERS]
    yield from _one(str(workspace / FILE_NAME), (workspace / FILE_NAME).stat)
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = [it for it in entries if not it.name.startswith(".")]
        except OSError:
            # Gone, as an editor moves things about; it is looked at again in a moment.
            continue
        for it in found:
            if it.is_dir(follow_symlinks=False):
                waiting.append(it.path)
            else:
                yield from _one(it.path, it.stat)


def _one(path: str, look: Callable[[], os.stat_result]) -> Iterator[tuple[str, tuple[int, int, int]]]:
    try:
        told = look()
    except OSError:
        return
    yield path, (told.st_mtime_ns, told.st_size, told.st_ino)
