"""Soft bounces: a mailbox that is full or switched off day after day is nobody's any more.

Each counts half a point, at most once a day (in UTC); whatever arrives wipes the score out. `store/destinations.py`
keeps it.
"""

from __future__ import annotations

SCORE = 0.5
"""Of one soft bounce."""

THRESHOLD = 2.5
"""From here on the address is suppressed: five days on which mail bounced, and none on which it arrived."""
