"""What is known of one contact, what they agreed to, a token for their browser; export and erase."""

from __future__ import annotations

import difflib
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request

from nurture.audience.contact import Contact
from nurture.clock import DAY, Moment, format_iso, parse_iso
from nurture.journeys.reasons import Reason
from nurture.runner.erase import erase
from nurture.runner.export import export
from nurture.store import consents, outbox, suppressions
from nurture.store.api_keys import ApiKey
from nurture.store.consents import Word
from nurture.store.engine import Tx
from nurture.web.api import shapes
from nurture.web.api.door import JSON, opened_by
from nurture.web.api.gate import Gate
from nurture.web.api.people import Named, find, line, meet, named
from nurture.web.api.problems import Problem
from nurture.web.deps import WebDeps

TOKEN_DAYS = 30
"""How long a page may say who its visitor is, before the shop's server has to say so again."""


class Contacts:
    """The routes about one person."""

    def __init__(self, deps: WebDeps, gate: Gate) -> None:
        self._deps = deps
        self._gate = gate

    def add_to(self, app: FastAPI) -> None:
        """All of them."""
        who: Any = {JSON: {"schema": {"$ref": "#/components/schemas/Somebody"}, "example": _ANN}}
        consent: Any = {JSON: {"schema": {"$ref": "#/components/schemas/ConsentGiven"}, "example": _YES}}
        app.add_api_route(
            "/contacts/look-up",
            self.look_up,
            methods=["POST"],
            summary="Look a contact up",
            tags=["contacts"],
            **opened_by("contacts:read", body=who, errors=[404]),
        )
        app.add_api_route(
            "/contacts/{external_id}",
            self.by_external_id,
            methods=["GET"],
            summary="Look a contact up by its external id",
            tags=["contacts"],
            **opened_by("contacts:read", errors=[404, 422]),
        )
        app.add_api_route(
            "/contacts/export",
            self.export,
            methods=["POST"],
            summary="Export everything that is kept of a person",
            tags=["privacy"],
            **opened_by("privacy", body=who, errors=[404]),
        )
        app.add_api_route(
            "/contacts/erase",
            self.erase,
            methods=["POST"],
            summary="Erase a person",
            tags=["privacy"],
            **opened_by("privacy", body=who, is_once=True, errors=[404]),
        )
        app.add_api_route(
            "/consents",
            self.consent,
            methods=["POST"],
            summary="Keep a yes or no to a topic",
            tags=["contacts"],
            **opened_by("contacts:write", body=consent, is_once=True),
        )
        app.add_api_route(
            "/visitors",
            self.visitor,
            methods=["POST"],
            status_code=201,
            summary="Make a token that says who a visitor is",
            tags=["browser"],
            **opened_by("events:write", body=who),
        )

    async def look_up(self, body: shapes.Somebody) -> shapes.ContactFound:
        """What is known of a contact. No address stands in a path: paths are kept in logs."""
        return await self._gate.run(self._found, named(body))

    async def by_external_id(self, external_id: str) -> shapes.ContactFound:
        """As `/contacts/look-up`. An external id that is an address, or holds a /, has to be looked up there."""
        if "@" in external_id:
            raise Problem("not-valid", "no address stands in a path: ask /contacts/look-up")
        return await self._gate.run(self._found, Named("", line(external_id, "external_id")))

    def _found(self, who: Named) -> shapes.ContactFound:
        with self._deps.store.read() as tx:
            contact = _there(tx, who)
            topics = consents.topics_of(tx, contact.id)
            suppressed = suppressions.suppressed(tx, self._deps.address_key, [contact.email])
        return shapes.ContactFound(
            email=contact.email,
            external_id=contact.external_id,
            first_name=contact.first_name,
            last_name=contact.last_name,
            locale=contact.locale,
            timezone=contact.timezone,
            country=contact.country,
            tags=list(contact.tags),
            attributes=dict(contact.attributes),
            created_at=format_iso(contact.created_at),
            topics=topics,
            suppressed=suppressed.get(contact.email, ""),
        )

    async def export(self, body: shapes.Somebody) -> dict[str, Any]:
        """Everything that is kept of a person, as one JSON document: contact, consents, orders, events, messages."""
        return await self._gate.run(self._exported, named(body))

    def _exported(self, who: Named) -> dict[str, Any]:
        deps = self._deps
        found = export(deps.store, self._address(who), address_key=deps.address_key, now=deps.clock.now())
        if found is None:
            raise Problem("not-found", "nothing is kept of them")
        return found

    async def erase(self, body: shapes.Somebody) -> dict[str, Any]:
        """Removes all that is kept of a person but a keyed hash of the address, so that they stay unwritten to; answers
        with a receipt that does not name them."""
        return await self._gate.run(self._erased, named(body))

    def _erased(self, who: Named) -> dict[str, Any]:
        deps = self._deps
        return erase(deps.store, self._address(who), deps.clock.now(), address_key=deps.address_key).as_dict()

    def _address(self, who: Named) -> str:
        if who.email:
            return who.email
        with self._deps.store.read() as tx:
            return _there(tx, who).email

    async def consent(self, request: Request, body: shapes.ConsentGiven) -> shapes.ConsentKept:
        """Keeps what a person said about a topic, with all that proves it. The latest word counts. A no takes effect at
        once: what waits to be sent under that topic is not."""
        who = named(body)
        if body.agreed and not body.basis:
            raise Problem("not-valid", "basis is missing: how did they agree?")
        self._look_at(body.topic)
        return await self._gate.run(self._keep, who, body, request.state.key)

    def _look_at(self, topic: str) -> None:
        topics = self._deps.settings.marketing_topics
        if topic not in topics:
            near = difflib.get_close_matches(topic, topics, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(topics)}"
            raise Problem("not-valid", f"there is no topic of that name that can be agreed to; {hint}")

    def _keep(self, who: Named, body: shapes.ConsentGiven, key: ApiKey) -> shapes.ConsentKept:
        now = self._deps.clock.now()
        at = self._moment(body.at, now)
        with self._deps.store.write() as tx:
            contact_id = meet(self._deps.store, tx, who, now)
            word = Word(
                contact_id=contact_id,
                topic=body.topic,
                agreed=body.agreed,
                at=at,
                basis=line(body.basis, "basis") or "API",
                wording=line(body.wording, "wording"),
                source=f"API key {key.name}",
                ip=line(body.ip, "ip"),
            )
            consents.record(tx, self._deps.store.ids, [word])
            if not consents.topics_of(tx, contact_id)[body.topic]:
                self._silence(tx, contact_id, body.topic, now)
        return shapes.ConsentKept(topic=body.topic, agreed=body.agreed)

    def _silence(self, tx: Tx, contact_id: int, topic: str, now: Moment) -> None:
        """What waits for them under that topic is skipped in the transaction that keeps their no."""
        silenced = [
            live.record.id
            for live in self._deps.world().live.values()
            if live.campaign is not None and live.campaign.topic == topic
        ]
        outbox.skip_contact(tx, contact_id, Reason.NOT_AGREED, now, campaigns=silenced)

    def _moment(self, text: str, now: Moment) -> Moment:
        try:
            at = parse_iso(text, self._deps.settings.zone) if text else now
        except (ValueError, OverflowError):
            raise Problem("not-valid", f"at is not a time; write it as {shapes.TIME}") from None
        if not 0 <= at <= now:
            raise Problem("not-valid", "at is in the future, or before 1970")
        return at

    async def visitor(self, body: shapes.Somebody) -> shapes.VisitorToken:
        """For nurture.js: the page gives the token to `nurture.identify`, and what this browser does is theirs. Only
        your server knows who is logged in, so only it can make one."""
        return await self._gate.run(self._token, named(body))

    def _token(self, who: Named) -> shapes.VisitorToken:
        deps = self._deps
        now = deps.clock.now()
        with deps.store.write() as tx:
            contact_id = meet(deps.store, tx, who, now)
        last = now // DAY + TOKEN_DAYS
        token = deps.signer.sign("visitor", (contact_id, last))
        return shapes.VisitorToken(token=token, expires_at=format_iso((last + 1) * DAY))


def _there(tx: Tx, who: Named) -> Contact:
    contact = find(tx, who)
    if contact is None:
        raise Problem("not-found", "no such contact is known")
    return contact


_ANN = {"email": "ann@example.test"}
_YES = {**_ANN, "topic": "offers", "agreed": True, "basis": "checkbox at the checkout"}
