"""Public holidays of a country, from the tables of the package holidays."""

from __future__ import annotations

import re
import warnings
from datetime import date
from functools import lru_cache

import holidays


def is_holiday(day: int, country: str) -> bool:
    """Whether the day, counted as `date.toordinal` does, is one in all of the country.

    `country` has the two letters of ISO 3166, in any case; another has no holidays.
    """
    return day in _of_year(country, date.fromordinal(day).year)


@lru_cache(maxsize=2048)
def _of_year(country: str, year: int) -> frozenset[int]:
    if re.fullmatch("[A-Za-z]{2}", country) is None:
        return frozenset()
    with warnings.catch_warnings():
        # Some holidays follow the moon; beyond what is reckoned in advance the package warns and leaves them out.
        warnings.simplefilter("ignore")
        try:
            found = holidays.country_holidays(country.upper(), years=year)
        except NotImplementedError:
            return frozenset()
    return frozenset(it.toordinal() for it in found)
