"""Which way a message goes, and whose limits hold for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.delivery.lanes import Lane, lane_of, limits_key, parse_lane, provider_of


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("gmail-smtp-in.l.google.com", "google"),
        ("ASPMX.L.GOOGLE.COM.", "google"),
        ("smtp.google.com", "google"),
        ("aspmx2.googlemail.com", "google"),
        ("shop-example.mail.protection.outlook.com", "microsoft"),
        ("outlook-com.olc.protection.outlook.com", "microsoft"),
        ("shop-example.p-v1.mx.microsoft", "microsoft"),
        ("mta5.am0.yahoodns.net", "yahoo"),
        ("mx-aol.mail.gm0.yahoodns.net", "yahoo"),
        ("mx01.mail.icloud.com", "apple"),
        ("mx00.emig.gmx.net", "gmx"),
        ("mx-ha02.web.de", "gmx"),
        ("mx1.shop.example", ""),
        ("notgoogle.com", ""),
        ("google.com.shop.example", ""),
    ],
)
def test_a_provider_is_known_by_its_mail_servers(host: str, provider: str) -> None:
    assert provider_of("shop.example", [host, "backup.other.example"]) == provider
    assert lane_of("shop.example", [host], "relay") == provider
    assert lane_of("shop.example", [host], "mx") == f"{provider}/{host.lower().rstrip('.')}"


@pytest.mark.parametrize(
    ("domains", "provider"),
    [
        ("gmail.com googlemail.com GMAIL.COM. ", "google"),
        (
            "outlook.com outlook.de outlook.co.th hotmail.com hotmail.co.uk live.nl live.com.au msn.com",
            "microsoft",
        ),
        (
            "yahoo.com yahoo.fr yahoo.co.uk yahoo.com.br aol.com aol.de ymail.com rocketmail.com aim.com",
            "yahoo",
        ),
        ("icloud.com me.com mac.com", "apple"),
        ("gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.co.uk web.de mail.com", "gmx"),
        ("shop.example yahoo.co.jp yahoo.jp mygmail.com gmail.com.example xweb.de live.example outlook", ""),
    ],
)
def test_where_nothing_was_looked_up_a_provider_is_known_by_its_domains(domains: str, provider: str) -> None:
    for domain in domains.split():
        assert provider_of(domain) == provider, domain
        assert lane_of(domain, (), "relay") == provider


def test_mail_servers_count_for_more_than_the_name() -> None:
    assert provider_of("gmail.com", ["mx1.shop.example"]) == ""


def test_a_domain_that_was_not_looked_up_has_a_lane_of_its_own() -> None:
    assert lane_of("Shop.Example", (), "mx") == "?shop.example"
    assert lane_of("gmail.com", (), "mx") == "?gmail.com"


@pytest.mark.parametrize(
    ("lane", "parsed", "key"),
    [
        ("", Lane(), ""),
        ("google", Lane(provider="google"), "google"),
        ("google/aspmx.l.google.com", Lane(provider="google", site="aspmx.l.google.com"), "google"),
        ("/mx1.shop.example", Lane(site="mx1.shop.example"), "/mx1.shop.example"),
        ("?shop.example", Lane(domain="shop.example"), "?shop.example"),
    ],
)
def test_a_lane_says_who_where_and_whose_limits(lane: str, parsed: Lane, key: str) -> None:
    assert parse_lane(lane) == parsed
    assert limits_key(lane) == key


HOSTS = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){1,3}", fullmatch=True)


@given(HOSTS, st.lists(HOSTS, max_size=3), st.sampled_from(["relay", "mx"]))
def test_every_lane_can_be_taken_apart_again(domain: str, hosts: list[str], mode: str) -> None:
    lane = lane_of(domain, hosts, mode)  # type: ignore[arg-type]  # each is a mode
    it = parse_lane(lane)
    assert it.provider == ("" if it.domain else provider_of(domain, hosts))
    assert it.site == (hosts[0] if hosts and mode == "mx" else "")
    assert it.domain == (domain if not hosts and mode == "mx" else "")
    assert limits_key(limits_key(lane)) == limits_key(lane)
