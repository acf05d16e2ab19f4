"""Shops on loopback, that hold to what Shopify and WooCommerce document of the calls we make: their fields, their
limits, their errors."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from graphql import OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values

Answer = tuple[int, Mapping[str, str], bytes]
TOKEN = "shpat_0123456789abcdef"
KEY, SECRET = "ck_0123456789", "cs_0123456789"

SCHEMA = build_schema(
    """
    type Query {
      codeDiscountNodeByCode(code: String!): DiscountCodeNode
      discountRedeemCodeBulkCreation(id: ID!): DiscountRedeemCodeBulkCreation
    }
    type Mutation {
      discountCodeBasicCreate(basicCodeDiscount: DiscountCodeBasicInput!): DiscountCodeBasicCreatePayload
      discountCodeFreeShippingCreate(
        freeShippingCodeDiscount: DiscountCodeFreeShippingInput!
      ): DiscountCodeFreeShippingCreatePayload
      discountRedeemCodeBulkAdd(
        discountId: ID!, codes: [DiscountRedeemCodeInput!]!
      ): DiscountRedeemCodeBulkAddPayload
    }
    scalar DateTime
    scalar Decimal
    type DiscountUserError { code: String extraInfo: String field: [String!] message: String! }
    type DiscountCodeBasicCreatePayload { codeDiscountNode: DiscountCodeNode userErrors: [DiscountUserError!]! }
    type DiscountCodeFreeShippingCreatePayload {
      codeDiscountNode: DiscountCodeNode userErrors: [DiscountUserError!]!
    }
    type DiscountRedeemCodeBulkAddPayload {
      bulkCreation: DiscountRedeemCodeBulkCreation userErrors: [DiscountUserError!]!
    }
    type DiscountRedeemCodeBulkCreation {
      id: ID! createdAt: DateTime! done: Boolean! codesCount: Int! importedCount: Int! failedCount: Int!
      codes(first: Int, after: String, last: Int, before: String, reverse: Boolean):
        DiscountRedeemCodeBulkCreationCodeConnection!
    }
    type DiscountRedeemCodeBulkCreationCodeConnection { nodes: [DiscountRedeemCodeBulkCreationCode!]! }
    type DiscountRedeemCodeBulkCreationCode {
      code: String! discountRedeemCode: DiscountRedeemCode errors: [DiscountUserError!]!
    }
    type DiscountRedeemCode { id: ID! code: String! asyncUsageCount: Int! }
    type DiscountCodeNode { id: ID! codeDiscount: DiscountCode! }
    union DiscountCode = DiscountCodeBasic | DiscountCodeFreeShipping
    type DiscountCodeBasic { title: String! usageLimit: Int }
    type DiscountCodeFreeShipping { title: String! usageLimit: Int }
    input DiscountRedeemCodeInput { code: String! }
    enum DiscountBuyerSelection { ALL }
    input DiscountContextInput { all: DiscountBuyerSelection }
    input DiscountAmountInput { amount: Decimal appliesOnEachItem: Boolean }
    input DiscountCustomerGetsValueInput { discountAmount: DiscountAmountInput percentage: Float }
    input DiscountItemsInput { all: Boolean }
    input DiscountCustomerGetsInput {
      items: DiscountItemsInput value: DiscountCustomerGetsValueInput
      appliesOnOneTimePurchase: Boolean appliesOnSubscription: Boolean
    }
    input DiscountCodeBasicInput {
      appliesOncePerCustomer: Boolean code: String context: DiscountContextInput
      customerGets: DiscountCustomerGetsInput endsAt: DateTime recurringCycleLimit: Int startsAt: DateTime
      tags: [String!] title: String usageLimit: Int
    }
    input DiscountShippingDestinationSelectionInput { all: Boolean }
    input DiscountCodeFreeShippingInput {
      appliesOncePerCustomer: Boolean code: String context: DiscountContextInput
      destination: DiscountShippingDestinationSelectionInput endsAt: DateTime maximumShippingPrice: Decimal
      recurringCycleLimit: Int startsAt: DateTime title: String usageLimit: Int
    }
    """
)
"""The part of Shopify's GraphQL Admin API (2026-07) that is asked, as its documentation gives the types."""


@dataclass
class FakeShop:
    """What a shop has, and how it is to misbehave."""

    codes: dict[str, str] = field(default_factory=dict)
    """The discount's id, or the coupon's description, by the code in small letters."""
    discounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    coupons: dict[str, dict[str, Any]] = field(default_factory=dict)
    bulks: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    queued: int = 1
    """How often a bulk creation is not done yet when it is asked for."""
    instead: Callable[[int], Answer | None] = lambda _: None
    """What is answered to a call, by its number from 1, in place of the right answer; it is not carried out."""
    lose: int = 0
    """The number of the call that is carried out and whose answer is lost."""


def as_json(document: Any, status: int = 200) -> Answer:
    return status, {}, json.dumps(document).encode()


