"""Codes into Shopify, by its GraphQL Admin API.

A discount is made with its first code (`discountCodeBasicCreate`, `discountCodeFreeShippingCreate`); the others are
added to it, 250 at once (`discountRedeemCodeBulkAdd`), which Shopify does in its own time: it is asked how far it is
(`discountRedeemCodeBulkCreation`). See https://shopify.dev/docs/api/admin-graphql. `usageLimit` holds for each code.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any

from nurture.clock import Moment, format_iso
from nurture.offers.discount import Amount, FreeDelivery, FreeTime, Gift, Percent
from nurture.providers.shops import Added, Listing, ShopHttp, ShopLimits, Sleep, major_text, said

VERSION = "2026-07"
"""Of the API. Where a shop does not have it any more, it answers with the oldest that it has."""

_LOOKED_UP = 25
"""Codes that are looked up at once: each costs a point of what may be asked in a second."""

_TRIES = 5

_BASIC = """
mutation Make($discount: DiscountCodeBasicInput!) {
  made: discountCodeBasicCreate(basicCodeDiscount: $discount) {
    codeDiscountNode { id }
    userErrors { field code message }
  }
}
"""
_FREE_SHIPPING = """
mutation Make($discount: DiscountCodeFreeShippingInput!) {
  made: discountCodeFreeShippingCreate(freeShippingCodeDiscount: $discount) {
    codeDiscountNode { id }
    userErrors { field code message }
  }
}
"""
_ADD = """
mutation Add($discountId: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $discountId, codes: $codes) {
    bulkCreation { id }
    userErrors { field code message }
  }
}
"""
_HOW_FAR = """
query HowFar($id: ID!) {
  discountRedeemCodeBulkCreation(id: $id) {
    done
    codes(first: 250) {
      nodes { code discountRedeemCode { id } errors { code message } }
    }
  }
}
"""
_TITLE = "codeDiscount { ... on DiscountCodeBasic { title } ... on DiscountCodeFreeShipping { title } }"


class Shopify:
    """One shop. `discounts` are those it has of ours already, their ids by title; what is made is put into it."""

    most = 250

    def __init__(
        self,
        url: str,
        *,
        token: str,
        now: Moment,
        discounts: dict[str, str],
        tls: ssl.SSLContext | bool = True,
        limits: ShopLimits | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._now = now
        self._discounts = discounts
        self._http = ShopHttp(
            f"{url}/admin/api/{VERSION}/graphql.json",
            headers={"x-shopify-access-token": token},
            tls=tls,
            limits=limits,
            sleep=sleep,
        )

    def close(self) -> None:
        """See `Shop.close`."""
        self._http.close()

    def add(self, listing: Listing, codes: Sequence[str]) -> Added:
        """See `Shop.add`."""
        known = listing.title in self._discounts
        added = self._begin(listing, codes)
        rest = [it for it in codes if it not in added.arrived and it not in added.refused]
        if not rest:
            return added
        bulk = self._bulk(self._discounts[listing.title], rest)
        if bulk is None:
            if not known:
                raise self._http.trouble("lost the discount that it had just made", "Try again.")
            # Somebody took it out of the shop: it is made anew.
            del self._discounts[listing.title]
            return self.add(listing, codes)
        done = self._done(listing, rest, self._wait_for(bulk))
        return Added(arrived=added.arrived | done.arrived, refused={**added.refused, **done.refused})

    def _begin(self, listing: Listing, codes: Sequence[str]) -> Added:
        """Have the discount, made with the first code that the shop does not have for another one."""
        refused: dict[str, str] = {}
        if listing.title in self._discounts:
            return Added(arrived=frozenset())
        for code in codes:
            made = self._graphql(
                _FREE_SHIPPING if _is_delivery(listing) else _BASIC, discount=self._input(listing, code)
            )
            made = _part(made, "made")
            id_ = _part(made, "codeDiscountNode").get("id")
            errors = _list(made, "userErrors")
            if isinstance(id_, str) and id_:
                self._discounts[listing.title] = id_
                return Added(arrived=frozenset({code}), refused=refused)
            if not any(it.get("code") == "TAKEN" for it in errors):
                raise self._refused(errors)
            its_id, its_title = self._look_up([code]).get(code, ("", ""))
            if its_id and its_title == listing.title:
                self._discounts[listing.title] = its_id
                return Added(arrived=frozenset({code}), refused=refused)
            refused[code] = _words(errors)
        return Added(arrived=frozenset(), refused=refused)

    def _input(self, listing: Listing, code: str) -> dict[str, Any]:
        shared: dict[str, Any] = {
            "title": listing.title,
            "code": code,
            "startsAt": format_iso(self._now),
            "context": {"all": "ALL"},
            "appliesOncePerCustomer": True,
            "usageLimit": 1 if listing.is_own else None,
        }
        if _is_delivery(listing):
            return {**shared, "destination": {"all": True}}
        return {**shared, "customerGets": {"value": _worth(listing), "items": {"all": True}}}

    def _bulk(self, discount: str, codes: Sequence[str]) -> str | None:
        """The id of the work that Shopify has begun; None: it does not know the discount."""
        asked = self._graphql(_ADD, discountId=discount, codes=[{"code": it} for it in codes])
        added = _part(asked, "discountRedeemCodeBulkAdd")
        id_ = _part(added, "bulkCreation").get("id")
        if isinstance(id_, str) and id_:
            return id_
        errors = _list(added, "userErrors")
        if any("discountId" in (it.get("field") or ()) for it in errors):
            return None
        raise self._refused(errors)

    def _wait_for(self, bulk: str) -> list[dict[str, Any]]:
        """What became of each code, when Shopify is through with them. Raises ShopError."""
        limits = self._http.limits
        for _ in range(max(1, round(limits.whole / limits.between))):
            work = _part(self._graphql(_HOW_FAR, id=bulk), "discountRedeemCodeBulkCreation")
            if work.get("done") is True:
                return _list(_part(work, "codes"), "nodes")
            self._http.sleep(limits.between)
        raise self._http.trouble(
            f"is still at it after {limits.whole:g} seconds",
            "Try again later: codes that have arrived by then are found there.",
        )

    def _done(self, listing: Listing, codes: Sequence[str], nodes: Sequence[dict[str, Any]]) -> Added:
        """Those that failed may be there since an earlier push, for the same discount."""
        made = {it.get("code") for it in nodes if _part(it, "discountRedeemCode") and not _list(it, "errors")}
        why = {it.get("code"): _words(_list(it, "errors")) for it in nodes}
        failed = [it for it in codes if it not in made]
        there = self._look_up(failed)
        ours = {code for code, (_, title) in there.items() if title == listing.title}
        return Added(
            arrived=frozenset(it for it in codes if it in made or it in ours),
            refused={it: why.get(it) or "refused without a word" for it in failed if it not in ours},
        )

    def _look_up(self, codes: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The discount's id and title of each of the codes that the shop has."""
        found: dict[str, tuple[str, str]] = {}
        for start in range(0, len(codes), _LOOKED_UP):
            some = codes[start : start + _LOOKED_UP]
            asked = ", ".join(f"$c{no}: String!" for no in range(len(some)))
            fields = " ".join(
                f"c{no}: codeDiscountNodeByCode(code: $c{no}) {{ id {_TITLE} }}" for no in range(len(some))
            )
            answer = self._graphql(
                f"query Codes({asked}) {{ {fields} }}", **{f"c{no}": code for no, code in enumerate(some)}
            )
            for no, code in enumerate(some):
                node = _part(answer, f"c{no}")
                if node:
                    title = _part(node, "codeDiscount").get("title")
                    found[code] = (str(node.get("id") or ""), title if isinstance(title, str) else "")
        return found

    def _graphql(self, query: str, **variables: Any) -> Mapping[str, Any]:
        """The `data` of the answer; asked again where Shopify says that it was too much. Raises ShopError."""
        for turn in range(_TRIES):
            answer = self._http.ask("POST", "", {"query": query, "variables": variables})
            errors = _list(answer, "errors")
            if not errors:
                return _part(answer, "data")
            codes = {_part(it, "extensions").get("code") for it in errors}
            if codes != {"THROTTLED"}:
                remedy = (
                    "Its token needs the scopes read_discounts and write_discounts."
                    if "ACCESS_DENIED" in codes
                    else "Try again: what arrived is marked."
                )
                raise self._http.trouble(f"refuses: {_words(errors)}", remedy)
            self._http.sleep(2.0**turn)
        raise self._http.trouble(
            "asks us to slow down again and again", "Try again later: what arrived is marked."
        )

    def _refused(self, errors: Sequence[dict[str, Any]]) -> Exception:
        return self._http.trouble(
            f"does not take the discount: {_words(errors)}",
            "Put the offer right, or make it in the shop by hand.",
        )


def _is_delivery(listing: Listing) -> bool:
    return isinstance(listing.discount, FreeDelivery)


def _worth(listing: Listing) -> dict[str, Any]:
    match listing.discount:
        case Percent(share=share):
            return {"percentage": float(share)}
        case Amount() as amount:
            return {"discountAmount": {"amount": major_text(amount), "appliesOnEachItem": False}}
        case FreeDelivery() | FreeTime() | Gift():
            raise ValueError("this is no amount off; see runner/pushing.py")


def _part(whole: Any, name: str) -> dict[str, Any]:
    found = whole.get(name) if isinstance(whole, Mapping) else None
    return found if isinstance(found, dict) else {}


def _list(whole: Any, name: str) -> list[dict[str, Any]]:
    found = whole.get(name) if isinstance(whole, Mapping) else None
    return [it for it in found if isinstance(it, dict)] if isinstance(found, list) else []


def _words(errors: Sequence[dict[str, Any]]) -> str:
    return (
        "; ".join(it for it in (said(error.get("message")) for error in errors[:3]) if it) or "without a word"
    )
