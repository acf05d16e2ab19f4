"""The pictures of a workspace, and the addresses under which the web process serves them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from nurture.settings.brand import IMAGE_NAME

IMAGES = "templates/images"
LARGEST = 5_000_000
"""Bytes of one picture."""
HASH_DIGITS = 12


def addresses(workspace: Path, public_url: str) -> dict[str, str]:
    """Where each picture is served, by its path below templates/images/. Other files are passed over."""
    return {
        name: f"{public_url}/images/{hashed(name, path.read_bytes())}" for name, path in pictures(workspace)
    }


def pictures(workspace: Path) -> Iterator[tuple[str, Path]]:
    """The pictures that are served: by their names, no links, not too large, in order."""
    for path, name in _files(workspace):
        if IMAGE_NAME.fullmatch(name) and path.stat().st_size <= LARGEST:
            yield name, path


def others(workspace: Path) -> Iterator[tuple[str, str]]:
    """Files that are not served: the name and why."""
    for path, name in _files(workspace):
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        if not IMAGE_NAME.fullmatch(name):
            yield (
                name,
                "its name has blanks, more than one dot or other signs, or its ending is not png, jpg, gif or webp",
            )
        elif path.stat().st_size > LARGEST:
            yield name, "it is larger than 5 MB"


def hashed(name: str, content: bytes) -> str:
    """The name that `content` is served under: another content, another name, so that nobody sees an old copy."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:HASH_DIGITS]}.{ending}"


def _files(workspace: Path) -> Iterator[tuple[Path, str]]:
    root = workspace / IMAGES
    if root.is_symlink() or not root.is_dir():
        return
    whole = root.resolve()
    for path in sorted(root.rglob("*")):
        # A folder on the way may be a link too.
        if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(whole):
            yield path, path.relative_to(root).as_posix()
