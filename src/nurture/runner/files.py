"""The workspace's files, read into text: the only place that opens campaign files and templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from nurture.errors import FilesError, WorkspaceError

CAMPAIGNS = "campaigns"
TEMPLATES = "templates/email"

LARGEST = 1_000_000
"""Bytes of one file. A campaign file of this size was not written by a person."""


def read_files(workspace: Path) -> dict[str, str]:
    """Every campaign file (*.yaml, *.yml) and template, by its path from the workspace, in order.

    Raises FilesError for a file that is no text, too large, or lies outside of the workspace by a link.
    """
    root = workspace.resolve()
    files = {}
    for path in sorted(_candidates(root)):
        name = path.relative_to(root).as_posix()
        if not path.resolve().is_relative_to(root):
            raise FilesError(
                "this is a link that leads out of the workspace", where=name, remedy="Copy the file in."
            )
        files[name] = _read(path, name)
    return files


def part(files: Mapping[str, str], folder: str) -> dict[str, str]:
    """Those below `folder`, by their path from it."""
    prefix = folder + "/"
    return {name.removeprefix(prefix): text for name, text in files.items() if name.startswith(prefix)}


def _candidates(root: Path) -> Iterator[Path]:
    if not (root / CAMPAIGNS).is_dir():
        raise WorkspaceError(
            f"there is no folder {CAMPAIGNS}/ in {root}", remedy="Make a workspace: nurture init DIR"
        )
    for folder in (CAMPAIGNS, TEMPLATES):
        for path in (root / folder).rglob("*"):
            hidden = any(piece.startswith(".") for piece in path.relative_to(root).parts)
            if path.is_file() and not hidden and _belongs(path, folder):
                yield path


def _belongs(path: Path, folder: str) -> bool:
    if folder == CAMPAIGNS:
        return path.suffix in (".yaml", ".yml")
    return path.suffix in (".md", ".html")


def _read(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise FilesError(
                "this file is larger than 1 MB", where=name, remedy="Was it saved here by mistake?"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FilesError(
            f"this is not UTF-8 text (byte {error.start})", where=name, remedy="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise FilesError(f"this cannot be read: {error.strerror}", where=name) from None
