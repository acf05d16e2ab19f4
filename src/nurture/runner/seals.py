"""The keys of a workspace, made ready: for links, for hashes of addresses, for signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nurture.errors import WorkspaceError
from nurture.messages.dkim import DkimSigners
from nurture.messages.tokens import Signer
from nurture.settings import Settings
from nurture.settings.dkim_keys import read_keys
from nurture.store import suppressions
from nurture.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Seals:
    """What makes our tokens and signatures ours."""

    signer: Signer
    address_key: bytes
    """For the hashes under which addresses are suppressed."""
    dkim: DkimSigners


def address_key_in(store: Store, keys: Sequence[str]) -> bytes:
    """The one of `keys` under which suppressed addresses are kept here; in a new database, the oldest.

    Raises WorkspaceError where it is not among them any more: nobody who said no would be known again.
    """
    with store.read() as tx:
        mark = suppressions.key_mark(tx)
    found = next((key for key in keys if suppressions.mark_of(key.encode()) == mark), "")
    if found:
        return found.encode()
    with store.write() as tx:
        count = suppressions.count(tx) if mark else 0
        if not count:
            suppressions.sign(tx, keys[-1].encode())
            return keys[-1].encode()
    raise WorkspaceError(
        f"the key under which {count:,} suppressed addresses are kept is not among those of secret.key or "
        "NURTURE_SECRET: nobody who said no would be known again",
        where=store.where,
        remedy="Put the old key behind the new one, with a comma between (NEW,OLD), or bring back the file.",
    )


def seals_of(settings: Settings, keys: Sequence[str], address_key: bytes) -> Seals:
    """From `keys`, the newest first, and the key files of `[dkim]`. Raises SettingsError with every fault of these."""
    return Seals(signer=Signer(*keys), address_key=address_key, dkim=DkimSigners(read_keys(settings)))
