"""[destinations], [rates], [warm_up] and [alerts]: what is taken, what is refused, and what is said then."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR, MINUTE
from nurture.errors import SettingsError
from nurture.settings import Settings, load
from nurture.settings.destinations import STEPS, Rate, parse_rate

LEAST = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "nurture.toml").write_text(LEAST + text, encoding="utf-8")
    return load(folder, environ)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("600 per minute", Rate(count=600, span=MINUTE)),
        ("10000 per hour", Rate(count=10_000, span=HOUR)),
        (" 1000 Per Hours ", Rate(count=1000, span=HOUR)),
        ("20/day", Rate(count=20, span=DAY)),
        ("20 a day", Rate(count=20, span=DAY)),
        ("1 an hour", Rate(count=1, span=HOUR)),
        ("5 per second", Rate(count=300, span=MINUTE)),
    ],
)
def test_a_rate_is_written_in_words(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate
    assert parse_rate(rate.describe()) == rate


@given(st.text(max_size=30))
def test_what_is_no_rate_is_refused_with_how_to_write_one(text: str) -> None:
    try:
        rate = parse_rate(text)
    except ValueError as error:
        assert "; " in str(error)
    else:
        assert rate.count > 0 and rate.span in (MINUTE, HOUR, DAY)


def test_what_is_said_is_read(tmp_path: Path) -> None:
    it = loaded(
        tmp_path,
        '[destinations.google]\nconnections = 20\nper_connection = 0\nper_minute = "10000 per hour"\n'
        "[destinations.default]\nper_minute = 600\n"
        '[warm_up]\nsince = 2026-11-01\n[rates]\nnews = "1000 per hour"\n[alerts]\nnotify = "ops@shop.example"\n',
    )
    google = it.destinations["google"]
    assert (google.connections, google.per_connection) == (20, 0)
    assert google.per_minute == Rate(count=10_000, span=HOUR)
    assert it.destinations["default"].per_minute == Rate(count=600, span=MINUTE)
    assert it.warm_up is not None
    assert (it.warm_up.since, it.warm_up.steps) == (date(2026, 11, 1), STEPS)
    assert it.rates == {"news": Rate(count=1000, span=HOUR)}
    assert (it.alerts.notify, it.alerts.is_url) == ("ops@shop.example", False)


def test_nothing_is_said_unless_it_is_written(tmp_path: Path) -> None:
    it = loaded(tmp_path, "")
    assert (it.destinations, it.rates, it.warm_up, it.alerts.notify) == ({}, {}, None, "")


def test_warming_up_and_alerts_can_be_set_in_the_environment(tmp_path: Path) -> None:
    it = loaded(
        tmp_path,
        "",
        NURTURE_WARM_UP_SINCE="2026-11-01",
        NURTURE_WARM_UP_STEPS="50, 100,500",
        NURTURE_ALERTS_NOTIFY="https://hooks.example/x",
    )
    assert it.warm_up is not None
    assert (it.warm_up.since, it.warm_up.steps) == (date(2026, 11, 1), (50, 100, 500))
    assert it.alerts.is_url


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        (
            "[destinations.googel]\nconnections = 5\n",
            "destinations has no 'googel'",
            'did you mean "google"?',
        ),
        (
            "[destinations.xyz]\nconnections = 5\n",
            "destinations has no 'xyz'",
            "there are: google, microsoft",
        ),
        ("[destinations.google]\nconections = 5\n", "destinations.google.conections is", '"connections"?'),
        (
            "[destinations.google]\nconnections = 0\n",
            "destinations.google.connections cannot be 0",
            "greater",
        ),
        ("[destinations.google]\nper_connection = -1\n", "destinations.google.per_connection", "greater"),
        (
            '[destinations.google]\nper_minute = "fast"\n',
            "google.per_minute cannot be 'fast'",
            "600 per minute",
        ),
        ("[destinations.google]\nper_minute = true\n", "google.per_minute cannot be True", "600 per minute"),
        ("[destinations.google]\nper_minute = 0\n", "google.per_minute cannot be none", "pause"),
        ("destinations = 5\n", "destinations", ""),
        ('[rates]\nnews = "1000"\n', "rates.news cannot be '1000'", "10000 per hour"),
        ("[rates]\nnews = 1000\n", "rates.news cannot be 1000", "10000 per hour"),
        ('[rates]\nnews = "1000 per fortnight"\n', "rates.news cannot be", "10000 per hour"),
        ("[warm_up]\nsteps = [50]\n", "warm_up.since is missing", ""),
        ('[warm_up]\nsince = "soon"\n', "warm_up.since cannot be 'soon'", "date"),
        (
            "[warm_up]\nsince = 2026-11-01\nsteps = [100, 50]\n",
            "warm_up.steps must rise",
            "[50, 100, 500, 1000]",
        ),
        ("[warm_up]\nsince = 2026-11-01\nsteps = []\n", "warm_up.steps must rise", ""),
        ("[warm_up]\nsince = 2026-11-01\nsteps = [0, 5]\n", "warm_up.steps must rise", ""),
        ("[warm_up]\nsince = 2026-11-01\nsteps = ['x']\n", "warm_up.steps.0 cannot be 'x'", "integer"),
        ("[warm_up]\nsince = 2026-11-01\nstep = [5]\n", "warm_up.step is not a setting", '"steps"?'),
        ('[alerts]\nnotify = "ops"\n', "alerts.notify cannot be 'ops'", "ops@shop.example"),
        ('[alerts]\nnotify = "http://hooks.example"\n', "alerts.notify cannot be", "https://"),
        ('[alerts]\nnotify = "Ops <ops@shop.example>"\n', "alerts.notify cannot be", "ops@shop.example"),
    ],
)
def test_what_is_wrong_is_said_with_its_key_and_how_to_put_it_right(
    tmp_path: Path, text: str, said: str, hint: str
) -> None:
    text = text if not text.startswith("destinations =") else text + LEAST
    with pytest.raises(SettingsError) as caught:
        (tmp_path / "nurture.toml").write_text(text if LEAST in text else LEAST + text, encoding="utf-8")
        load(tmp_path, {})
    assert said in str(caught.value) and hint in str(caught.value)
