"""The OpenAPI document is true: whatever follows it, or nearly does, gets an answer that stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests import Request
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.openapi.checks import JsonSchemaError  # noqa: F401
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from support.api_site import ORIGIN, ApiSite

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FEW = 8
MANY = 400


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
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        headers = {"authorization": f"Bearer {api.keys[key]}", "origin": ORIGIN}
        wanted = case.as_transport_kwargs(base_url="http://127.0.0.1:8025/api/v1", headers=headers)
        sent = Request(**{it: wanted[it] for it in wanted if it not in ("verify", "cert", "timeout")}).prepare()
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
