"""Who may do what: every route with every kind of key, against a table."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute

from nurture.runner.api_keys import SCOPES
from nurture.store import api_keys
from nurture.web.api.app import build_api
from nurture.web.pages import Pages
from support.api_site import ORIGIN, ApiSite

ANN = {"email": "ann@example.test"}
GOODS = {"order_id": "1", **ANN, "ordered_at": "2016-12-01", "lines": [{"sku": "R", "amount": 1}]}
VISIT = {"visitor": "no token", "events": [{"name": "page_view"}]}

TABLE: dict[tuple[str, str], tuple[str, Any, int]] = {
    # method and path: scope, a body, what it is answered with under that scope
    ("POST", "/contacts"): ("contacts:write", {**ANN, "external_id": "c-1"}, 200),
    ("POST", "/contacts/look-up"): ("contacts:read", ANN, 200),
    ("GET", "/contacts/{external_id}"): ("contacts:read", None, 200),
    ("POST", "/consents"): ("contacts:write", {**ANN, "topic": "offers", "agreed": False}, 200),
    ("POST", "/events"): ("events:write", {**ANN, "name": "seen"}, 200),
    ("POST", "/visitors"): ("events:write", ANN, 201),
    ("POST", "/orders"): ("orders:write", GOODS, 200),
    ("POST", "/products"): ("products:write", {"sku": "R"}, 200),
    ("GET", "/codes/{code}"): ("codes:read", None, 404),
    ("POST", "/messages"): ("messages:send", {**ANN, "template": "one", "key": "k"}, 202),
    ("GET", "/messages/{id}"): ("messages:send", None, 404),
    ("POST", "/contacts/export"): ("privacy", ANN, 200),
    ("POST", "/browser"): ("browser", VISIT, 422),
    # the last, so that there is somebody before
    ("POST", "/contacts/erase"): ("privacy", {"email": "nobody@example.test"}, 200),
}
OPEN = {"/", "/openapi.json", "/problems"}
"""What anybody may read."""


@pytest.fixture(scope="module")
def keyed(api: ApiSite) -> ApiSite:
    for scope in SCOPES:
        api.key(scope, scope)
    api.key("revoked", *[it for it in SCOPES if it != "browser"])
    with api.store.write() as tx:
        assert api_keys.revoke(tx, "revoked", api.corner.now)
    # Whichever route is asked first, she is there.
    api.corner.contact(ANN["email"], external_id="c-1")
    return api


def status(api: ApiSite, route: tuple[str, str], key: str) -> int:
    method, path = route
    path = path.replace("{external_id}", "c-1").replace("{id}", "A" * 43).replace("{code}", "NONE")
    return api.ask(method, path, TABLE[route][1], key=key, origin=ORIGIN).status_code


def test_the_table_has_every_route(api: ApiSite) -> None:
    deps = api.corner.app.web(api.corner.world)
    app: Any = build_api(deps, Pages(zone=deps.settings.zone, sender="Corner Shop"))
    keyed = {(method, it.path) for it in app.routes if isinstance(it, APIRoute) for method in it.methods}
    others = {(it.path, *sorted(it.methods)) for it in app.routes if not isinstance(it, APIRoute)}
    assert keyed == set(TABLE)
    assert others == {(path, "GET", "HEAD") for path in OPEN} | {("/browser", "OPTIONS")}


@pytest.mark.parametrize("route", list(TABLE), ids=" ".join)
def test_a_route_opens_to_its_scope_alone(keyed: ApiSite, route: tuple[str, str]) -> None:
    scope, _, wanted = TABLE[route]
    found = {key: status(keyed, route, key) for key in ("", "revoked", *SCOPES)}
    assert found == {"": 401, "revoked": 401} | {it: wanted if it == scope else 403 for it in SCOPES}


@pytest.mark.parametrize("path", sorted(OPEN))
def test_what_describes_the_api_is_open(api: ApiSite, path: str) -> None:
    assert api.ask("GET", path, key="").status_code == 200


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("", None),
        ("Basic Zm9vOmJhcg==", None),
        ("Bearer", None),
        ("Bearer nk_short", "mistyped"),
        ("Bearer nk_" + "0" * 49, "mistyped"),
        ("Bearer npk_\u00fc", "mistyped"),
    ],
)
def test_what_is_no_key_is_told_without_asking_the_database(
    api: ApiSite, header: str, says: str | None
) -> None:
    headers = {"authorization": header.encode("latin-1")} if header else {}
    answer = api.client.request("GET", "/api/v1/contacts/c-1", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (says or "") in answer.json().get("detail", "")
