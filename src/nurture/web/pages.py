"""Our own pages: Jinja templates with autoescape, and the words and figures that they show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from nurture.clock import Moment, to_datetime
from nurture.reports.figures import decimal, number, share
from nurture.reports.revenue import whole

HERE = Path(__file__).parent
STATIC = HERE / "static"


class KeptFiles(StaticFiles):
    """Files of ours that a browser may keep for an hour."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or HTTPException 404."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=3600"
        return response


class Pages:
    """Renders the pages of one workspace."""

    def __init__(self, *, zone: ZoneInfo, sender: str) -> None:
        self._zone = zone
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Relative, so that the pages for everybody work behind a proxy that adds a path of its own.
        self._environment.globals.update(sender=sender, up="../")
        self._environment.filters.update(
            number=number,
            share=share,
            decimal=decimal,
            whole=whole,
            when=self.when,
            day=self.day,
            iso=self.iso,
        )

    def answer(
        self,
        template: str,
        values: Mapping[str, Any],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """The page as an answer."""
        text = self._environment.get_template(template).render(values)
        return HTMLResponse(text, status_code=status, headers=dict(headers or {}))

    def when(self, at: Moment) -> str:
        """Day and time in the workspace's zone: 30 Jun 2017, 23:59."""
        moment = to_datetime(at, self._zone)
        return f"{moment.day} {moment:%b %Y, %H:%M}"

    def day(self, at: Moment) -> str:
        """The day in the workspace's zone: 30 Jun 2017."""
        moment = to_datetime(at, self._zone)
        return f"{moment.day} {moment:%b %Y}"

    def iso(self, at: Moment) -> str:
        """For machines and for the title of a time."""
        return to_datetime(at, self._zone).isoformat(timespec="seconds")
