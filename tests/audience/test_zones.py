"""Which zone a contact's days and times are in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.audience.contact import Contact
from nurture.audience.expressions import parse
from nurture.audience.facts import Facts, StageFacts
from nurture.audience.zones import country_zones, named, zone_of, zones_of_country
from nurture.clock import parse_iso

TOKYO = ZoneInfo("Asia/Tokyo")


def zone(timezone: str = "", country: str = "") -> str:
    contact = Contact(id=1, email="ann@example.test", timezone=timezone, country=country)
    return zone_of(contact, TOKYO).key


def test_a_contact_has_their_own_zone_first() -> None:
    assert zone("Europe/Lisbon", "DE") == "Europe/Lisbon"


@pytest.mark.parametrize(
    ("country", "name"),
    [
        ("DE", "Europe/Berlin"),
        ("de", "Europe/Berlin"),
        ("AR", "America/Argentina/Buenos_Aires"),
        ("uk", "Europe/London"),
    ],
)
def test_else_that_of_their_country_where_it_has_one_clock(country: str, name: str) -> None:
    assert zone(country=country) == name


@pytest.mark.parametrize("country", ["US", "ES", "RU", "", "XX", "D", "Germany", "\0", "ß"])
def test_else_the_workspaces(country: str) -> None:
    assert zone(country=country) == "Asia/Tokyo"
    assert zones_of_country(country) is None


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlinn",
        "Europe",
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "right/Europe/Berlin",
        "\0",
    ],
)
def test_what_is_no_zone_counts_as_none(name: str) -> None:
    assert named(name) is None
    assert zone(name, "FR") == "Europe/Paris"


def test_all_zones_of_a_country_that_has_one_show_the_same_time_at_every_hour_of_a_year() -> None:
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=it) for it in range(0, 365 * 24, 7)]
    for one, other in [
        ("Europe/Berlin", "Europe/Busingen"),
        ("Asia/Nicosia", "Asia/Famagusta"),
        ("Asia/Gaza", "Asia/Hebron"),
    ]:
        assert [it.astimezone(ZoneInfo(one)).utcoffset() for it in hours] == [
            it.astimezone(ZoneInfo(other)).utcoffset() for it in hours
        ]


def test_the_countries_with_one_zone_are_known_by_name() -> None:
    zones = country_zones()
    assert zones["SE"] == "Europe/Stockholm"
    assert not {"US", "AU", "BR", "CA", "ES", "MX", "PT"} & set(zones)
    assert len(zones) > 200
    assert all(zones_of_country(country) is ZoneInfo(name) for country, name in zones.items())


def test_a_date_in_an_attribute_is_one_in_the_contacts_country() -> None:
    contact = Contact(id=1, email="ann@example.test", country="JP", attributes={"renews_at": "2026-12-01"})
    facts = Facts(contact=contact, stage=StageFacts(name="prospect", since=0))
    passed = parse("contact.renews_at <= now")
    midnight = parse_iso("2026-12-01", TOKYO)
    assert passed.holds(facts, midnight)
    assert not passed.holds(facts, midnight - 1)
