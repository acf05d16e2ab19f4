"""Whether a code is good: for the shop's checkout, and for whoever answers the telephone."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from starlette.requests import Request

from nurture.clock import format_iso
from nurture.offers.codes import canonical
from nurture.offers.redemption import standing
from nurture.store import people
from nurture.store.api_keys import ApiKey
from nurture.store.codes_called import look_up
from nurture.web.api import shapes
from nurture.web.api.door import opened_by
from nurture.web.api.gate import Gate
from nurture.web.api.people import line
from nurture.web.api.problems import Problem
from nurture.web.deps import WebDeps

LONGEST = 100


class Codes:
    """The route about codes."""

    def __init__(self, deps: WebDeps, gate: Gate) -> None:
        self._deps = deps
        self._gate = gate

    def add_to(self, app: FastAPI) -> None:
        """The one."""
        app.add_api_route(
            "/codes/{code}",
            self.show,
            methods=["GET"],
            summary="Ask whether a code is good",
            tags=["codes"],
            **opened_by("codes:read", errors=[404, 422]),
        )

    async def show(
        self, request: Request, code: str, external_id: Annotated[str, Query(max_length=200)] = ""
    ) -> shapes.CodeFound:
        """How a code stands, however it was typed. With `external_id`: whether that contact can use it; of one code for
        all, only that tells whether they were given it and until when. Asking changes nothing."""
        if len(code) > LONGEST:
            raise Problem("not-valid", f"a code has {LONGEST} letters at most")
        asked = line(external_id, "external_id")
        return await self._gate.run(self._found, canonical(code), asked, request.state.key)

    def _found(self, name: str, external_id: str, key: ApiKey) -> shapes.CodeFound:
        deps = self._deps
        with deps.store.read() as tx:
            # Somebody we do not know holds no code: an id that no contact has.
            asked = people.ids_by_external_id(tx, [external_id]).get(external_id, -2) if external_id else 0
            it = look_up(tx, name, asked) if name else None
            if it is None:
                raise Problem("not-found", "no code of ours is spelled so")
            contact = people.by_ids(tx, [it.contact_id]).get(it.contact_id) if it.contact_id > 0 else None
        stands = standing(
            own=it.own,
            contact_id=it.contact_id,
            expires_at=it.expires_at,
            redeemed_at=it.redeemed_at,
            for_others=it.for_others,
            asked_for=asked,
            now=deps.clock.now(),
        )
        offer = deps.world().offers.get(it.offer)
        return shapes.CodeFound(
            code=it.code,
            good=stands == "good",
            why="" if stands == "good" else stands,
            offer=it.offer,
            says=offer.says if offer else "",
            discount=it.discount or (offer.discount if offer else ""),
            unique=it.own,
            external_id=contact.external_id if contact else "",
            email=contact.email if contact and "contacts:read" in key.scopes else None,
            expires_at=format_iso(it.expires_at) if it.expires_at else None,
            redeemed_at=format_iso(it.redeemed_at) if it.redeemed_at else None,
        )
