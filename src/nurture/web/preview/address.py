"""The address of the preview page for what somebody wants to see."""

from __future__ import annotations

from urllib.parse import urlencode

from nurture.runner.studio_talk import Asked


def page_of(asked: Asked) -> str:
    """Path and query, as preview.js reads them."""
    given = {"template": asked.template, "for": asked.whom}
    if asked.locale is not None:
        given["locale"] = asked.locale
    query = urlencode({name: value for name, value in given.items() if value or name == "locale"})
    return f"/?{query}" if query else "/"
