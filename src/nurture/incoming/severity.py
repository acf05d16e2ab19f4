"""How bad a bounce is, where a provider's word and a status code are both told."""

from __future__ import annotations

import re

from nurture.incoming.heard import Severity

_NOT_THE_MAILBOX = re.compile(r"[45]\.[67]\.\d{1,3}")
"""Content and policy (RFC 3463 sections 3.7 and 3.8): whoever else may write, this mailbox is there."""
_FULL = re.compile(r"[45]\.2\.2")


def by_status(severity: Severity, status: str) -> Severity:
    """`severity` as the provider has it, unless the code says that the mailbox is there, or only full."""
    if severity == "hard" and _NOT_THE_MAILBOX.fullmatch(status):
        return "other"
    if severity == "hard" and _FULL.fullmatch(status):
        return "soft"
    return severity
