"""The keys of a workspace, made ready: for links, for hashes of addresses, for signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nurture.messages.dkim import DkimSigners
from nurture.messages.tokens import Signer
from nurture.settings import Settings
from nurture.settings.dkim_keys import read_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Seals:
    """What makes our tokens and signatures ours."""

    signer: Signer
    address_key: bytes
    """For the hashes under which addresses are suppressed."""
    dkim: DkimSigners


def address_key_of(keys: Sequence[str]) -> bytes:
    """The oldest key: hashes of suppressed addresses have to be found again when links are signed with a new one."""
    return keys[-1].encode()


def seals_of(settings: Settings, keys: Sequence[str]) -> Seals:
    """From `keys`, the newest first, and the key files of `[dkim]`. Raises SettingsError with every fault of these."""
    return Seals(
        signer=Signer(*keys), address_key=address_key_of(keys), dkim=DkimSigners(read_keys(settings))
    )
