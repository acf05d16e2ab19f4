"""Verdicts on hits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nurture.clock import DAY, HOUR, MINUTE, SECOND, Moment
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit, Judged
from nurture.engagement.signs import RULES, SIGNS
from nurture.engagement.verdict import judge

KEY = MessageKey(7, 1)
SENT: Moment = 1_500_000_000_000_000
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
A_PERSON = Hit(key=KEY, kind="click", link_no=1, at=SENT + HOUR, agent=CHROME, ip="192.0.2.1")


def verdict(hit: Hit, *others: Hit, delivered_at: Moment = SENT) -> Judged:
    return judge([hit, *others], delivered_at)[0]


def test_a_click_an_hour_after_delivery_is_a_persons() -> None:
    assert verdict(A_PERSON) == Judged(hit=A_PERSON, verdict="human", score=0.0, reasons=())


def test_head_is_a_machines() -> None:
    assert verdict(replace(A_PERSON, method="HEAD")).verdict == "scanner"


def test_whoever_follows_the_hidden_link_is_a_scanner_and_all_it_touched_with_it() -> None:
    hidden = replace(A_PERSON, kind="hidden", link_no=0)
    later = replace(A_PERSON, at=A_PERSON.at + 20 * MINUTE)
    other_machine_beside = replace(A_PERSON, ip="198.51.100.9", agent="Edge", at=A_PERSON.at + 3 * SECOND)
    judged = judge([hidden, A_PERSON, later, other_machine_beside], SENT)
    assert [it.verdict for it in judged] == ["scanner"] * 4
    assert judged[0].reasons[0] == "followed the link that no person sees"


def test_a_person_who_clicks_the_day_after_a_scanner_still_counts() -> None:
    scanner = [
        Hit(key=KEY, kind="click", link_no=no, at=SENT + SECOND * no, agent=CHROME, ip="198.51.100.9")
        for no in range(1, 6)
    ]
    person = replace(A_PERSON, at=SENT + DAY)
    judged = judge([*scanner, person], SENT)
    assert [it.verdict for it in judged] == ["scanner"] * 5 + ["human"]


@pytest.mark.parametrize(("apart", "expected"), [(4, "scanner"), (6, "human")])
def test_three_links_within_ten_seconds_are_a_machines(apart: int, expected: str) -> None:
    hits = [replace(A_PERSON, link_no=no, at=SENT + HOUR + no * apart * SECOND) for no in range(3)]
    assert {it.verdict for it in judge(hits, SENT)} == {expected}


def test_the_same_link_three_times_at_once_is_an_impatient_person() -> None:
    assert {it.verdict for it in judge([A_PERSON] * 3, SENT)} == {"human"}


@pytest.mark.parametrize(
    ("after", "expected"), [(-1, "scanner"), (1, "scanner"), (5, "unknown"), (11, "human")]
)
def test_a_click_counts_the_less_the_nearer_it_is_to_delivery(after: int, expected: str) -> None:
    assert verdict(replace(A_PERSON, at=SENT + after * SECOND)).verdict == expected


def test_before_the_handover_is_known_the_age_says_nothing() -> None:
    assert verdict(replace(A_PERSON, at=SENT - DAY), delivered_at=0).verdict == "human"


def test_apples_privacy_proxy_prefetches_and_is_no_open() -> None:
    opened = Hit(key=KEY, kind="open", at=SENT + HOUR, agent="Mozilla/5.0", ip="17.1.2.3")
    assert verdict(opened).verdict == "prefetch"


@pytest.mark.parametrize("agent", [GMAIL, YAHOO])
@pytest.mark.parametrize("after", [1, 3600])
def test_image_proxies_of_google_and_yahoo_are_a_persons_open(agent: str, after: int) -> None:
    opened = Hit(key=KEY, kind="open", at=SENT + after * SECOND, agent=agent, ip="66.249.84.1")
    assert verdict(opened).verdict == "human"


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "facebookexternalhit/1.1",
        "Barracuda Sentinel (EE)",
        "python-requests/2.31.0",
        "curl/8.4.0",
        "Go-http-client/2.0",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/119.0 Safari/537.36",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) BingPreview/1.0b",
        "Proofpoint URL Defense",
    ],
)
def test_known_crawlers_and_scanners_are_no_persons(agent: str) -> None:
    assert verdict(replace(A_PERSON, agent=agent)).verdict == "scanner"


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/119.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari/604.1",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17126; Pro)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.5.0",
    ],
)
def test_phones_and_mail_programs_are_persons(agent: str) -> None:
    assert verdict(replace(A_PERSON, kind="open", agent=agent)).verdict == "human"


@pytest.mark.parametrize(
    "extra",
    [
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
    ],
)
def test_who_says_that_it_fetches_ahead_does(extra: dict[str, str]) -> None:
    assert verdict(replace(A_PERSON, extra=extra)).verdict == "prefetch"


def test_a_browser_without_a_language_cannot_be_told_and_with_another_sign_is_a_machine() -> None:
    silent = replace(A_PERSON, extra={"accept-language": ""})
    assert verdict(silent).verdict == "unknown"
    assert verdict(replace(silent, at=SENT + 5 * SECOND)).verdict == "scanner"
    assert verdict(replace(silent, extra={"referer": "x"})).verdict == "human", "nobody wrote it down"


@pytest.mark.parametrize("before", [1, 20])
def test_who_has_opened_it_may_click_early(before: int) -> None:
    click = replace(A_PERSON, at=SENT + 6 * SECOND)
    opened = replace(
        A_PERSON, kind="open", link_no=0, agent=GMAIL, ip="66.249.84.1", at=click.at - before * SECOND
    )
    assert verdict(click).verdict == "unknown"
    assert verdict(click, opened).verdict == "human"
    assert verdict(click, replace(opened, at=click.at + SECOND)).verdict == "unknown"
    assert verdict(replace(click, extra={"referer": "https://mail.yahoo.com/d/folders/1"})).verdict == "human"
    assert (
        verdict(replace(click, extra={"referer": "https://mail.yahoo.com.evil.example/"})).verdict
        == "unknown"
    )


def test_one_address_under_two_names_within_seconds_is_a_scanner_and_a_colleague_later_is_not() -> None:
    first, other = A_PERSON, replace(A_PERSON, agent=CHROME + " Edg/120.0", at=A_PERSON.at + 3 * SECOND)
    colleague = replace(other, at=A_PERSON.at + 5 * MINUTE)
    assert [it.verdict for it in judge([first, other], SENT)] == ["scanner", "scanner"]
    assert [it.verdict for it in judge([first, colleague], SENT)] == ["human", "human"]


def test_after_the_scanner_of_a_company_its_people_count() -> None:
    scanner = [
        Hit(
            key=KEY,
            kind="click" if no else "hidden",
            link_no=no,
            at=SENT + no * SECOND,
            agent="Old",
            ip="192.0.2.1",
        )
        for no in range(5)
    ]
    judged = judge([*scanner, replace(A_PERSON, at=SENT + MINUTE)], SENT)
    assert [it.verdict for it in judged] == ["scanner"] * 5 + ["human"]


def test_what_a_scanner_fetches_beside_its_links_is_its_own() -> None:
    burst = [replace(A_PERSON, link_no=no, at=A_PERSON.at + no * SECOND) for no in range(3)]
    picture = replace(A_PERSON, kind="open", link_no=0, agent="Other", at=A_PERSON.at - 5 * SECOND)
    assert judge([*burst, picture], SENT)[-1].verdict == "scanner"


@pytest.mark.parametrize(("links", "expected"), [((1, 2, 3, 4), "unknown"), ((1, 2, 4, 5), "human")])
def test_links_one_after_the_other_without_leaving_any_out_cannot_be_told(
    links: tuple[int, ...], expected: str
) -> None:
    hits = [replace(A_PERSON, link_no=no, at=A_PERSON.at + no * 40 * SECOND) for no in links]
    assert {it.verdict for it in judge(hits, SENT)} == {expected}


def test_the_score_is_the_sum_of_the_signs() -> None:
    both = verdict(replace(A_PERSON, method="HEAD", agent="curl/8"))
    assert (both.score, len(both.reasons)) == (2.5, 2)


def test_a_click_without_an_agent_cannot_be_told() -> None:
    assert verdict(replace(A_PERSON, agent=" ")).verdict == "unknown"


hits = st.builds(
    Hit,
    key=st.just(KEY),
    kind=st.sampled_from(["open", "click", "hidden"]),
    link_no=st.integers(0, 4),
    at=st.integers(SENT - 20 * SECOND, SENT + 2 * MINUTE),
    method=st.sampled_from(["GET", "GET", "HEAD"]),
    agent=st.one_of(st.sampled_from([CHROME, GMAIL, "Mozilla/5.0", "curl/8"]), st.text(max_size=30)),
    ip=st.sampled_from(["192.0.2.1", "192.0.2.2"]),
)


@given(st.lists(hits, max_size=12), st.randoms(use_true_random=False))
def test_the_order_in_which_hits_come_in_changes_no_verdict(given_hits: list[Hit], chance) -> None:  # type: ignore[no-untyped-def]
    mixed = list(given_hits)
    chance.shuffle(mixed)
    one = sorted(repr(it) for it in judge(given_hits, SENT))
    assert one == sorted(repr(it) for it in judge(mixed, SENT))


@given(st.lists(hits, max_size=8), hits)
def test_more_hits_never_make_a_machine_human(given_hits: list[Hit], another: Hit) -> None:
    # But for a person's open shortly before: who reads may click early.
    assume(another.agent != GMAIL)
    before = [it.verdict for it in judge(given_hits, SENT)]
    after = [it.verdict for it in judge([*given_hits, another], SENT)][: len(before)]
    assert all(was == "human" or now != "human" for was, now in zip(before, after, strict=True))


def test_the_page_in_the_docs_tells_every_sign_with_its_weight() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "engagement.md").read_text("utf-8")
    table = page.partition("| sign | weight |")[2].partition("\n\n")[0]
    weights = [float(row.split("|")[2]) for row in table.splitlines()[2:]]
    assert sorted(weights) == sorted(sign.weight for sign in SIGNS.values())
    assert f"judged by rules {RULES};" in page
