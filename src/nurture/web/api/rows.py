"""Contacts, events, orders and products: one as a JSON object, many as NDJSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from babel.numbers import get_currency_precision
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request

from nurture.errors import StoreError
from nurture.runner.intake_cells import BadRow, Setting
from nurture.runner.intake_json import loaded
from nurture.runner.intake_records import Given, Taken, take
from nurture.runner.intake_rows import Kind
from nurture.runner.taking import Terms
from nurture.store.api_keys import ApiKey
from nurture.web.api.batches import Line, batches
from nurture.web.api.door import JSON, NDJSON, opened_by
from nurture.web.api.gate import Gate
from nurture.web.api.problems import RETRY_SECONDS, Problem
from nurture.web.api.shapes import ContactRow, EventRow, Intake, LineRejected, OrderRow, ProductRow
from nurture.web.deps import WebDeps

MOST_TOLD = 200
"""Rejected lines whose reason is told."""

_SHAPES: dict[Kind, type[BaseModel]] = {
    "contacts": ContactRow,
    "events": EventRow,
    "orders": OrderRow,
    "products": ProductRow,
}
_SAYS = {
    "contacts": "Takes contacts in, found by address, else by external id, whose address is then the new one. One that "
    "is known is changed where it differs; what is empty says nothing.",
    "events": "Takes events in. A contact who is not known is taken in, without consent to anything.",
    "orders": "Takes orders in, each with its lines. The same order again changes nothing; with the status refunded or "
    "cancelled it is undone.",
    "products": "Takes products in, by sku.",
}
_BATCH = (
    "\n\nAs `application/x-ndjson`, one object a line, up to 16 MiB: the lines that can be taken are, 2,000 in a "
    "transaction, and the answer says which were rejected and why. To send a batch again is harmless."
)


@dataclass(slots=True)
class _Sum:
    """What became of the batches so far."""

    taken: int = 0
    unchanged: int = 0
    rejected: int = 0
    lines: list[LineRejected] = field(default_factory=list)
    not_used: set[str] = field(default_factory=set)

    def add(self, batch: list[Line], done: Taken) -> None:
        self.taken += done.taken
        self.unchanged += done.unchanged
        self.rejected += len(done.rejected)
        self.not_used.update(done.not_used[:MOST_TOLD])
        for place, because in done.rejected[: MOST_TOLD - len(self.lines)]:
            self.lines.append(LineRejected(line=batch[place][0], because=because))

    def told(self) -> Intake:
        return Intake(
            taken=self.taken,
            unchanged=self.unchanged,
            rejected=self.rejected,
            lines=self.lines,
            not_used=sorted(self.not_used)[:MOST_TOLD],
        )


class Rows:
    """The routes that take rows in."""

    def __init__(self, deps: WebDeps, gate: Gate) -> None:
        self._deps = deps
        self._gate = gate

    def add_to(self, app: FastAPI) -> None:
        """A route for each kind."""
        for kind, shape in _SHAPES.items():
            schema = {"schema": {"$ref": f"#/components/schemas/{shape.__name__}"}}
            many = {"schema": {"type": "string"}, "example": "{…}\n{…}\n"}
            app.add_api_route(
                f"/{kind}",
                self._route(kind),
                methods=["POST"],
                operation_id=f"take_{kind}",
                summary=f"Take in {kind}",
                description=_SAYS[kind] + _BATCH,
                response_description="What was taken, unchanged and rejected.",
                tags=[kind],
                **opened_by(f"{kind}:write", body={JSON: schema, NDJSON: many}, is_once=True),
            )

    def _route(self, kind: Kind) -> Any:
        async def taken(request: Request) -> Intake:
            if request.headers.get("content-type", "").lower().startswith(NDJSON):
                return await self._many(kind, request)
            return await self._one(kind, request)

        return taken

    async def _one(self, kind: Kind, request: Request) -> Intake:
        body = await request.body()
        done = await self._gate.run(self._take, kind, request.state.key, [(1, body)])
        if done.rejected:
            _, because = done.rejected[0]
            raise Problem("malformed" if because == "it is not JSON" else "not-valid", because)
        total = _Sum()
        total.add([(1, body)], done)
        return total.told()

    async def _many(self, kind: Kind, request: Request) -> Intake:
        total = _Sum()
        async for batch in batches(request.stream()):
            try:
                total.add(batch, await self._gate.run(self._take, kind, request.state.key, batch))
            except StoreError:
                # What was taken stays: whoever sends all of it again loses nothing.
                raise Problem(
                    "not-now",
                    f"the batch broke off before line {batch[0][0]}; the lines before it were taken",
                    headers={"retry-after": str(RETRY_SECONDS)},
                ) from None
        return total.told()

    def _take(self, kind: Kind, key: ApiKey, batch: list[Line]) -> Taken:
        settings = self._deps.settings
        now = self._deps.clock.now()
        setting = Setting(
            now=now,
            zone=settings.zone,
            currency=settings.currency,
            digits=get_currency_precision(settings.currency),
        )
        terms = Terms(
            now=now,
            address_key=self._deps.address_key,
            topics=settings.marketing_topics,
            source=f"API key {key.name}",
            how="API",
        )
        return take(self._deps.store, kind, [_given(line) for _, line in batch], setting, terms)


def _given(line: bytes | None) -> Given:
    if line is None:
        return BadRow("it is longer than a megabyte")
    try:
        return loaded(line)
    except BadRow as error:
        return error
