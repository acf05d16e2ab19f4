"""What is wrong with a request, as RFC 9457 has it: one table of kinds, each with its anchor on a page of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from nurture.errors import NurtureError, TemplateError

MEDIA_TYPE = "application/problem+json"

PAGE = "/api/v1/problems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of problem."""

    status: int
    title: str
    remedy: str


KINDS: Mapping[str, Kind] = {
    "malformed": Kind(
        status=400,
        title="The request cannot be read",
        remedy="Send JSON in UTF-8; in batches, one object a line. `detail` says what was found instead.",
    ),
    "key-missing": Kind(
        status=400,
        title="An Idempotency-Key is missing",
        remedy="Send the header Idempotency-Key, or the field `key`, with a name of your own for this message, so that "
        "it goes out once however often you ask.",
    ),
    "not-authenticated": Kind(
        status=401,
        title="The API key is missing or not good",
        remedy="Send it as `Authorization: Bearer nk_…`. Make one with `nurture key new`.",
    ),
    "not-allowed": Kind(
        status=403,
        title="The API key may not do this",
        remedy="Make a key with the scope that `detail` names. For nurture.js, name your page in `[api] origins`.",
    ),
    "not-found": Kind(
        status=404, title="There is no such thing", remedy="Look at the path and its last part."
    ),
    "method-not-allowed": Kind(
        status=405, title="This method does not go with this path", remedy="The header Allow says which do."
    ),
    "under-way": Kind(
        status=409,
        title="A request with this Idempotency-Key is still under way",
        remedy="Wait a moment and ask again, with the same key.",
    ),
    "too-large": Kind(
        status=413,
        title="The body is too large",
        remedy="16 MiB are the most for a batch, 1 MiB for a single object: send several.",
    ),
    "wrong-type": Kind(
        status=415,
        title="The body is not of a type that is taken here",
        remedy="Send Content-Type: application/json, or application/x-ndjson for a batch.",
    ),
    "not-valid": Kind(
        status=422,
        title="What the request says cannot be taken",
        remedy="`detail` says why; `errors` points at what is at fault. Sending the same again does not help.",
    ),
    "key-reused": Kind(
        status=422,
        title="The Idempotency-Key was used for another request",
        remedy="Take a new key for a new request; the same key is for sending the very same request again.",
    ),
    "rate-limited": Kind(
        status=429,
        title="Too many requests with this key",
        remedy="Wait as long as Retry-After says. Send batches: a batch counts as one request.",
    ),
    "failed": Kind(
        status=500, title="Something went wrong on our side", remedy="Ask again later; the log says more."
    ),
    "not-now": Kind(
        status=503,
        title="This cannot be done at the moment",
        remedy="Ask again after Retry-After. To send the same again is harmless.",
    ),
}

_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 400: "malformed"}

RETRY_SECONDS = 5


class Problem(HTTPException):
    """Ends a request. `more` are members besides those that every problem has."""

    def __init__(
        self, kind: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(KINDS[kind].status, detail, dict(headers or {}))
        self.kind = kind
        self.more = more


def answer_of(error: Exception) -> JSONResponse:
    """The answer to a request that ended in `error`. Of what we did not expect it tells nothing."""
    match error:
        case Problem():
            return _answer(error.kind, error.detail, error.headers, error.more)
        case RequestValidationError():
            return _not_valid(error)
        case HTTPException() if error.status_code in _BY_STATUS:
            return _answer(_BY_STATUS[error.status_code], "", error.headers, {})
        case ClientDisconnect():
            return _answer("malformed", "the connection ended before the body did", None, {})
        case TemplateError():
            return _answer("not-valid", _told(error), None, {})
        case NurtureError():
            return _answer("not-now", "", {"retry-after": str(RETRY_SECONDS)}, {})
        case _:
            return _answer("failed", "", None, {})


def _answer(
    name: str, detail: str, headers: Mapping[str, str] | None, more: Mapping[str, Any]
) -> JSONResponse:
    kind = KINDS[name]
    body: dict[str, Any] = {"type": f"{PAGE}#{name}", "title": kind.title, "status": kind.status}
    if detail:
        body["detail"] = detail
    return JSONResponse(
        {**body, **more}, status_code=kind.status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def _not_valid(error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    if any(it["type"] == "json_invalid" for it in found):
        return _answer("malformed", "the body is not JSON", None, {})
    errors = [{"pointer": _pointer(it["loc"]), "detail": _worded(it)} for it in found[:20]]
    detail = "; ".join(f"{it['pointer'] or 'the body'}: {it['detail']}" for it in errors[:3])
    return _answer("not-valid", detail, None, {"errors": errors})


def _worded(item: Mapping[str, Any]) -> str:
    """What pydantic says, without what was sent."""
    said = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return said[:1].lower() + said[1:]


def _pointer(place: tuple[int | str, ...]) -> str:
    """A JSON Pointer (RFC 6901) into the body."""
    parts = [str(it).encode("utf-8", "replace").decode() for it in place[1:]]
    return "".join("/" + it.replace("~", "~0").replace("/", "~1") for it in parts)


def _told(error: NurtureError) -> str:
    return f"{error.message}. {error.remedy}" if error.remedy else error.message
