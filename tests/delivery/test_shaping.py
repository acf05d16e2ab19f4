"""How fast mail may go where: what is built in, and what the settings say."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nurture.clock import DAY, HOUR, MINUTE, parse_iso
from nurture.delivery.shaping import BUILT_IN, OTHERS, Shape, Shaping, shaping_of
from nurture.delivery.warm_up import Ramp, block_of, day_of
from nurture.settings import load
from nurture.settings.destinations import PROVIDERS, STEPS, Rate

LEAST = '[sender]\nfrom = "hello@shop.example"\naddress = "1 Main Street"\n'


def shaped(folder: Path, text: str = "") -> Shaping:
    (folder / "nurture.toml").write_text(LEAST + text, encoding="utf-8")
    return shaping_of(load(folder, {}))


@pytest.mark.parametrize(
    ("key", "connections", "per_connection"),
    [
        ("google", 5, 50),
        ("yahoo", 10, 20),
        ("microsoft", 5, 50),
        ("apple", 10, 5),
        ("gmx", 4, 20),
        ("", 10, 100),
        ("/mx1.shop.example", 10, 100),
    ],
)
def test_each_provider_begins_with_what_is_known_to_work(
    tmp_path: Path, key: str, connections: int, per_connection: int
) -> None:
    assert shaped(tmp_path).shape(key) == Shape(connections=connections, per_connection=per_connection)


def test_every_provider_with_a_name_has_values_of_its_own() -> None:
    assert set(BUILT_IN) == set(PROVIDERS)


def test_settings_stand_over_what_is_built_in_one_by_one(tmp_path: Path) -> None:
    it = shaped(
        tmp_path,
        '[destinations.google]\nconnections = 20\nper_minute = "10000 per hour"\n'
        "[destinations.default]\nper_connection = 0\nper_minute = 600\n"
        '[destinations."/mx1.shop.example"]\nconnections = 1\n'
        '[rates]\nnews = "1000 per hour"\n',
    )
    many, some = Rate(count=10_000, span=HOUR), Rate(count=600, span=MINUTE)
    assert it.shape("google") == Shape(connections=20, per_connection=50, rate=many)
    assert it.shape("apple") == Shape(connections=10, per_connection=5, rate=some)
    assert it.shape("/mx2.shop.example") == Shape(connections=10, per_connection=0, rate=some)
    assert it.shape("/mx1.shop.example") == Shape(connections=1, per_connection=0, rate=some)
    assert it.shape("campaign news").rate == Rate(count=1000, span=HOUR)
    assert it.shape("campaign other").rate is None
    assert it.shape("relay a") == OTHERS


def test_warming_up_counts_days_in_utc_from_the_first_one(tmp_path: Path) -> None:
    it = shaped(tmp_path, "[warm_up]\nsince = 2026-11-01\n").ramp
    assert it is not None
    assert it.first_day * DAY == moment("2026-11-01T00:00Z")
    assert [it.quota(it.first_day + day) for day in (-1, 0, 1, 2)] == [50, 50, 100, 500]
    assert it.quota(it.first_day + len(STEPS) - 1) == STEPS[-1]
    assert it.quota(it.first_day + len(STEPS)) is None
    assert day_of(moment("2026-11-01T23:59:59Z")) == it.first_day
    assert shaped(tmp_path).ramp is None


def moment(text: str) -> int:
    return parse_iso(text, ZoneInfo("UTC"))


def test_steps_of_ones_own_end_sooner(tmp_path: Path) -> None:
    it = shaped(tmp_path, "[warm_up]\nsince = 2026-11-01\nsteps = [10, 1000]\n").ramp
    assert it == Ramp(first_day=it.first_day, steps=(10, 1000)) if it else False
    assert it is not None and it.quota(it.first_day + 2) is None


def test_a_block_is_a_small_part_and_never_nothing() -> None:
    assert [block_of(it) for it in (1, 50, 20_000)] == [1, 2, 1000]
