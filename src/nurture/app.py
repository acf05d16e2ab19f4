"""The one place where things are put together."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Self

from nurture.clock import Clock, SystemClock
from nurture.errors import NurtureError, WorkspaceError
from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls
from nurture.providers.base import Provider
from nurture.providers.inbox import InboxProvider
from nurture.providers.smtp import SmtpProvider
from nurture.runner.prepare import Chance, Preparer
from nurture.runner.send import Handling
from nurture.runner.view import Viewer
from nurture.runner.world import World
from nurture.settings import FILE_NAME, Settings, find_workspace, load
from nurture.store.engine import Store, open_store
from nurture.store.suppressions import hash_address
from nurture.web.deps import InForce, WebDeps

SECRET_FILE = "secret.key"


class App:
    """A workspace with its settings, database and keys. Close it, or use it in a `with`."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.started_at = SystemClock().now()
        keys = settings.secret.split(",")
        self.signer = Signer(*keys)
        self.urls = Urls(settings.web.public_url, self.signer)
        # The oldest key: hashes of suppressed addresses have to be found again when links are signed with a new one.
        self.address_key = keys[-1].encode()

    def provider(self) -> Provider:
        """How mail leaves, as nurture.toml says."""
        if self.settings.provider == "smtp":
            return SmtpProvider(self.settings.relay)
        return InboxProvider(self.store, self.clock)

    def handling(self, world: Callable[[], World], *, chance: Chance = secrets.randbits) -> Handling:
        """How messages of this workspace are prepared and recorded."""
        preparer = Preparer(self.store, self.clock, world, self.urls, self.address_key, chance=chance)
        return Handling(
            prepare=preparer.prepare,
            recheck=preparer.recheck,
            hash_address=lambda address: hash_address(self.address_key, address),
            expiries=lambda: {key: offer.expires for key, offer in world().offers.items()},
        )

    def web(self, world: Callable[[], World]) -> WebDeps:
        """What the pages need."""
        viewer = Viewer(self.store, self.clock, world, self.urls)

        def in_force() -> InForce:
            it = world()
            return InForce(
                stages=it.lifecycle.names,
                topics={campaign.key: campaign.topic for _, campaign in it.in_force},
                aims=frozenset(campaign.key for _, campaign in it.in_force if campaign.goal is not None),
                expires={key: offer.expires for key, offer in it.offers.items()},
            )

        return WebDeps(
            store=self.store,
            settings=self.settings,
            signer=self.signer,
            clock=self.clock,
            in_force=in_force,
            target=viewer.target,
            render=viewer.html,
        )

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_app(workspace: Path | None, *, clock: Clock | None = None, durable: bool = True) -> App:
    """Open the workspace at or above `workspace` (else the current folder). Raises NurtureError."""
    folder = workspace if workspace is not None else find_workspace(Path.cwd())
    settings = load(folder)
    if not settings.secret:
        raise WorkspaceError(
            f"there is no {SECRET_FILE} here, and NURTURE_SECRET is not set",
            where=str(folder),
            remedy="Bring back the file: with another one, links in messages that were sent stop working.",
        )
    clock = clock or SystemClock()
    return App(settings, open_store(settings.database_url, now=SystemClock().now(), durable=durable), clock)


def make_workspace(folder: Path) -> list[Path]:
    """A new workspace with the sample files, a secret and an empty database. Returns the files made.

    Raises WorkspaceError where there is one already, or the folder cannot be written.
    """
    if (folder / FILE_NAME).exists():
        raise WorkspaceError(f"there is a workspace in {folder} already", remedy="Choose another folder.")
    try:
        return _make(folder)
    except OSError as error:
        raise WorkspaceError(
            f"{folder} cannot be written: {error.strerror}", remedy="Choose a folder of your own."
        ) from None


def _make(folder: Path) -> list[Path]:
    sample = sample_files()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("campaigns", "templates"):
        shutil.copytree(sample / name, folder / name, dirs_exist_ok=True)
    shutil.copy(sample / FILE_NAME, folder / FILE_NAME)
    secret = folder / SECRET_FILE
    if not secret.exists():
        descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    settings = load(folder)
    open_store(settings.database_url, now=SystemClock().now(), create=True).close()
    return sorted(path for path in folder.rglob("*") if path.is_file())


def sample_files() -> Path:
    """The sample workspace: in the package where it is installed, at the top of the repository in a checkout."""
    package = Path(str(files("nurture")))
    for candidate in (package / "sample", package.parent.parent):
        if (candidate / FILE_NAME).is_file():
            return candidate
    raise NurtureError("the sample files are not there", remedy="Install nurture again.")
