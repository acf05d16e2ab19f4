"""The way in: what is asked for most goes straight to its answer, everything else through the framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from nurture.web.tracked import Endpoint

_LETTERS = 3


class Front(Starlette):
    """An application that answers GET and HEAD below `/o/`, `/c/` and `/h/` before its middleware and its routing.

    Those endpoints are routes of it too, for all other methods.
    """

    def __init__(self, straight: Mapping[str, Endpoint], **settings: Any) -> None:
        """`straight`: the endpoints by the first three letters of the path; `settings` as Starlette takes them."""
        super().__init__(**settings)
        self._straight = dict(straight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            endpoint = self._straight.get(scope["path"][:_LETTERS])
            if endpoint is not None:
                await endpoint(scope, receive, send)
                return
        await super().__call__(scope, receive, send)
