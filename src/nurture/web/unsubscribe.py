"""The unsubscribe page and the one-click POST of RFC 8058.

GET changes nothing: scanners follow every link. The token is all that is asked for: no cookie, no log-in. A
mailbox provider's POST carries `List-Unsubscribe=One-Click` and is answered 200 with a plain line, never
with a redirect; a person's carries the button they pressed and is answered with a page. Either may come any
number of times.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from nurture.delivery.outcome import MessageKey
from nurture.store.targets import origin
from nurture.store.unsubscribe import ONE_CLICK, PAGE, agree_again, unsubscribe
from nurture.web.deps import WebDeps
from nurture.web.fields import fields_of
from nurture.web.pages import Pages


class Unsubscribing:
    """The routes under /u/."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """One address, two methods."""
        return [
            Route("/u/{token}", self.show, methods=["GET"]),
            Route("/u/{token}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The page with its buttons."""
        key = self._key(request)
        if key is None:
            return self._pages.answer("gone.html", {}, status=404)
        topic = await run_in_threadpool(self._topic, key)
        return self._ask(key, topic)

    async def act(self, request: Request) -> Response:
        """Take the contact's word."""
        key = self._key(request)
        if key is None:
            return self._pages.answer("gone.html", {}, status=404)
        form = {name: values[-1] for name, values in (await fields_of(request)).items()}
        ip = self._deps.client_ip(request.scope)
        topic = await run_in_threadpool(self._topic, key)
        if form.get("List-Unsubscribe") == "One-Click":
            await run_in_threadpool(self._withdraw, key, self._topics(topic), ONE_CLICK, ip)
            return PlainTextResponse("You are unsubscribed.\n")
        match form.get("stop"):
            case "topic" if topic:
                await run_in_threadpool(self._withdraw, key, [topic], PAGE, ip)
                values = {"topic": self._says(topic), **self._more(key)}
                return self._pages.answer("unsubscribed.html", values)
            case "all":
                await run_in_threadpool(self._withdraw, key, self._topics(""), PAGE, ip)
                return self._pages.answer("unsubscribed.html", {"topic": "", **self._more(key)})
            case "undo":
                back = await run_in_threadpool(self._agree_again, key)
                names = [self._says(it) for it in sorted(back)]
                return self._pages.answer("subscribed.html", {"topics": names})
        return self._ask(key, topic, status=400)

    def _ask(self, key: MessageKey, topic: str, *, status: int = 200) -> Response:
        values = {"topic": self._says(topic) if topic else "", **self._more(key)}
        return self._pages.answer("unsubscribe.html", values, status=status)

    def _key(self, request: Request) -> MessageKey | None:
        token = self._deps.signer.read(request.path_params["token"], "unsubscribe")
        return None if token is None else MessageKey(*token.key)

    def _topic(self, key: MessageKey) -> str:
        """The topic the message was sent under; empty where that is not known any more or cannot be left."""
        with self._deps.store.read() as tx:
            found = origin(tx, key)
        topic = self._deps.in_force().topics.get(found.campaign, "") if found else ""
        return topic if topic in self._deps.settings.marketing_topics else ""

    def _topics(self, topic: str) -> Sequence[str]:
        return [topic] if topic else self._deps.settings.marketing_topics

    def _withdraw(self, key: MessageKey, topics: Sequence[str], basis: str, ip: str) -> None:
        in_force = self._deps.in_force()
        still = [campaign for campaign, topic in in_force.topics.items() if topic not in topics]
        store = self._deps.store
        ids, now = store.ids, self._deps.clock.now()
        with store.write() as tx:
            unsubscribe(tx, key, topics, ids, now, basis=basis, still=still, expires=in_force.expires, ip=ip)

    def _agree_again(self, key: MessageKey) -> frozenset[str]:
        store = self._deps.store
        ids = store.ids
        with store.write() as tx:
            return agree_again(tx, key, ids, self._deps.clock.now())

    def _says(self, topic: str) -> str:
        known = self._deps.settings.topics.get(topic)
        return known.says if known else topic

    def _more(self, key: MessageKey) -> dict[str, object]:
        """What still comes after a no to everything, and where to choose more finely."""
        always = [topic.says for topic in self._deps.settings.topics.values() if topic.always]
        return {"always": always, "preferences": self._deps.signer.sign("preferences", key)}