@contextmanager
def shop_server(shop: FakeShop) -> Iterator[str]:
    """Serve it; gives its url."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            shop.calls.append(f"{self.command} {self.path}")
            number = len(shop.calls)
            answer = shop.instead(number) or route(shop, self.command, self.path, dict(self.headers), body)
            if number == shop.lose:
                self.connection.close()
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A connection that we closed ourselves."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def route(shop: FakeShop, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    given = {name.lower(): value for name, value in headers.items()}
    place = urlsplit(path)
    if re.fullmatch(r"/admin/api/\d{4}-\d{2}/graphql\.json", place.path) and method == "POST":
        if given.get("x-shopify-access-token") != TOKEN:
            return as_json({"errors": "[API] Invalid API key or access token"}, 401)
        asked = json.loads(body)
        return as_json({"data": _graphql(shop, asked["query"], asked["variables"])})
    if place.path.startswith("/wp-json/wc/v3/coupons"):
        wanted = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if given.get("authorization") != wanted:
            return as_json({"code": "woocommerce_rest_cannot_create", "message": "Sorry, you cannot"}, 401)
        if method == "GET" and place.path == "/wp-json/wc/v3/coupons":
            code = parse_qs(place.query)["code"][0].lower()
            return as_json([shop.coupons[code]] if code in shop.coupons else [])
        if method == "POST" and place.path == "/wp-json/wc/v3/coupons/batch":
            return _coupons(shop, json.loads(body))
    return as_json({"message": "No route was found"}, 404)


def _coupons(shop: FakeShop, asked: dict[str, Any]) -> Answer:
    assert set(asked) <= {"create", "update", "delete"}
    if len(asked["create"]) > 100:
        return as_json({"code": "woocommerce_rest_request_entity_too_large", "message": "Unable"}, 413)
    made = []
    for it in asked["create"]:
        code = it["code"].lower()
        assert it["discount_type"] in ("percent", "fixed_cart", "fixed_product")
        assert isinstance(it["amount"], str)
        if code in shop.coupons:
            error = {
                "code": "woocommerce_rest_coupon_code_already_exists",
                "message": "The coupon code already exists",
                "data": {"status": 400},
            }
            made.append({"id": 0, "error": error})
        else:
            shop.coupons[code] = {"id": len(shop.coupons) + 1, **it, "code": code}
            made.append(shop.coupons[code])
    return as_json({"create": made})


def _graphql(shop: FakeShop, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    document = parse(query)
    assert validate(SCHEMA, document) == []
    (operation,) = (it for it in document.definitions if isinstance(it, OperationDefinitionNode))
    errors = get_variable_values(SCHEMA, list(operation.variable_definitions or ()), variables)
    assert not isinstance(errors, list), errors
    if "discountCodeBasicCreate" in query:
        return {"made": _create(shop, variables["discount"])}
    if "discountCodeFreeShippingCreate" in query:
        return {"made": _create(shop, variables["discount"])}
    if "discountRedeemCodeBulkAdd" in query:
        return {"discountRedeemCodeBulkAdd": _bulk(shop, variables["discountId"], variables["codes"])}
    if "discountRedeemCodeBulkCreation" in query:
        return {"discountRedeemCodeBulkCreation": _how_far(shop, variables["id"])}
    assert "codeDiscountNodeByCode" in query
    return {name: _by_code(shop, code) for name, code in variables.items()}


def _create(shop: FakeShop, discount: dict[str, Any]) -> dict[str, Any]:
    # The documentation calls these required, and the schema does not.
    assert {"code", "context", "startsAt", "title"} <= set(discount)
    assert {"customerGets", "destination"} & set(discount)
    if discount["code"].lower() in shop.codes:
        error = {"field": ["d", "code"], "code": "TAKEN", "message": "Code must be unique."}
        return {"codeDiscountNode": None, "userErrors": [error]}
    id_ = f"gid://shopify/DiscountCodeNode/{len(shop.discounts) + 1}"
    shop.discounts[id_] = discount
    shop.codes[discount["code"].lower()] = id_
    return {"codeDiscountNode": {"id": id_}, "userErrors": []}


def _bulk(shop: FakeShop, discount: str, codes: list[dict[str, str]]) -> dict[str, Any]:
    def refused(name: str, code: str, message: str) -> dict[str, Any]:
        return {"bulkCreation": None, "userErrors": [{"field": [name], "code": code, "message": message}]}

    if discount not in shop.discounts:
        return refused("discountId", "INVALID", "Code discount does not exist.")
    if len(codes) > 250:
        return refused("codes", "MAX_INPUT_SIZE_EXCEEDED", "The input array is too large")
    nodes = []
    for it in codes:
        code = it["code"]
        if code.lower() in shop.codes:
            error = {"code": "TAKEN", "message": "Code must be unique. Please try a different code."}
            nodes.append({"code": code, "discountRedeemCode": None, "errors": [error]})
        else:
            shop.codes[code.lower()] = discount
            nodes.append({"code": code, "discountRedeemCode": {"id": f"gid://c/{code}"}, "errors": []})
    id_ = f"gid://shopify/DiscountRedeemCodeBulkCreation/{len(shop.bulks) + 1}"
    shop.bulks[id_] = {"left": shop.queued, "nodes": nodes}
    return {"bulkCreation": {"id": id_}, "userErrors": []}


def _how_far(shop: FakeShop, id_: str) -> dict[str, Any] | None:
    bulk = shop.bulks.get(id_)
    if bulk is None:
        return None
    bulk["left"] -= 1
    done = bulk["left"] < 0
    return {"done": done, "codes": {"nodes": bulk["nodes"] if done else []}}


def _by_code(shop: FakeShop, code: str) -> dict[str, Any] | None:
    id_ = shop.codes.get(code.lower())
    return (
        {"id": id_, "codeDiscount": {"title": shop.discounts.get(id_, {}).get("title", "")}} if id_ else None
    )
