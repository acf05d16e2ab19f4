"""The API's description: the OpenAPI document, and pages for people made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nurture.runner.api_keys import SCOPES
from nurture.web.api import shapes
from nurture.web.api.problems import KINDS
from nurture.web.pages import Pages

HERE = "/api/v1"

_OF_BODIES: tuple[type[BaseModel], ...] = (
    shapes.ContactRow,
    shapes.EventRow,
    shapes.OrderRow,
    shapes.ProductRow,
    shapes.Problem,
)
_SECRET = "A key made with `nurture key new`. It opens what its scopes say: "
_PUBLISHABLE = "A key that may stand in a web page: `nurture key new NAME --scope browser`."


def describe(app: FastAPI) -> None:
    """Complete the document that FastAPI makes with what it cannot know of."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        openapi_version="3.1.0",
    )
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    _, own = models_json_schema(
        [(it, "validation") for it in _OF_BODIES], ref_template="#/components/schemas/{model}"
    )
    for name, schema in own.get("$defs", {}).items():
        schemas.setdefault(name, schema)
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    parts["securitySchemes"] = {
        "secret": {"type": "http", "scheme": "bearer", "description": _SECRET + ", ".join(SCOPES)},
        "publishable": {"type": "http", "scheme": "bearer", "description": _PUBLISHABLE},
    }
    found["servers"] = [{"url": HERE}]
    app.openapi_schema = found


class Documents:
    """The routes that describe the others. They ask for no key, and tell nothing of the workspace."""

    def __init__(self, app: FastAPI, pages: Pages) -> None:
        self._document: dict[str, Any] = app.openapi_schema or {}
        self._pages = pages

    def add_to(self, app: FastAPI) -> None:
        """All of them."""
        app.add_route("/openapi.json", self.machine, methods=["GET"], include_in_schema=False)
        app.add_route("/", self.people, methods=["GET"], include_in_schema=False)
        app.add_route("/problems", self.problems, methods=["GET"], include_in_schema=False)

    async def machine(self, request: Request) -> Response:
        """The OpenAPI document."""
        return JSONResponse(self._document)

    async def people(self, request: Request) -> Response:
        """The same for people."""
        routes = [_shown(self._document, *it) for it in _operations(self._document)]
        return self._pages.answer(
            "api.html", {"routes": routes, "scopes": SCOPES, "base": HERE, "up": "../../"}
        )

    async def problems(self, request: Request) -> Response:
        """What each kind of problem means: where the `type` of an answer leads."""
        return self._pages.answer("problems.html", {"kinds": KINDS, "up": "../../"})


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _shown(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> dict[str, Any]:
    """A route as the page shows it."""
    bodies = operation.get("requestBody", {}).get("content", {})
    content = bodies.get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = document["components"]["schemas"].get(name, {})
    example = content.get("example") or _example(document, schema)
    return {
        "method": method,
        "path": path,
        "id": operation["operationId"],
        "title": operation["summary"],
        "says": [it.split("`") for it in operation.get("description", "").split("\n\n") if it],
        "scope": operation["x-scope"],
        "types": list(bodies),
        "fields": [_field(schema, *it) for it in schema.get("properties", {}).items()],
        "example": json.dumps(example, indent=2, ensure_ascii=False) if example else "",
        "answers": sorted(operation["responses"]),
    }


def _field(schema: Mapping[str, Any], name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    is_needed = name in schema.get("required", ())
    kinds = [it["type"] for it in (about, *about.get("anyOf", ())) if "type" in it]
    return {
        "name": name,
        "kind": " or ".join(kinds) or "object",
        "is_needed": is_needed,
        "says": about.get("description", "").split("`"),
    }


def _example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Made of the examples of its fields."""
    made = {}
    for name, about in schema.get("properties", {}).items():
        reference = about.get("items", {}).get("$ref", "").rpartition("/")[2]
        if reference:
            made[name] = [_example(document, document["components"]["schemas"][reference])]
        elif "examples" in about:
            made[name] = about["examples"][0]
    return made
