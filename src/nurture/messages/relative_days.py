"""How people say a day that is near: today, tomorrow, in 3 days.

Babel knows "in 3 days" in every language, and not the words for the days around today.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from babel import Locale
from babel.dates import format_timedelta

_NEAR = {
    "cs": ("včera", "dnes", "zítra"),
    "da": ("i går", "i dag", "i morgen"),
    "de": ("gestern", "heute", "morgen"),
    "en": ("yesterday", "today", "tomorrow"),
    "es": ("ayer", "hoy", "mañana"),
    "fi": ("eilen", "tänään", "huomenna"),
    "fr": ("hier", "aujourd’hui", "demain"),
    "it": ("ieri", "oggi", "domani"),
    "nb": ("i går", "i dag", "i morgen"),
    "nl": ("gisteren", "vandaag", "morgen"),
    "no": ("i går", "i dag", "i morgen"),
    "pl": ("wczoraj", "dzisiaj", "jutro"),
    "pt": ("ontem", "hoje", "amanhã"),
    "sv": ("i går", "i dag", "i morgon"),
}


@lru_cache(maxsize=1024)
def days_away(days: int, locale: Locale) -> str:
    """The day that is so many days from today; less than 0: before it.

    In a language whose words are not here, today is "in 0 days", as Babel says it.
    """
    words = _NEAR.get(locale.language)
    if words is not None and -1 <= days <= 1:
        return words[days + 1]
    return format_timedelta(timedelta(days=days), "day", threshold=1e9, add_direction=True, locale=locale)
