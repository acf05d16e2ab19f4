"""Where people confirm what they asked for: /k/TOKEN. GET shows a page, POST confirms; again is harmless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.delivery.outcome import MessageKey
from nurture.errors import NurtureError
from nurture.runner import moving, sign_ups
from nurture.runner.sign_ups import Desk
from nurture.store import bulk
from nurture.store.sign_ups import ADDRESS, MOVED, SignUp
from nurture.web.deps import WebDeps
from nurture.web.fields import Fields, fields_of
from nurture.web.pages import Pages
from nurture.web.security import PAGE_POLICY

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What a POST came to."""

    topics: tuple[str, ...] = ()
    """What they agreed to, as it is called."""
    moved: bool | None = None
    """Whether the address was changed; None: it was not about that."""
    back: bool = False
    """It was to the one before."""
    thanks: str = ""
    """A page of the shop's own to go on to."""


class Confirming:
    """The routes under /k/."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """One address, two methods."""
        return [
            Route("/k/{token}", self.show, methods=["GET"]),
            Route("/k/{token}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """What is to be confirmed, with its button."""
        key = self._key(request)
        if key is None:
            return self._pages.answer("gone.html", {}, status=404)
        asked = await run_in_threadpool(self._waiting, key)
        if not asked:
            return self._pages.answer("confirmed.html", {"it": None, "preferences": ""})
        policy = PAGE_POLICY
        if thanks := self._thanks(asked):
            parts = urlsplit(thanks)
            # A browser holds form-action against where the answer leads on to, too.
            policy = policy.replace(
                "form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}"
            )
        values = {"asked": asked, "address": asked[0].kind == ADDRESS, "back": asked[0].kind == MOVED}
        return self._pages.answer("confirm.html", values, headers={"content-security-policy": policy})

    async def act(self, request: Request) -> Response:
        """Take their yes."""
        key = self._key(request)
        if key is None:
            return self._pages.answer("gone.html", {}, status=404)
        given = await fields_of(request, most=100)
        ip = self._deps.client_ip(request.scope)
        try:
            done = await run_in_threadpool(self._confirm, key, given, ip)
        except NurtureError as error:
            _log.error("a confirmation could not be taken", where=error.where, why=error.message)
            return self._pages.answer("later.html", {}, status=503, headers={"retry-after": "60"})
        if done is not None and done.thanks:
            return Response(status_code=303, headers={"location": done.thanks})
        preferences = (
            self._deps.signer.sign("preferences", key) if done is not None and not done.moved else ""
        )
        return self._pages.answer("confirmed.html", {"it": done, "preferences": preferences})

    def _key(self, request: Request) -> MessageKey | None:
        token = self._deps.signer.read(request.path_params["token"], "confirm")
        return None if token is None else MessageKey(*token.key)

    def _waiting(self, key: MessageKey) -> tuple[SignUp, ...]:
        with self._deps.store.read() as tx:
            return sign_ups.waiting(tx, key)

    def _confirm(self, key: MessageKey, given: Fields, ip: str) -> _Done | None:
        """Only what the page showed: something else may have been asked for meanwhile."""
        deps = self._deps
        desk = Desk(ids=deps.store.ids, world=deps.world(), address_key=deps.address_key)
        source = f"{deps.settings.web.public_url}/k/"
        now = deps.clock.now()
        with deps.store.write() as tx:
            # A button that is pressed twice: the second must see what the first has done.
            bulk.alone(tx)
            asked = sign_ups.waiting(tx, key)
            shown = [it for it in asked if "of" not in given or str(it.id) in given["of"]]
            if not shown:
                return None
            if shown[0].kind == ADDRESS:
                return _Done(moved=moving.move(tx, desk, shown[0], now))
            if shown[0].kind == MOVED:
                return _Done(moved=moving.move_back(tx, desk, shown[0], now), back=True)
            topics = sign_ups.confirm(tx, desk, shown, now, source=source, ip=ip)
        known = deps.settings.topics
        return _Done(topics=tuple(known[it].says for it in known if it in topics), thanks=self._thanks(shown))

    def _thanks(self, asked: Sequence[SignUp]) -> str:
        forms = self._deps.settings.forms
        return next((forms[it.form].thanks for it in asked if it.form in forms and forms[it.form].thanks), "")
