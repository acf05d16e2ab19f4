"""What was found out about templates, kept in the workspace between commands: they are compiled when they change.

One JSON file. What is not asked for when it is written again is gone, so it never holds more than one workspace needs.
It may be removed at any time, and a workspace that cannot be written does without.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from nurture.messages.compiled import Compiled
from nurture.messages.lint import FORMAT as LINT_FORMAT
from nurture.messages.lint import Flaw

FOLDER = ".nurture"
FILE = "templates.json"
LARGEST = 64_000_000
"""Bytes that are read."""

_FORMAT = f"1.{LINT_FORMAT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One message in one language."""

    compiled: Compiled
    flaws: tuple[Flaw, ...]
    tried: str = ""
    """For which contacts, as they were then, it was rendered without a fault; see `template_trials`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    format: str
    kept: Mapping[str, Kept] = field(default_factory=dict)
    """By fingerprint."""


_READER = TypeAdapter(_File)


def load(workspace: Path | None) -> dict[str, Kept]:
    """What is kept, by fingerprint. Nothing where there is nothing, or nothing that can be read."""
    if workspace is None:
        return {}
    try:
        path = workspace / FOLDER / FILE
        if path.stat().st_size > LARGEST:
            return {}
        found = _READER.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
    return dict(found.kept) if found.format == _FORMAT else {}


def save(workspace: Path | None, kept: Mapping[str, Kept]) -> None:
    """Keep exactly these. Whoever reads meanwhile sees the old file or the new one, whole."""
    if workspace is None:
        return
    with suppress(OSError):
        _replace(own_folder(workspace) / FILE, _READER.dump_json(_File(format=_FORMAT, kept=kept)))


def own_folder(workspace: Path) -> Path:
    """The folder of what nurture keeps for itself, made where it is not there. Raises OSError."""
    folder = workspace / FOLDER
    folder.mkdir(exist_ok=True)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="ascii")
    return folder


def _replace(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
