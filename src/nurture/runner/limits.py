"""[limits] of nurture.toml, read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nurture.errors import Fault, SettingsError
from nurture.journeys.calendar import CalendarError, parse_window
from nurture.journeys.caps import parse_cap
from nurture.journeys.limits import Limits
from nurture.settings import Settings

T = TypeVar("T")


def limits_of(settings: Settings) -> Limits:
    """The limits that the settings set. Raises SettingsError, which names each that cannot be read."""
    faults: list[Fault] = []

    def read(key: str, parse: Callable[[], T]) -> T | None:
        try:
            return parse()
        except CalendarError as error:
            faults.append(Fault(key=("limits", key), message=error.message, hint=error.hint))
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            faults.append(Fault(key=("limits", key), message=message, hint=hint))
        return None

    written = settings.limits
    caps = read("per_contact", lambda: tuple(map(parse_cap, written.per_contact)))
    window = read("window", lambda: parse_window(written.window) if written.window else None)
    if faults:
        raise SettingsError(faults)
    return Limits(caps=caps or (), window=window, release=written.release)
