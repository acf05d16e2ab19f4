"""A new workspace: the sample files, a secret and an empty database."""

from __future__ import annotations

import os
import secrets
import shutil
from importlib.resources import files
from pathlib import Path

from nurture.clock import SystemClock
from nurture.errors import NurtureError, WorkspaceError
from nurture.settings import FILE_NAME, SECRET_FILE, load
from nurture.store.engine import open_store

SAMPLE_FOLDERS = ("campaigns", "schema", "templates")


def make_workspace(folder: Path) -> list[Path]:
    """A new workspace with the sample files, a secret and an empty database. Returns the files made.

    In a workspace that has lost its database, or never got one, it makes that alone. Raises WorkspaceError where
    there is nothing to make, or the folder cannot be written; then nothing of what is there was changed.
    """
    try:
        if (folder / FILE_NAME).exists():
            return _make_database(folder)
        return _make(folder)
    except OSError as error:
        raise WorkspaceError(
            f"no workspace can be made here: {error.strerror}",
            where=str(folder),
            remedy="Choose a folder of your own.",
        ) from None


def _make(folder: Path) -> list[Path]:
    sample = sample_files()
    taken = [name for name in SAMPLE_FOLDERS if (folder / name).exists()]
    if taken:
        raise WorkspaceError(
            f"there is something called {' and '.join(taken)} here already",
            where=str(folder.resolve()),
            remedy="Choose another folder, or move that away.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name in SAMPLE_FOLDERS:
            shutil.copytree(sample / name, folder / name)
        shutil.copy(sample / FILE_NAME, folder / FILE_NAME)
        made = [path for name in SAMPLE_FOLDERS for path in (folder / name).rglob("*") if path.is_file()]
        return sorted([*made, folder / FILE_NAME, *_make_database(folder)])
    except BaseException:
        # All or nothing: half a workspace would be in the way of the next try.
        for name in SAMPLE_FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / FILE_NAME).unlink(missing_ok=True)
        raise


def _make_database(folder: Path) -> list[Path]:
    settings = load(folder)
    try:
        open_store(settings.database_url, now=SystemClock().now()).close()
    except WorkspaceError:
        secret = folder / SECRET_FILE
        made = [] if settings.secret else [_make_secret(secret)]
        open_store(settings.database_url, now=SystemClock().now(), create=True).close()
        return [*made, settings.database_file] if settings.database_file else made
    raise WorkspaceError(
        "there is a workspace here already", where=str(folder.resolve()), remedy="Choose another folder."
    )


def _make_secret(path: Path) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return path


def sample_files() -> Path:
    """The sample workspace: in the package where it is installed, at the top of the repository in a checkout."""
    package = Path(str(files("nurture")))
    for candidate in (package / "sample", package.parent.parent):
        if (candidate / FILE_NAME).is_file():
            return candidate
    raise NurtureError("the sample files are not there", remedy="Install nurture again.")
