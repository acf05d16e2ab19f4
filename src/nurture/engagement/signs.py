"""The signs of a machine, each with its weight, in one table.

Opens and clicks by machines: link scanners of companies and of mailbox providers follow every link within
seconds of delivery; Apple's privacy proxy fetches every picture and calls itself exactly `Mozilla/5.0`; the
image proxies of Google and Yahoo fetch when a person opens, so theirs are a person's opens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nurture.clock import MINUTE, SECOND, Span

RULES = 2
"""The version of the rules: the table below, what `agents.py` and `known/` say, and how `verdict.py` reads them.

It goes up with every change that may give a hit another verdict; `nurture rescore` then finds what was judged before.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSign:
    """One sign: how much it weighs (1 and more: a machine; 0.5 and more: we cannot tell) and what it says."""

    weight: float
    kind: Literal["scanner", "prefetch"]
    reason: str
    spreads: Literal["", "seconds", "minutes"] = ""
    """How long around it, it tells on what else comes from there: see BESIDE and SAME_MACHINE."""


SIGNS: dict[str, MachineSign] = {
    "hidden": MachineSign(
        weight=2.0, kind="scanner", reason="followed the link that no person sees", spreads="minutes"
    ),
    "near hidden": MachineSign(
        weight=1.5, kind="scanner", reason="came with one that followed the hidden link"
    ),
    "burst": MachineSign(
        weight=1.5, kind="scanner", reason="three or more links within 10 seconds", spreads="seconds"
    ),
    "crawler": MachineSign(
        weight=1.5, kind="scanner", reason="the agent is a known crawler, scanner or script"
    ),
    "network": MachineSign(
        weight=1.5, kind="scanner", reason="from the network of a mail filter", spreads="minutes"
    ),
    "purpose": MachineSign(weight=1.5, kind="prefetch", reason="says itself that it fetches ahead"),
    "apple": MachineSign(weight=1.2, kind="prefetch", reason="Apple's privacy proxy fetches every picture"),
    "ahead": MachineSign(
        weight=1.2, kind="prefetch", reason="the agent under which Google fetches pictures ahead"
    ),
    "head": MachineSign(
        weight=1.0, kind="scanner", reason="asked for the headers only (HEAD)", spreads="minutes"
    ),
    "transit": MachineSign(
        weight=1.0, kind="scanner", reason="before the message was delivered", spreads="minutes"
    ),
    "click at once": MachineSign(
        weight=1.0, kind="scanner", reason="a click within 2 seconds of delivery", spreads="minutes"
    ),
    "same machine": MachineSign(
        weight=1.0, kind="scanner", reason="the same address and agent as a scanner shortly before or after"
    ),
    "beside": MachineSign(
        weight=1.0, kind="scanner", reason="the same address as a scanner in the same seconds"
    ),
    "many names": MachineSign(
        weight=1.0,
        kind="scanner",
        reason="clicks from one address under several agents within 10 seconds",
        spreads="minutes",
    ),
    "bare agent": MachineSign(weight=1.0, kind="scanner", reason="no browser calls itself just Mozilla/5.0"),
    "no browser": MachineSign(
        weight=1.0, kind="scanner", reason="a click, and the agent is not that of a browser"
    ),
    "no language": MachineSign(
        weight=0.6, kind="scanner", reason="a browser, and it does not say which language it wants"
    ),
    "in their order": MachineSign(
        weight=0.6, kind="scanner", reason="four or more links in the very order in which they stand"
    ),
    "click early": MachineSign(weight=0.5, kind="scanner", reason="a click within 10 seconds of delivery"),
    "open at once": MachineSign(weight=0.5, kind="prefetch", reason="an open within 2 seconds of delivery"),
    "no agent": MachineSign(weight=0.5, kind="scanner", reason="no browser hides its name"),
    "two at once": MachineSign(weight=0.4, kind="scanner", reason="two links within a second"),
}

MACHINE = 1.0
"""From this sum of weights on, it was a machine."""

UNSURE = 0.5
"""From this sum on we cannot tell."""

BURST_LINKS = 3
BURST_SPAN: Span = 10 * SECOND
ORDERED_LINKS = 4
ORDERED_GAP: Span = 2 * MINUTE
"""From one link to the one behind it, without leaving any out: people do."""
PAIR_SPAN: Span = 1 * SECOND
NAMES_SPAN: Span = 10 * SECOND
AT_ONCE: Span = 2 * SECOND
EARLY: Span = 10 * SECOND
NEAR_HIDDEN: Span = 10 * SECOND
"""Hits of any agent this near to a hit of the hidden link were made by the same machine."""
SAME_MACHINE: Span = 30 * MINUTE
"""Hits from the same address with the same agent as a scanner, up to this far from it."""
BESIDE: Span = 10 * SECOND
"""Hits from the same address as a scanner, whatever the agent: longer than this and it may be a person in the same
company as the scanner."""
OPENED: Span = 30 * SECOND
"""A person who clicks that early has the message before them: their open, through a proxy that fetches for people, is
at most this long before the click."""
