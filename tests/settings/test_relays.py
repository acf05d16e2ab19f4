"""[relay], [[relay]] and their variables: what is taken, what is refused, and what is said then."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.clock import MINUTE
from nurture.errors import SettingsError
from nurture.runner.settings_findings import findings_of
from nurture.settings import Settings, load
from nurture.settings.destinations import Rate
from nurture.settings.relays import relay_rates

LEAST = '[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'
TWO = """
[[relay]]
name = "main"
host = "smtp.provider.example"
port = 587
weight = 3
rate = "6000 per minute"

[[relay]]
host = "mail2.shop.example"
per_connection = 50
"""


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "nurture.toml").write_text(LEAST + text, encoding="utf-8")
    return load(folder, environ)


def refused(folder: Path, text: str, **environ: str) -> SettingsError:
    with pytest.raises(SettingsError) as error:
        loaded(folder, text, **environ)
    return error.value


def test_one_relay_stays_as_it_was_and_is_the_only_one(tmp_path: Path) -> None:
    it = loaded(tmp_path, "[relay]\nport = 2525\n", NURTURE_RELAY_PASSWORD="geheim")
    assert it.relays == (it.relay,)
    assert (it.relay.called, it.relay.port, it.relay.password) == ("127.0.0.1", 2525, "geheim")
    assert it.deliver == "relay"
    assert loaded(tmp_path, "").relays == (loaded(tmp_path, "").relay,)


def test_several_relays_each_have_their_own(tmp_path: Path) -> None:
    main, other = loaded(tmp_path, TWO).relays
    assert (main.called, main.key, main.weight) == ("main", "relay main", 3)
    assert (other.called, other.per_connection, other.weight) == ("mail2.shop.example", 50, 1)
    assert relay_rates((main, other)) == {"relay main": Rate(count=6_000, span=MINUTE)}


def test_the_password_of_one_comes_before_that_of_all(tmp_path: Path) -> None:
    both = {"NURTURE_RELAY_PASSWORD": "all", "NURTURE_RELAY_MAIL2_SHOP_EXAMPLE_PASSWORD": "its own"}
    for names in (list(both), list(reversed(both))):
        it = loaded(tmp_path, TWO, **{name: both[name] for name in names})
        assert [relay.password for relay in it.relays] == ["all", "its own"]
    assert it.relays[1].variable in both
    assert "its own" not in repr(it)


def test_other_keys_of_one_can_be_set_in_the_environment_too(tmp_path: Path) -> None:
    assert loaded(tmp_path, TWO, NURTURE_RELAY_MAIN_PORT="2526").relays[0].port == 2526
    assert "NURTURE_RELAY_PORT" in str(refused(tmp_path, TWO, NURTURE_RELAY_PORT="2526"))


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[[relay]]\n[[relay]]\n", "two called '127.0.0.1'", "name of its own"),
        ('[[relay]]\nname = "a.b"\n[[relay]]\nname = "A-B"\n', "two called 'a.b'", "name of its own"),
        ('[[relay]]\nname = "a b"\n', "relay.name of [[relay]] number 1", "letters, digits"),
        (
            "[[relay]]\n[[relay]]\nwieght = 2\n",
            "relay.wieght of [[relay]] number 2",
            'did you mean "weight"?',
        ),
        ('[relay]\nrate = "fast"\n', "relay.rate cannot be", "per minute"),
        ("[relay]\nweight = 0\n", "relay.weight", ""),
        ('[[relay]]\npassword = "geheim"\n', "it is a secret", "NURTURE_RELAY_PASSWORD"),
        ("relay = 5\n", "relay is a section", "[relay]"),
        ("relay = []\n", "relay cannot be an empty list", "[relay]"),
        ("relays = []\n", "relays is not a setting", 'did you mean "relay"?'),
        ('deliver = "direct"\n', "deliver cannot be 'direct'", "mx"),
    ],
)
def test_what_is_wrong_with_a_relay_is_said(tmp_path: Path, text: str, said: str, hint: str) -> None:
    with pytest.raises(SettingsError) as error:
        (tmp_path / "nurture.toml").write_text(text + LEAST)
        load(tmp_path, {})
    assert said in str(error.value) and hint in str(error.value)
    assert "geheim" not in str(error.value)


def test_a_mistake_in_the_second_relay_is_shown_where_it_stands(tmp_path: Path) -> None:
    error = refused(tmp_path, TWO + "port = 0\n")
    [finding] = findings_of(error, tmp_path)
    assert finding.source == "port = 0"
