"""What a visitor's browser reports, with a key that everybody can read in the page.

Such a key must not let whoever reads it write events for any address they like: they could set campaigns off for
others. So a visitor is named only by a token that the shop's server was given for them (/visitors), and what comes from
browsers has event ids of its own, so that nobody can take the id of an event that a server is about to send.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from nurture.audience.contact import Contact
from nurture.clock import DAY, to_datetime
from nurture.journeys.questions import ANSWERED
from nurture.journeys.triggers import ON_LINES
from nurture.runner.api_keys import BROWSER
from nurture.runner.intake_cells import Record, Setting
from nurture.runner.intake_records import take
from nurture.runner.replies import EVENT as REPLIED
from nurture.runner.taking import Terms
from nurture.store import people
from nurture.store.consents import NAMES
from nurture.store.due_again import EVENT as DUE_AGAIN
from nurture.web.api import shapes
from nurture.web.api.door import JSON, opened_by
from nurture.web.api.gate import Gate
from nurture.web.api.people import line
from nurture.web.api.problems import Problem
from nurture.web.deps import WebDeps

PAGE_VIEW = "page_view"
RESERVED = frozenset({*NAMES.values(), *ON_LINES, REPLIED, ANSWERED, DUE_AGAIN})
"""What nurture itself writes: nobody agrees to something, has bought or has answered us by saying so in a page."""

_FOR_PAGES = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "7200",
}


class Browsers:
    """The route that nurture.js reports to."""

    def __init__(self, deps: WebDeps, gate: Gate) -> None:
        self._deps = deps
        self._gate = gate

    def add_to(self, app: FastAPI) -> None:
        """The route, and what browsers ask before they use it."""
        body: Any = {JSON: {"schema": {"$ref": "#/components/schemas/BrowserGiven"}, "example": _EXAMPLE}}
        app.add_api_route(
            "/browser",
            self.take,
            methods=["POST"],
            summary="Report what a visitor does",
            tags=["browser"],
            **opened_by(BROWSER, body=body),
        )
        app.add_route("/browser", self.before, methods=["OPTIONS"], include_in_schema=False)

    async def before(self, request: Request) -> Response:
        """The preflight of CORS: whether a page of this origin may report."""
        origin = self._origin(request)
        return Response(
            status_code=204,
            headers={**_FOR_PAGES, "access-control-allow-origin": origin, "vary": "origin"},
        )

    async def take(self, request: Request, body: shapes.BrowserGiven) -> shapes.BrowserTaken:
        """For nurture.js, with a publishable key, from a page whose origin is in `[api] origins`. Events before anybody
        said who the visitor is are not kept."""
        self._origin(request)
        contact_id = self._visitor(body.visitor)
        left = self._gate.spend((request.state.key.id, contact_id))
        if left.is_over:
            raise Problem("rate-limited", headers=left.headers)
        for event in body.events:
            self._look_at(event.name)
        return await self._gate.run(self._keep, contact_id, body)

    def _origin(self, request: Request) -> str:
        origin = request.headers.get("origin", "")
        if origin not in self._gate.origins:
            raise Problem("not-allowed", "this page's origin is not in [api] origins")
        return origin

    def _visitor(self, text: str) -> int:
        token = self._deps.signer.read(text, "visitor")
        if token is None:
            raise Problem("not-valid", "the visitor's token was not made here")
        contact_id, last = token.key
        if last < self._deps.clock.now() // DAY:
            raise Problem("not-valid", "the visitor's token has run out: ask /visitors for another")
        return contact_id

    def _look_at(self, name: str) -> None:
        allowed = self._deps.settings.api.browser_events
        name = line(name, "name")
        if name in RESERVED or (allowed and name not in allowed and name != PAGE_VIEW):
            raise Problem("not-valid", f"no browser may report {name[:100]!r}")

    def _keep(self, contact_id: int, body: shapes.BrowserGiven) -> shapes.BrowserTaken:
        deps = self._deps
        now = deps.clock.now()
        settings = deps.settings
        with deps.store.read() as tx:
            contact = people.by_ids(tx, [contact_id]).get(contact_id)
        if contact is None:
            raise Problem("not-valid", "the visitor's token was made for somebody who is not known any more")
        setting = Setting(now=now, zone=settings.zone, currency=settings.currency, digits=0)
        rows = [_row(contact, event, now + place) for place, event in enumerate(body.events)]
        terms = Terms(now=now, address_key=deps.address_key, source=BROWSER)
        done = take(deps.store, "events", rows, setting, terms, events=BROWSER)
        if done.rejected and not done.taken:
            raise Problem("not-valid", done.rejected[0][1])
        return shapes.BrowserTaken(taken=done.taken)


def _row(contact: Contact, event: shapes.BrowserEvent, at: int) -> Record:
    own = {name: value for name, value in event.properties.items() if name not in ("id", "email")}
    return {**own, "email": contact.email, "name": event.name, "at": to_datetime(at).isoformat()}


_EXAMPLE = {
    "visitor": "(a token from /visitors)",
    "events": [{"name": PAGE_VIEW, "properties": {"url": "https://shop.example/rice"}}],
}
