"""nurture.js, for the pages of a shop: what a visitor does there, told to the API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.web.pages import STATIC

_HEADERS = {"cache-control": "public, max-age=3600", "access-control-allow-origin": "*"}


class Snippet:
    """The route /nurture.js."""

    def __init__(self) -> None:
        self._script = (STATIC / "nurture.js").read_bytes()

    def routes(self) -> list[Route]:
        """One script."""
        return [Route("/nurture.js", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The script, for pages anywhere."""
        return Response(self._script, media_type="text/javascript", headers=_HEADERS)
