"""Where the links of a test lead by which people leave, change or answer: a page that says that it was a test."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.runner.sent_tests import PATH
from nurture.web.pages import Pages

SAYS = {
    "unsubscribe": "stops these messages",
    "preferences": "shows what they get, and lets them change it",
    "confirm": "confirms what they asked for",
    "view": "shows the message in the browser",
    "answer": "takes their answer",
}
"""What the link does in a message that is sent, by the word in its address."""


class SentTests:
    """The routes under /t/: the same for everybody, since nobody is in the books."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[Route]:
        """All of them for GET only."""
        return [Route(f"{PATH}/{{what}}", self.show, methods=["GET"]),
                Route(f"{PATH}/answer/{{question}}/{{answer}}", self.show_answer, methods=["GET"])]  # fmt: skip

    async def show(self, request: Request) -> Response:
        """What the link does in a message that is sent."""
        says = SAYS.get(request.path_params["what"])
        if says is None:
            raise HTTPException(404)
        return self._pages.answer("sent_test.html", {"says": says})

    async def show_answer(self, _request: Request) -> Response:
        """The same, deeper down."""
        return self._pages.answer("sent_test.html", {"says": SAYS["answer"], "up": "../../../"})
