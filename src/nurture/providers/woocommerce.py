"""Codes into WooCommerce, by its REST API, version 3: `POST /wp-json/wc/v3/coupons/batch`.

See https://woocommerce.github.io/woocommerce-rest-api-docs/#batch-update-coupons. A batch answers 200, and each coupon
in it bears an id, or an error of its own.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any

from nurture.offers.discount import Amount, FreeDelivery, FreeTime, Gift, Percent
from nurture.providers.shops import Added, Listing, ShopHttp, ShopLimits, Sleep, major_text, said

_TAKEN = "woocommerce_rest_coupon_code_already_exists"


class WooCommerce:
    """One shop."""

    most = 100
    """What WooCommerce takes at once unless a filter says otherwise."""

    def __init__(
        self,
        url: str,
        *,
        key: str,
        secret: str,
        tls: ssl.SSLContext | bool = True,
        limits: ShopLimits | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._http = ShopHttp(f"{url}/wp-json/wc/v3", auth=(key, secret), tls=tls, limits=limits, sleep=sleep)

    def close(self) -> None:
        """See `Shop.close`."""
        self._http.close()

    def add(self, listing: Listing, codes: Sequence[str]) -> Added:
        """See `Shop.add`."""
        answer = self._http.ask("POST", "/coupons/batch", {"create": [_coupon(listing, it) for it in codes]})
        made = answer.get("create") if isinstance(answer, dict) else None
        if not isinstance(made, list) or len(made) != len(codes):
            raise self._http.trouble(
                "answers without the coupons", "Is the url that of a shop with WooCommerce 3.5 or later?"
            )
        arrived, refused = set(), {}
        for code, one in zip(codes, made, strict=True):
            coupon = one if isinstance(one, dict) else {}
            told = coupon.get("error")
            error: dict[str, Any] = told if isinstance(told, dict) else {}
            # Only what bears an id was made: a code that the shop does not know is given to nobody.
            made_now = bool(coupon.get("id")) and not told
            if made_now or self._was_there(listing, code, error):
                arrived.add(code)
            else:
                refused[code] = said(error.get("message")) or "refused without a word"
        return Added(arrived=frozenset(arrived), refused=refused)

    def _was_there(self, listing: Listing, code: str, error: Mapping[str, Any]) -> bool:
        """Whether it was refused since the shop has it already, and that is one that we made before."""
        if error.get("code") != _TAKEN:
            return False
        found = self._http.ask("GET", "/coupons", code=code)
        return isinstance(found, list) and any(
            isinstance(it, dict) and it.get("description") == listing.title for it in found
        )


def _coupon(listing: Listing, code: str) -> dict[str, Any]:
    limit = {"usage_limit": 1} if listing.is_own else {}
    return {
        "code": code,
        **_worth(listing),
        "description": listing.title,
        "usage_limit_per_user": 1,
        **limit,
    }


def _worth(listing: Listing) -> dict[str, Any]:
    match listing.discount:
        case Percent(share=share):
            return {"discount_type": "percent", "amount": f"{(share * 100).normalize():f}"}
        case Amount() as amount:
            return {"discount_type": "fixed_cart", "amount": major_text(amount)}
        case FreeDelivery():
            return {"discount_type": "fixed_cart", "amount": "0", "free_shipping": True}
        case FreeTime() | Gift():
            raise ValueError("no shop has a code for what it does not know; see runner/pushing.py")
