"""The preference centre, /p/TOKEN: each topic on or off, a pause, everything off, another address.

GET changes nothing. The token in a message of theirs is all that a contact needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.clock import DAY, Moment
from nurture.delivery.outcome import MessageKey
from nurture.errors import NurtureError
from nurture.runner import moving
from nurture.runner.intake_cells import BadRow, address
from nurture.runner.sign_ups import Asked, Desk, may_return
from nurture.store import consents, preferences, quiet
from nurture.store.engine import Tx
from nurture.store.targets import origin
from nurture.web.deps import WebDeps
from nurture.web.fields import Fields, fields_of, first
from nurture.web.pages import Pages

_log = structlog.get_logger(__name__)

PAUSE_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    """What the page shows."""

    topics: tuple[tuple[str, str, bool], ...]
    """Name, words, and whether they agree, of each that can be switched off."""
    always: tuple[str, ...]
    paused_until: Moment
    """0: not."""
    can_move: bool


class Preferences:
    """The routes under /p/."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """One address, two methods."""
        return [
            Route("/p/{token}", self.show, methods=["GET"]),
            Route("/p/{token}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """What they get now."""
        key = self._key(request)
        return await self._page(key, "")

    async def act(self, request: Request) -> Response:
        """Take their choice, and show what they get now."""
        key = self._key(request)
        if key is None:
            return self._gone()
        given = await fields_of(request, most=200)
        try:
            said = await run_in_threadpool(self._do, key, given, self._deps.client_ip(request.scope))
        except BadRow:
            return await self._page(
                key, "", mistake="This does not look like an e-mail address.", given=given
            )
        except NurtureError as error:
            _log.error("a choice could not be kept", where=error.where, why=error.message)
            return self._pages.answer("later.html", {}, status=503, headers={"retry-after": "60"})
        return await self._page(key, said, status=200 if said else 400)

    async def _page(
        self,
        key: MessageKey | None,
        said: str,
        *,
        status: int = 200,
        mistake: str = "",
        given: Fields | None = None,
    ) -> Response:
        choices = await run_in_threadpool(self._choices, key) if key is not None else None
        if choices is None:
            return self._gone()
        values = {"it": choices, "said": said, "mistake": mistake, "days": PAUSE_DAYS}
        typed = first(given, "email")[:254] if given else ""
        return self._pages.answer(
            "preferences.html", {**values, "email": typed}, status=400 if mistake else status
        )

    def _gone(self) -> Response:
        return self._pages.answer("gone.html", {}, status=404)

    def _key(self, request: Request) -> MessageKey | None:
        token = self._deps.signer.read(request.path_params["token"], "preferences")
        return None if token is None else MessageKey(*token.key)

    def _choices(self, key: MessageKey) -> _Choices | None:
        settings = self._deps.settings
        with self._deps.store.read() as tx:
            found = origin(tx, key)
            if found is None:
                return None
            said = consents.topics_of(tx, found.contact_id)
            held = quiet.until(tx, [found.contact_id], self._deps.clock.now())
        return _Choices(
            topics=tuple(
                (name, topic.says, said.get(name, False))
                for name, topic in settings.topics.items()
                if not topic.always
            ),
            always=tuple(topic.says for topic in settings.topics.values() if topic.always),
            paused_until=held.get(found.contact_id, {}).get(quiet.PAUSE, 0),
            can_move=self._can_move,
        )

    def _do(self, key: MessageKey, given: Fields, ip: str) -> str:
        """Do what they chose; returns which it was, empty where it is nothing we know. Raises BadRow."""
        now = self._deps.clock.now()
        chosen = first(given, "do")
        email = address({"email": first(given, "email")}) if chosen == "move" else ""
        with self._deps.store.write() as tx:
            found = origin(tx, key)
            if found is None:
                return ""
            contact = found.contact_id
            match chosen:
                case "save":
                    self._choose(tx, key, contact, given.get("topic", []), ip, now)
                case "stop":
                    self._choose(tx, key, contact, [], ip, now)
                case "pause":
                    quiet.put(tx, contact, quiet.PAUSE, now + PAUSE_DAYS * DAY)
                case "resume":
                    quiet.end(tx, contact, quiet.PAUSE, now)
                case "move" if self._can_move:
                    asked = Asked(email=email, source=self._source, ip=ip)
                    desk = Desk(
                        ids=self._deps.store.ids, world=self._deps.world(), address_key=self._deps.address_key
                    )
                    moving.ask_to_move(tx, desk, contact, asked, now)
                case _:
                    return ""
        return chosen

    def _choose(self, tx: Tx, key: MessageKey, contact: int, wanted: list[str], ip: str, now: Moment) -> None:
        settings, in_force = self._deps.settings, self._deps.in_force()
        preferences.choose(
            tx,
            self._deps.store.ids,
            key,
            contact,
            wanted,
            {name: settings.topics[name].says for name in settings.marketing_topics},
            now,
            address_key=self._deps.address_key,
            may_return=may_return,
            topics=in_force.topics,
            expires=in_force.expires,
            source=self._source,
            ip=ip,
        )

    @property
    def _can_move(self) -> bool:
        return self._deps.in_force().templates >= moving.NEEDS

    @property
    def _source(self) -> str:
        return f"{self._deps.settings.web.public_url}/p/"
