"""The OpenAPI document is true: whatever follows it, or nearly does, gets an answer that stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests import Request
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from nurture.clock import DAY, parse_iso
from nurture.store.engine import Store
from nurture.web.api.shapes import TIME
from support.api_site import ORIGIN, ApiSite, api_site

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
UTC = ZoneInfo("UTC")
FEW = 4
MANY = 100


@schemathesis.serializer("application/x-ndjson")
def as_lines(_ctx: Any, value: Any) -> bytes:
    return value.encode("utf-8", "replace") if isinstance(value, str) else b"\x00"


def documented(api: ApiSite) -> dict[str, Any]:
    document: dict[str, Any] = api.ask("GET", "/openapi.json", key="").json()
    return document


def operations(api: ApiSite) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(documented(api))
    for found in schema.get_all_operations():
        yield found.ok()


def probe(api: ApiSite, operation: Any, mode: GenerationMode, examples: int) -> None:
    key = "page" if operation.path == "/browser" else "everything"

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        headers = {"authorization": f"Bearer {api.keys[key]}", "origin": ORIGIN}
        wanted = case.as_transport_kwargs(base_url="http://127.0.0.1:8025/api/v1", headers=headers)
        sent = Request(
            **{it: wanted[it] for it in wanted if it not in ("verify", "cert", "timeout")}
        ).prepare()
        response = api.client.request(
            sent.method, sent.url, content=sent.body, headers={**sent.headers, **headers}
        )
        assert response.status_code != 401
        case.validate_response(response, checks=CHECKS)

    holds()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda it: it.value)
def test_no_answer_that_is_not_documented_and_none_that_is_our_fault(
    api: ApiSite, mode: GenerationMode
) -> None:
    for operation in operations(api):
        probe(api, operation, mode, FEW)


@pytest.mark.nightly
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda it: it.value)
def test_nor_among_many_more_on_either_engine(store: Store, tmp_path: Path, mode: GenerationMode) -> None:
    with api_site(store, tmp_path, per_minute=1_000_000) as site:
        for operation in operations(site):
            probe(site, operation, mode, MANY)


def test_every_example_in_the_document_is_taken(api: ApiSite) -> None:
    document = documented(api)
    api.corner.clock.move_to(parse_iso(TIME, UTC) + DAY)
    api.corner.contact("ann@example.test", "news", external_id="c-1017", first_name="Ann")
    page = api.ask("GET", "/", key="")
    assert page.headers["content-type"].startswith("text/html")
    for path, methods in document["paths"].items():
        body = methods.get("post", {}).get("requestBody")
        if body is None or path == "/browser":
            continue
        example = example_of(document, body["content"]["application/json"])
        if path == "/messages":
            example["template"] = "one"
        if "email" in example:
            example.pop("external_id", None)
        answer = api.ask("POST", path, example)
        assert answer.status_code < 300, (path, example, answer.text)


def example_of(document: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    if "example" in content:
        return dict(content["example"])
    shape = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    made: dict[str, Any] = {}
    for name, about in shape["properties"].items():
        inner = about.get("items", {}).get("$ref")
        if inner:
            made[name] = [example_of(document, {"schema": {"$ref": inner}})]
        elif "examples" in about:
            made[name] = about["examples"][0]
    return made
