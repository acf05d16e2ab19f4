"""The application under /api/v1, put together."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from nurture import __version__
from nurture.errors import NurtureError
from nurture.web.api.browser import Browsers
from nurture.web.api.codes import Codes
from nurture.web.api.contacts import Contacts
from nurture.web.api.document import Documents, describe
from nurture.web.api.door import Door
from nurture.web.api.gate import Gate
from nurture.web.api.messages import Messages
from nurture.web.api.problems import answer_of
from nurture.web.api.rows import Rows
from nurture.web.deps import WebDeps
from nurture.web.pages import Pages

_QUIET = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def build_api(deps: WebDeps, pages: Pages, *, ticks: Callable[[], float] = monotonic) -> ASGIApp:
    """The API. `ticks` tells the seconds since some moment, for what is kept in memory for a time."""
    app = FastAPI(
        title="nurture",
        version=__version__,
        description="Contacts, events, orders and products come in, single messages go out.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    gate = Gate(deps, ticks)
    app.state.gate = gate
    app.router.route_class = Door
    for part in (Rows, Contacts, Codes, Messages, Browsers):
        part(deps, gate).add_to(app)
    describe(app)
    Documents(app, pages).add_to(app)
    for kind in (HTTPException, RequestValidationError, NurtureError, Exception):
        app.add_exception_handler(kind, _answer)
    return app


async def _answer(_request: Request, error: Exception) -> Response:
    return answer_of(error)
