"""`recommend(…)` in a template: gives products, and remembers which of them the message shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from jinja2 import Environment

from nurture.messages.group import Group
from nurture.messages.missing import MISSING
from nurture.messages.views import View, known
from nurture.offers.recommending import DEFAULT, MOST, Kind


class Product(Protocol):
    """What may be recommended. `price` is in minor units, 0 where it is not known."""

    @property
    def sku(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def line(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def price(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def image_url(self) -> str: ...


@dataclass(slots=True)
class Given:
    """What a template was given of one kind: so many of the first, and which of them it showed."""

    most: int = 0
    seen: set[int] = field(default_factory=set)


class Recommending:
    """Callable by templates."""

    __slots__ = ("_products", "_view", "given")

    def __init__(self, products: Sequence[Product], view: View) -> None:
        """Of all kinds, each the best first; what says of no kind goes with what they own."""
        self._products: dict[str, list[Product]] = {}
        for it in products:
            self._products.setdefault(getattr(it, "kind", ""), []).append(it)
        self._view = view
        self.given: dict[Kind, Given] = {}

    def __call__(self, count: int = DEFAULT, *, up: bool = False, require: int = 0) -> tuple[Group, ...]:
        """So many products, the best first; with `require`, none where there are fewer than that."""
        kind: Kind = "up" if up else ""
        found = self._products.get(kind, ())[: max(0, min(int(count), MOST))]
        if len(found) < min(int(require), int(count)):
            return ()
        given = self.given.setdefault(kind, Given())
        given.most = max(given.most, len(found))
        return tuple(
            _Shown(it, self._view, lambda place=place: given.seen.add(place))  # type: ignore[misc]
            for place, it in enumerate(found)
        )


class _Shown(Group):
    """A product that says so when a template takes something of it."""

    __slots__ = ("_seen",)

    def __init__(self, it: Product, view: View, seen: Callable[[], None]) -> None:
        super().__init__("product", lambda: _values(it, view), label=it.name or it.sku)
        self._seen = seen

    def fact(self, name: str, environment: Environment) -> Any:
        self._seen()
        return super().fact(name, environment)

    def __str__(self) -> str:
        self._seen()
        return super().__str__()

    def __html__(self) -> str:
        self._seen()
        return super().__html__()


def _values(it: Product, view: View) -> Mapping[str, Any]:
    return {
        "sku": it.sku,
        "name": it.name or it.sku,
        "line": known(it.line),
        "category": known(it.category),
        "price": view.money(it.price) if it.price else MISSING,
        "url": known(it.url),
        "image_url": known(it.image_url),
        # Not everybody who has products to show knows why.
        "because": known(_because(it)),
    }


def _because(it: Product) -> str:
    """Which of theirs it goes with; empty where that is called the same: "milk, goes with your milk" tells nothing."""
    because = str(getattr(it, "because", ""))
    return "" if because == it.name else because
