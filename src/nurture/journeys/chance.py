"""Chance that stays: the same people always fall on the same side, on every host and after every restart."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_WHOLE = 2**64


def lot(*about: str | int) -> float:
    """A number in [0, 1) that depends on `about` alone, and is spread evenly over what it is asked about."""
    told = "\x1f".join(map(str, about)).encode()
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "big") / _WHOLE


def falls_within(share: float, *about: str | int) -> bool:
    """Whether `about` is among `share` (0 … 1) of all."""
    return lot(*about) < share


def one_of(choices: Sequence[T], *about: str | int) -> T:
    """One of `choices`, each as often as any other."""
    return choices[int(lot(*about) * len(choices))]
