"""Which other senders of a workspace are dead, told at once by locks on files: the machine takes back those of a
process that ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Collection, Iterable
from pathlib import Path

from nurture.clock import Moment, Span
from nurture.runner.template_cache import FOLDER as OWN_FOLDER
from nurture.runner.template_cache import own_folder
from nurture.store.senders import HEARTBEAT, Living

FOLDER = "senders"
SILENT: Span = 2 * HEARTBEAT
"""For so long a sender under another host name must have been silent as well."""


class Neighbours:
    """The lock of one sender, and a look at those of the others. Safe to share by threads.

    Everything here is only faster than the lease, never instead of it: a workspace that cannot be written, or a
    file system without locks, does without.
    """

    def __init__(self, workspace: Path | None) -> None:
        """None: nothing is held, and nobody is found dead."""
        self._workspace = workspace
        self._host = socket.gethostname()
        self._held: tuple[int, Path] | None = None

    def hold(self, sender: int) -> None:
        """Show that `sender` lives, for as long as this process does. To be called before others can know of it."""
        if self._workspace is None:
            return
        with contextlib.suppress(OSError):
            folder = own_folder(self._workspace) / FOLDER
            folder.mkdir(exist_ok=True)
            # Under its name it is never seen without its lock, which goes with the file and not with the name.
            new, path = folder / f"{sender}.new", folder / f"{sender}.lock"
            # O_CLOEXEC: a child that outlives us would seem to be us.
            file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.write(file, _mark(file))
                new.rename(path)
            except BaseException:
                os.close(file)
                new.unlink(missing_ok=True)
                raise
            self._held = (file, path)

    def let_go(self, *, ended: bool) -> None:
        """`ended`: it holds no messages any more, and the file goes, too. Else the others find it dead."""
        if self._held is not None:
            (file, path), self._held = self._held, None
            if ended:
                # Before the lock: whoever opened the file meanwhile finds a sender that has ended in the database.
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            os.close(file)

    def dead(self, living: Iterable[Living], now: Moment) -> list[int]:
        """Those of the `living` that are not.

        Where there is no file, it is of another workspace or machine, and its lease tells.
        """
        if self._workspace is None:
            return []
        # Hosts that share the workspace over NFS see each other's locks: Linux makes of flock a lock at the server
        # there (flock(2), "NFS details"). Not with the mount option `local_lock`, though, and not on every file system
        # that containers share: so under another host name a sender is given time for a sign of life.
        return [
            it.id
            for it in living
            if (it.host == self._host or it.beaten_at < now - SILENT) and _is_left(self._path(it.id))
        ]

    def sweep(self, living: Collection[int]) -> None:
        """Remove the files of dead senders that are not among the `living`."""
        if self._workspace is None:
            return
        kept = {self._path(it) for it in living}
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.lock"):
                if path not in kept and _is_left(path):
                    path.unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        assert self._workspace is not None
        return self._workspace / OWN_FOLDER / FOLDER

    def _path(self, sender: int) -> Path:
        return self._folder / f"{sender}.lock"


def _is_left(path: Path) -> bool:
    """Whether the file is there and nobody holds its lock any more."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared: several may look at once. On NFS that needs no more than reading.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return os.read(file, 100) == _mark(file)
    except OSError:
        return False
    finally:
        os.close(file)


def _mark(file: int) -> bytes:
    """What stands in the file itself and, most likely, in no copy: those have no locks, whoever lives."""
    return b"%d\n" % os.fstat(file).st_ino
