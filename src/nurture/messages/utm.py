"""What is added to links so that the shop's own statistics tell who came from which message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

MEDIUM = "email"
_SITE = re.compile(r"https?://[^/?#\\]+", re.IGNORECASE)
_NAMES = re.compile(r"(?:^|[&;])(utm_[a-z]+)(?==|&|;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """The tags of one workspace; of one campaign once that is known."""

    source: str
    ours: str
    """Where our own pages are: links to them are left as they are."""
    campaign: str = ""

    def on(self, target: str, content: str) -> str:
        """The address with utm_source, utm_medium, utm_campaign and utm_content (the message's name) at its end.

        One that is there already stays, and so does everything else of the address. What leads to our own pages, or is
        no web address, is returned as it is.
        """
        site = _SITE.match(target)
        if site is None or _is_below(target, self.ours):
            return target
        address, mark, fragment = target.partition("#")
        _, begun, query = address.partition("?")
        said = {it.lower() for it in _NAMES.findall(query)}
        wanted = {"source": self.source, "medium": MEDIUM, "campaign": self.campaign, "content": content}
        added = [
            f"utm_{name}={quote(value, safe='')}"
            for name, value in wanted.items()
            if value and f"utm_{name}" not in said
        ]
        if not added:
            return target
        joint = "?" if not begun else "" if not query or query.endswith("&") else "&"
        return f"{address}{joint}{'&'.join(added)}{mark}{fragment}"


def _is_below(target: str, ours: str) -> bool:
    length = len(ours)
    return (
        bool(ours)
        and target[:length].lower() == ours.lower()
        and target[length : length + 1] in ("", "/", "?", "#")
    )
