"""Codes into a shop, a batch at a time: what arrived is marked at once, so that whatever breaks, the next push goes on.

A batch that arrived in the shop and was not marked here is found there again, and counts as arrived.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nurture.clock import Clock, Moment
from nurture.errors import UsageError, WorkspaceError
from nurture.offers.discount import Discount, FreeTime, Gift
from nurture.offers.offer import Offer
from nurture.offers.redemption import worth_of
from nurture.providers.shopify import Shopify
from nurture.providers.shops import Listing, Shop, ShopError
from nurture.providers.trust import trusting
from nurture.providers.woocommerce import WooCommerce
from nurture.settings import Settings
from nurture.settings.shops import ShopAccess
from nurture.store import known_codes, marks
from nurture.store.engine import Store
from nurture.store.known_codes import UnknownCode

MOST_TOLD = 100
"""Codes that a shop refused, told one by one; all of them are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push came to."""

    offer: str
    shop: str
    arrived: int
    refused: int = 0
    told: Mapping[str, str] | None = None
    """Why, by code, of the first of those that were refused."""


Progress = Callable[[int, int], None]
"""Told how many were tried, of how many."""


def push(
    store: Store, clock: Clock, offer: Offer, name: str, shop: Shop, progress: Progress = lambda _d, _t: None
) -> Pushed:
    """Tell the shop called `name` of all codes of the offer that it does not know.

    Raises UsageError where the offer has none, and ShopError, which says how far it came.
    """
    if offer.codes is None:
        raise UsageError(
            f"{offer.key} has no codes", where="nurture codes push", remedy="Give it some: code: unique"
        )
    if not offer.unique:
        return _push_word(offer, name, shop)
    done = _Count()
    after = 0
    with store.read() as tx:
        total = known_codes.count_unknown(tx, offer.key)
    while True:
        with store.read() as tx:
            batch = known_codes.unknown(tx, offer.key, after, shop.most)
        if not batch:
            break
        after = batch[-1].id
        try:
            for text, some in _by_discount(offer, batch).items():
                done.take(_add(store, clock, shop, offer, text, some))
        except ShopError as error:
            raise ShopError(
                f"{error.message}; {done.arrived:,} of {total:,} codes arrived before that, and are marked",
                where=error.where,
                remedy=error.remedy,
            ) from error
        progress(done.tried, total)
    return Pushed(
        offer=offer.key, shop=name, arrived=done.arrived, refused=done.refused, told=dict(done.told)
    )


class _Count:
    """What came of the batches so far."""

    def __init__(self) -> None:
        self.arrived = 0
        self.refused = 0
        self.told: dict[str, str] = {}

    @property
    def tried(self) -> int:
        return self.arrived + self.refused

    def take(self, became: tuple[int, Mapping[str, str]]) -> None:
        arrived, refused = became
        self.arrived += arrived
        self.refused += len(refused)
        for code, why in refused.items():
            if len(self.told) < MOST_TOLD:
                self.told[code] = why


def listing(offer: Offer, discount: str) -> Listing:
    """What a code of the offer stands for in a shop. Raises UsageError where no shop has such a thing."""
    worth = _for_shops(offer.key, discount)
    return Listing(title=f"nurture {offer.key}: {discount}", discount=worth, is_own=offer.unique)


def open_shop(settings: Settings, name: str, store: Store, now: Moment) -> Shop:
    """The shop of that name. Raises UsageError and WorkspaceError."""
    access = settings.shops.get(name)
    if access is None:
        known = ", ".join(sorted(settings.shops))
        raise UsageError(
            f"no shop is called {name[:80]!r}",
            where="--to",
            remedy=f"There are: {known}" if known else "Name it in nurture.toml: [shops.NAME]",
        )
    lacking = access.lacking(name)
    if lacking:
        raise WorkspaceError(
            f"[shops.{name}] lacks what lets us in", remedy=f"Set in the environment: {', '.join(lacking)}"
        )
    try:
        tls = trusting(settings.notify.ca_file)
    except OSError as error:
        raise WorkspaceError(
            f"[notify] ca_file cannot be used: {error.strerror or error}", remedy="Name a file in PEM."
        ) from None
    if access.kind == "woocommerce":
        return WooCommerce(access.url, key=access.key, secret=access.secret, tls=tls)
    return Shopify(access.url, token=access.token, now=now, discounts=_Remembered(store, access), tls=tls)


class _Remembered(dict[str, str]):
    """The discounts that a shop has of ours, by title, kept between pushes under a mark of the shop."""

    def __init__(self, store: Store, access: ShopAccess) -> None:
        self._store = store
        self._mark = f"discounts in {access.url}"
        with store.read() as tx:
            super().__init__(json.loads(marks.get(tx, self._mark, "{}")))

    def __setitem__(self, title: str, id_: str) -> None:
        super().__setitem__(title, id_)
        self._keep()

    def __delitem__(self, title: str) -> None:
        super().__delitem__(title)
        self._keep()

    def _keep(self) -> None:
        with self._store.write() as tx:
            marks.put(tx, self._mark, json.dumps(dict(self)))


def _push_word(offer: Offer, name: str, shop: Shop) -> Pushed:
    """The one code for all: nothing is kept of it, since the shop says whether it has it."""
    added = shop.add(listing(offer, offer.discount), [offer.code])
    return Pushed(
        offer=offer.key,
        shop=name,
        arrived=len(added.arrived),
        refused=len(added.refused),
        told=dict(added.refused),
    )


def _by_discount(offer: Offer, codes: Sequence[UnknownCode]) -> dict[str, list[UnknownCode]]:
    """A code stands for what the offer said when it was made."""
    found: dict[str, list[UnknownCode]] = defaultdict(list)
    for it in codes:
        found[it.discount or offer.discount].append(it)
    return found


def _add(
    store: Store, clock: Clock, shop: Shop, offer: Offer, discount: str, codes: Sequence[UnknownCode]
) -> tuple[int, Mapping[str, str]]:
    added = shop.add(listing(offer, discount), [it.code for it in codes])
    arrived = [it.id for it in codes if it.code in added.arrived]
    with store.write() as tx:
        known_codes.mark_known(tx, arrived, clock.now(), discount=discount)
    return len(arrived), added.refused


def _for_shops(offer: str, discount: str) -> Discount:
    worth = worth_of(discount)
    if worth is None or isinstance(worth, FreeTime | Gift):
        raise UsageError(
            f"{offer} gives {discount!r}, and no shop has a code for that"
            if discount
            else f"{offer} gives nothing",
            where="nurture codes push",
            remedy=f"A share, an amount and free delivery can be pushed; take others along: "
            f"nurture codes export {offer}",
        )
    return worth
