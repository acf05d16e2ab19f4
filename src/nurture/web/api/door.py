"""A route of the API: what it asks of a request before its own function sees it, in one place for all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from nurture.errors import NurtureError
from nurture.runner.api_keys import BROWSER
from nurture.store.api_keys import ApiKey
from nurture.web.api.gate import Gate, allow, claim_of
from nurture.web.api.problems import KINDS, MEDIA_TYPE, Problem, answer_of

JSON = "application/json"
NDJSON = "application/x-ndjson"

LARGEST_JSON = 1024 * 1024
"""Bytes of a body that is one JSON document."""

_EXPECTED = (HTTPException, RequestValidationError, NurtureError, ClientDisconnect)
_SCOPE = "x-scope"
_ONCE = "x-idempotent"
_ALWAYS = (401, 403, 429, 500, 503)
_WITH_BODY = (400, 413, 415, 422)


class Door(APIRoute):
    """Asks for a key with the right scope, keeps it to its allowance, looks at the body's type and size, and gives the
    same answer again where the request bears an Idempotency-Key it bore before."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, behind the door."""
        handle = super().get_route_handler()
        about = self.openapi_extra or {}
        scope, is_once = about[_SCOPE], about.get(_ONCE, False)
        types = tuple(about.get("requestBody", {}).get("content", ()))

        async def enter(request: Request) -> Response:
            gate: Gate = request.app.state.gate
            headers = _for_pages(request, gate) if scope == BROWSER else {}
            try:
                key = await gate.who(request)
                left = gate.spend(gate.spender(request, key))
                headers |= left.headers
                if left.is_over:
                    raise Problem("rate-limited")
                allow(key, scope)
                request.state.key = key
                response = await _within(gate, request, key, types, is_once, handle)
            except _EXPECTED as error:
                response = answer_of(error)
            response.headers.update(headers)
            return response

        return enter


async def _within(
    gate: Gate,
    request: Request,
    key: ApiKey,
    types: Sequence[str],
    is_once: bool,
    handle: Callable[[Request], Coroutine[Any, Any, Response]],
) -> Response:
    async def answer() -> Response:
        try:
            return await handle(request)
        except _EXPECTED as error:
            return answer_of(error)

    if types:
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given not in types:
            raise Problem("wrong-type", f"here it is {' or '.join(types)}")
        if given == JSON and len(await request.body()) > LARGEST_JSON:
            raise Problem("too-large")
    if is_once and "idempotency-key" in request.headers:
        # A batch is read as a whole then: only so can it be told from another one.
        claim = claim_of(request, key, await request.body())
        if claim is not None:
            return await gate.once(claim, answer)
    return await answer()


def _for_pages(request: Request, gate: Gate) -> dict[str, str]:
    """The headers that let a page read the answer (CORS)."""
    origin = request.headers.get("origin", "")
    return {"access-control-allow-origin": origin, "vary": "origin"} if origin in gate.origins else {}


def opened_by(
    scope: str,
    *,
    body: Mapping[str, Mapping[str, Any]] | None = None,
    is_once: bool = False,
    errors: Sequence[int] = (),
) -> dict[str, Any]:
    """What a route is registered with: who may come in, the types of its body with their schemas and examples, whether
    it minds an Idempotency-Key, and which problems it can end in besides those that all can."""
    extra: dict[str, Any] = {
        _SCOPE: scope,
        "security": [{"publishable" if scope == BROWSER else "secret": [scope]}],
    }
    statuses = {*_ALWAYS, *errors}
    if body is not None:
        extra["requestBody"] = {"required": True, "content": body}
        statuses |= {*_WITH_BODY}
    if is_once:
        extra[_ONCE] = True
        extra["parameters"] = [_IDEMPOTENCY_KEY]
        statuses |= {400, 409, 422}
    return {"openapi_extra": extra, "responses": {status: problem(status) for status in sorted(statuses)}}


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name of your own for this request. The same request under it gets the same answer for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
}


def problem(status: int) -> dict[str, Any]:
    """An answer of this status, for the document."""
    titles = [kind.title for kind in KINDS.values() if kind.status == status]
    return {
        "description": "; or: ".join(titles),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
