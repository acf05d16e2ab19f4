"""What agents and addresses tell, against lists that others keep."""

from __future__ import annotations

from importlib import resources

import crawleruseragents
import pytest

from nurture.clock import DAY
from nurture.delivery.outcome import MessageKey
from nurture.engagement import known
from nurture.engagement.agents import is_crawler, is_persons_proxy
from nurture.engagement.hit import Hit, HitKind
from nurture.engagement.known import filter_at, is_listed
from nurture.engagement.verdict import judge
from support.traces import DELIVERED, DESKTOPS, GOOGLE, MAIL_PROGRAMS, OLD_BROWSERS, PHONES, YAHOO

INSTANCES = [
    agent for crawler in crawleruseragents.CRAWLER_USER_AGENTS_DATA for agent in crawler.get("instances", ())
]


def verdict(kind: HitKind, agent: str, ip: str = "84.7.7.7") -> str:
    hit = Hit(
        key=MessageKey(1, 1),
        kind=kind,
        link_no=int(kind == "click"),
        at=DELIVERED + DAY,
        agent=agent,
        ip=ip,
        extra={"accept-language": "en"},
    )
    return judge([hit], DELIVERED)[0].verdict


@pytest.mark.parametrize("kind", ["open", "click"])
def test_the_crawlers_of_the_list_are_no_people(kind: HitKind) -> None:
    agents = [agent for agent in INSTANCES if not is_persons_proxy(agent)]
    assert len(agents) > 2_000
    human = [agent for agent in agents if verdict(kind, agent) == "human"]
    assert len(human) <= len(agents) * 0.01, human


def test_most_crawlers_are_known_by_how_they_call_themselves_without_any_list() -> None:
    unlisted = [agent.replace(" ", "  ", 1) + " x" for agent in INSTANCES if "bot" in agent.lower()]
    assert sum(verdict("click", agent) != "human" for agent in unlisted) >= 0.99 * len(unlisted)
    assert (
        verdict("click", "Mozilla/5.0 (compatible; NeverHeardOf/1.0; +https://never.example/why)")
        == "scanner"
    )
    assert verdict("click", "NeverHeardOf 3") == "scanner"


@pytest.mark.parametrize("agent", [GOOGLE, YAHOO])
def test_the_image_proxies_of_google_and_yahoo_open_for_people(agent: str) -> None:
    assert verdict("open", agent, "66.249.84.1") == "human"


@pytest.mark.parametrize("agent", [*DESKTOPS, *PHONES, *OLD_BROWSERS])
def test_browsers_are_in_no_list(agent: str) -> None:
    assert not is_crawler(agent)
    assert verdict("click", agent) == verdict("open", agent) == "human"


@pytest.mark.parametrize("agent", MAIL_PROGRAMS)
def test_mail_programs_open_for_people(agent: str) -> None:
    assert verdict("open", agent) == "human"


@pytest.mark.parametrize(
    ("ip", "owner"),
    [
        ("40.93.255.255", "Microsoft"),
        ("40.94.0.0", ""),
        ("64.235.144.0", "Barracuda"),
        ("64.235.160.0", ""),
        ("::ffff:67.231.144.9", "Proofpoint"),
        ("2a01:111:f400::25", "Microsoft"),
        ("2a01:111:f401::25", ""),
        ("170.10.133.255", "Mimecast"),
        ("170.10.134.0", ""),
        ("0.0.0.0", ""),
        ("255.255.255.255", ""),
        ("", ""),
        ("unknown", ""),
        ("1.2.3.4\x00", ""),
    ],
)
def test_addresses_of_mail_filters_are_known_to_the_last_one(ip: str, owner: str) -> None:
    assert filter_at(ip) == owner


def test_what_comes_from_a_mail_filter_is_a_scanner() -> None:
    assert verdict("click", DESKTOPS[0], "40.107.22.3") == "scanner"


def test_the_lists_say_where_they_come_from() -> None:
    for name in ("crawlers.txt", "networks.txt"):
        head = resources.files(known).joinpath(name).read_text("utf-8").split("\n", 12)[:12]
        assert all(line.startswith("#") for line in head)
    assert "MIT License" in resources.files(known).joinpath("crawlers.txt").read_text("utf-8")


def test_an_agent_of_any_length_is_looked_at_in_no_time() -> None:
    assert not is_listed("x" * 100_000)
    assert not is_crawler("Mozilla/5.0 (" + "a" * 1_000_000)
