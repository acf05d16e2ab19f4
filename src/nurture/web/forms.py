"""Sign-up forms: /f/NAME as a page, in a frame elsewhere, and as the target of forms that stand in other pages.

GET shows, POST takes. The answer is the same for every address, and takes as long: nobody learns by it who is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nurture.clock import DAY, MINUTE
from nurture.errors import NurtureError
from nurture.runner.forms import SignUpForm, forms_of
from nurture.runner.intake_cells import BadRow, address, text
from nurture.runner.sign_ups import Asked, Desk, ask
from nurture.web import form_token
from nurture.web.deps import WebDeps
from nurture.web.fields import Fields, fields_of, first
from nurture.web.form_html import TRAP
from nurture.web.pace import Pace, Spellings
from nurture.web.pages import Pages
from nurture.web.security import PAGE_POLICY

_log = structlog.get_logger(__name__)

MOST = 10
SPAN = 10 * MINUTE
"""As many sign-ups of one visitor are taken in it."""
MOST_TOGETHER = 1_000
"""Sign-ups of all visitors are taken in the same span: who has many machines cannot write to half the world by us."""
MOST_SPELLINGS = 3
"""Ways to write one mailbox are taken in a day."""
NAME_LENGTH = 60


class Forms:
    """The routes under /f/."""

    def __init__(self, deps: WebDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages
        self._forms = forms_of(deps.settings)
        self._pace = Pace(MOST, SPAN)
        self._together = Pace(MOST_TOGETHER, SPAN)
        self._told = Pace(1, SPAN)
        self._spellings = Spellings(MOST_SPELLINGS, DAY)
        self._own = _origin(deps.settings.web.public_url)

    def routes(self) -> list[Route]:
        """One address, two methods."""
        return [
            Route("/f/{name}", self.show, methods=["GET"]),
            Route("/f/{name}", self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form, empty."""
        form = self._forms.get(request.path_params["name"])
        if form is None:
            return self._pages.answer("gone.html", {}, status=404)
        return self._page(request, "form.html", form, self._blank(form))

    async def take(self, request: Request) -> Response:
        """Take a sign-up; or show the form again, where a person has to look at it."""
        form = self._forms.get(request.path_params["name"])
        if form is None:
            return self._pages.answer("gone.html", {}, status=404)
        given = await fields_of(request)
        now = self._deps.clock.now()
        ip = self._deps.client_ip(request.scope)
        if not self._pace.allows(ip, now):
            return self._page(request, "enough.html", form, {}, status=429, headers={"retry-after": "600"})
        if first(given, TRAP):
            return await self._taken(request, form, asyncio.get_running_loop().time())
        try:
            asked = self._asked(form, given, ip)
        except BadRow:
            return self._again(request, form, given, "This does not look like an e-mail address.")
        if not self._is_meant(request, form, given):
            return self._again(request, form, given, "")
        if not self._together.allows_name("all", now):
            if self._told.allows_name("all", now):
                _log.warning("too many sign-ups at once: who comes now is put off", form=form.name)
            return self._page(request, "enough.html", form, {}, status=429, headers={"retry-after": "600"})
        return await self._sign_up(request, form, asked)

    async def _sign_up(self, request: Request, form: SignUpForm, asked: Asked) -> Response:
        began = asyncio.get_running_loop().time()
        if not self._spellings.allows(asked.email, self._deps.clock.now()):
            return await self._taken(request, form, began)
        try:
            await run_in_threadpool(self._ask, form, asked)
        except NurtureError as error:
            _log.error("a sign-up could not be taken", form=form.name, where=error.where, why=error.message)
            return self._page(request, "later.html", form, {}, status=503, headers={"retry-after": "60"})
        return await self._taken(request, form, began)

    async def _taken(self, request: Request, form: SignUpForm, began: float) -> Response:
        # What is done for an address must not show in the time it takes.
        await asyncio.sleep(began + self._deps.answer_seconds - asyncio.get_running_loop().time())
        return self._page(request, "form_sent.html", form, {})

    def _ask(self, form: SignUpForm, asked: Asked) -> None:
        deps = self._deps
        desk = Desk(ids=deps.store.ids, world=deps.world(), address_key=deps.address_key)
        with deps.store.write() as tx:
            ask(tx, desk, form, asked, deps.clock.now())

    def _asked(self, form: SignUpForm, given: Fields, ip: str) -> Asked:
        """What was typed in. Raises BadRow where the address is none."""
        return Asked(
            email=address({"email": first(given, "email")}),
            first_name=_name(first(given, "first_name")),
            source=f"{self._deps.settings.web.public_url}/f/{form.name}",
            ip=ip,
        )

    def _is_meant(self, request: Request, form: SignUpForm, given: Fields) -> bool:
        """Whether it comes from a form of ours that somebody had time to read, or from a page that may hold one."""
        now = self._deps.clock.now()
        if form_token.is_good(self._deps.address_key, form.name, first(given, "token"), now):
            return True
        origin = request.headers.get("origin", "").lower()
        return "token" not in given and origin in (*form.form.embed_in, self._own)

    def _again(self, request: Request, form: SignUpForm, given: Fields, mistake: str) -> Response:
        typed = {
            "email": first(given, "email")[:254],
            "first_name": first(given, "first_name")[:NAME_LENGTH],
            "mistake": mistake,
            "again": not mistake,
        }
        return self._page(request, "form.html", form, {**self._blank(form), **typed}, status=400)

    def _blank(self, form: SignUpForm) -> dict[str, object]:
        topics = self._deps.settings.topics
        return {
            "email": "",
            "first_name": "",
            "mistake": "",
            "again": False,
            "trap": TRAP,
            "token": form_token.make(self._deps.address_key, form.name, self._deps.clock.now()),
            "topics": [topics[it].says for it in form.form.topics if it in topics],
        }

    def _page(
        self,
        request: Request,
        template: str,
        form: SignUpForm,
        values: Mapping[str, object],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        embedded = "embed" in request.query_params and bool(form.form.embed_in)
        policy = PAGE_POLICY
        if embedded:
            allowed = " ".join(form.form.embed_in)
            policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors 'self' {allowed}")
        return self._pages.answer(
            template,
            {"form": form.form, "embedded": embedded, **values},
            status=status,
            headers={"content-security-policy": policy, **(headers or {})},
        )


def _name(typed: str) -> str:
    """A first name; nothing where it is a message to whoever gets our mail."""
    try:
        name = text({"first_name": typed}, "first_name", NAME_LENGTH)
    except BadRow:
        return ""
    return "" if any(it in name.lower() for it in ("/", "@", "www.", "http", "<", ">", "{")) else name


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
