"""Single messages that a program asks for: a receipt, a parcel that is on its way."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from nurture.audience.contact import Scalar
from nurture.clock import Moment, format_iso
from nurture.delivery.outcome import MessageKey
from nurture.reports.explain import MessageStory
from nurture.runner.direct import DirectGiven, plan_direct
from nurture.store.report_explain import stories
from nurture.web.api import shapes
from nurture.web.api.door import JSON, opened_by
from nurture.web.api.gate import Gate, claim_of
from nurture.web.api.people import Named, line, meet, named
from nurture.web.api.problems import Problem
from nurture.web.deps import WebDeps

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)


class Messages:
    """Asking for a message, and what became of it."""

    def __init__(self, deps: WebDeps, gate: Gate) -> None:
        self._deps = deps
        self._gate = gate

    def add_to(self, app: FastAPI) -> None:
        """Both routes."""
        body: Any = {JSON: {"schema": {"$ref": "#/components/schemas/MessageGiven"}, "example": _EXAMPLE}}
        app.add_api_route(
            "/messages",
            self.send,
            methods=["POST"],
            status_code=202,
            summary="Send one message",
            tags=["messages"],
            **opened_by("messages:send", body=body, is_once=True),
        )
        app.add_api_route(
            "/messages/{id}",
            self.state,
            methods=["GET"],
            summary="What became of a message",
            tags=["messages"],
            **opened_by("messages:send", errors=[404]),
        )

    async def send(
        self, request: Request, response: Response, body: shapes.MessageGiven
    ) -> shapes.MessageTaken:
        """Plans a message to one person, from a template in force. It goes before all other mail and needs no consent,
        so it may not advertise; to a suppressed address nothing goes. It takes a `key`, or the header Idempotency-Key:
        under the same one it goes out once, however often it is asked for."""
        who = named(body)
        claim = claim_of(request, request.state.key, b"")
        if not body.key and claim is None:
            raise Problem("key-missing")
        key = line(body.key, "key") if body.key else f"{request.state.key.id}:{claim.key if claim else ''}"
        taken = await self._gate.run(self._plan, who, body, key)
        response.headers["location"] = f"/api/v1/messages/{taken.id}"
        return taken

    def _plan(self, who: Named, body: shapes.MessageGiven, key: str) -> shapes.MessageTaken:
        deps = self._deps
        now = deps.clock.now()
        properties = {_name(name): _value(name, value) for name, value in body.properties.items()}
        with deps.store.write() as tx:
            given = DirectGiven(
                contact_id=meet(deps.store, tx, who, now),
                template=body.template,
                key=f"api {key}",
                properties=properties,
                locale=line(body.locale, "locale"),
            )
            (made,) = plan_direct(tx, deps.store.ids, deps.world(), [given], now)
            told = stories(tx, [made])[made]
        return shapes.MessageTaken(id=deps.signer.sign("message", made), state=told.state)

    async def state(self, id: str) -> shapes.MessageState:
        """planned, claimed, handed, deferred and accepted are on their way; sent, bounced, refused, expired, unknown
        and skipped are the end, with the reason."""
        token = self._deps.signer.read(id, "message")
        if token is None:
            raise Problem("not-found", "no message has this id")
        return await self._gate.run(self._state, id, MessageKey(*token.key))

    def _state(self, id_: str, key: MessageKey) -> shapes.MessageState:
        with self._deps.store.read() as tx:
            told: MessageStory | None = stories(tx, [key]).get(key)
        if told is None:
            raise Problem("not-found", "this message is gone, with all that was kept of its contact")
        return shapes.MessageState(
            id=id_,
            state=told.state,
            template=told.template,
            reason=told.reason,
            planned_at=format_iso(told.planned_at),
            done_at=_iso(told.done_at),
            opened_at=_iso(told.opened_at),
            clicked_at=_iso(told.clicked_at),
        )


def _name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise Problem(
            "not-valid", f"a property cannot be called {name[:80]!r}: letters, digits and _ make a name"
        )
    return name


def _value(name: str, value: Scalar) -> Scalar:
    if isinstance(value, str):
        return line(value, name)
    if isinstance(value, float) and not -1e300 < value < 1e300:
        raise Problem("not-valid", f"{name} is a number beyond reckoning")
    if isinstance(value, int) and not -(10**15) < value < 10**15:
        raise Problem("not-valid", f"{name} is a number beyond reckoning; send it as text")
    return value


def _iso(at: Moment | None) -> str | None:
    return format_iso(at) if at else None


_EXAMPLE = {
    "email": "ann@example.test",
    "template": "welcome",
    "key": "welcome-1001",
    "properties": {"order": "1001"},
}
