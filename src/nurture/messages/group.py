"""A group of facts as templates see it: `contact`, `orders`, `offer` …, worked out when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment
from markupsafe import escape

from nurture.messages.missing import MISSING


class Group:
    """Plain values under names. `open`: a name that is not here is missing; else it is a mistake."""

    __slots__ = ("_build", "_data", "_exists", "_label", "_name", "_open")

    def __init__(
        self,
        name: str,
        build: Callable[[], Mapping[str, Any]],
        *,
        open: bool = False,
        exists: bool = True,
        label: str = "",
    ) -> None:
        self._name = name
        self._build = build
        self._data: Mapping[str, Any] | None = None
        self._open = open
        self._exists = exists
        self._label = label

    def fact(self, name: str, environment: Environment) -> Any:
        """The value called `name`: what a template gets for `group.name`."""
        data = self._data
        if data is None:
            data = self._data = self._build()
        try:
            return data[name]
        except KeyError:
            if self._open and not name.startswith("_"):
                return MISSING
            return environment.undefined(f"there is no {self._name}.{name}", name=name)

    def __bool__(self) -> bool:
        return self._exists

    def __str__(self) -> str:
        return self._label

    def __html__(self) -> str:
        return str(escape(self._label))
