"""What the doctor makes of records, answers and figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.clock import DAY, MINUTE, SECOND, Span
from nurture.messages.dkim_record import record_of
from nurture.reports.doctor import dkim, dmarc, machine, public, spf, ways
from nurture.reports.doctor.machine import DatabaseSeen
from nurture.reports.doctor.public import PublicSeen
from nurture.reports.doctor.verdict import Verdict
from nurture.reports.doctor.ways import Pointer, RelaySeen
from support.dkim_check import ed25519_key, rsa_key

NOW = 1_700_000_000_000_000
DOMAIN = "shop.example"


def levels(verdicts: list[Verdict]) -> list[str]:
    return [it.level for it in verdicts]


def tree(record: str | tuple[str, ...], **named: str) -> spf.Spf:
    """`relay_example="v=spf1 …"` is what relay.example publishes."""
    inner = {
        name.replace("_", "."): spf.Spf(domain=name.replace("_", "."), records=(it,))
        for name, it in named.items()
    }
    return spf.Spf(domain=DOMAIN, records=(record,) if isinstance(record, str) else record, named=inner)


def of_spf(found: spf.Spf) -> list[Verdict]:
    return spf.judge(found, "v=spf1 -all", "Publish it.")


@pytest.mark.parametrize(
    ("record", "level", "said"),
    [
        ("v=spf1 ip4:203.0.113.5 -all", "ok", "0 of 10 look-ups, ends in -all"),
        ("v=spf1 a mx ~all", "ok", "2 of 10"),
        ("V=SPF1 +a:mail.shop.example mx:shop.example/24 -all", "ok", "2 of 10"),
        ("v=spf1 mx +all", "missing", "the whole world"),
        ("v=spf1 mx all", "missing", "the whole world"),
        ("v=spf1 mx ?all", "warning", "?all"),
        ("v=spf1 mx", "warning", "no all at its end"),
        ("v=spf1 " + "a " * 10 + "-all", "ok", "10 of 10"),
        ("v=spf1 " + "a " * 11 + "-all", "missing", "11 look-ups"),
        ("v=spf1 ipv4:203.0.113.5 -all", "missing", "'ipv4'"),
    ],
)
def test_a_record_of_spf_is_judged_by_its_words(record: str, level: str, said: str) -> None:
    (verdict,) = of_spf(tree(record))
    assert verdict.level == level
    assert said in verdict.what


def test_lookups_of_what_is_included_count_as_well() -> None:
    inside = "v=spf1 " + "a " * 9 + "~all"
    assert levels(of_spf(tree("v=spf1 include:relay.example -all", relay_example=inside))) == ["ok"]
    (verdict,) = of_spf(tree("v=spf1 mx include:relay.example -all", relay_example=inside))
    assert "11 look-ups" in verdict.what


def test_an_include_that_publishes_nothing_spoils_the_record() -> None:
    found = spf.Spf(
        domain=DOMAIN,
        records=("v=spf1 include:gone.example -all",),
        named={"gone.example": spf.Spf(domain="gone.example", records=())},
    )
    assert "gone.example, which publishes none" in of_spf(found)[0].what


def test_none_and_two_records_are_missing() -> None:
    (none,) = of_spf(tree(()))
    assert none.level == "missing" and none.publish is not None and none.publish.name == DOMAIN
    assert levels(of_spf(tree(("v=spf1 -all", "v=spf1 ~all")))) == ["missing"]
    assert spf.records_of(["v=spf10 x", "v=spf1", "google-site", "V=spf1 mx"]) == ("v=spf1", "V=spf1 mx")


@pytest.mark.parametrize(
    ("record", "passes"),
    [
        ("v=spf1 ip4:203.0.113.0/24 -all", True),
        ("v=spf1 -ip4:203.0.113.5 +all", False),
        ("v=spf1 ip6:2001:db8::/32 -all", False),
        ("v=spf1 a -all", True),
        ("v=spf1 a:other.example -all", False),
        ("v=spf1 include:relay.example -all", True),
        ("v=spf1 redirect=relay.example", True),
        ("v=spf1 include:strange.example -all", None),
        ("v=spf1 exists:%{i}.x.example -all", None),
        ("v=spf1", False),
    ],
)
def test_whether_an_address_passes(record: str, passes: bool | None) -> None:
    found = tree(record, relay_example="v=spf1 ip4:203.0.113.5 ~all")
    assert spf.allows(found, "203.0.113.5", {("a", DOMAIN): ("203.0.113.5",)}) is passes


KEY = rsa_key()
RECORD = record_of(KEY.private)


@pytest.mark.parametrize(
    ("texts", "level", "said"),
    [
        ([RECORD], "ok", "publishes our rsa key"),
        ([RECORD.replace("v=DKIM1; ", "").replace("p=MII", "p= MI I")], "ok", "publishes our"),
        ([], "missing", "publishes no key"),
        (["v=spf1 -all"], "missing", "publishes no key"),
        ([RECORD, RECORD], "missing", "2 keys"),
        (["v=DKIM1; k=rsa; p="], "missing", "withdrawn"),
        ([record_of(rsa_key().private)], "missing", "not ours"),
        ([record_of(ed25519_key().private)], "missing", "of the kind ed25519"),
        ([RECORD + "; h=sha1"], "missing", "forbids sha256"),
        ([RECORD + "; s=tlsrpt"], "missing", "not for mail"),
        ([RECORD + "; t=s:y"], "warning", "only a test"),
    ],
)
def test_a_published_key_is_held_against_ours(texts: list[str], level: str, said: str) -> None:
    (verdict,) = dkim.judge(KEY, texts)
    assert (verdict.level, said in verdict.what) == (level, True)
    if level == "missing":
        assert verdict.publish is not None
        assert (verdict.publish.name, verdict.publish.value) == ("n1._domainkey.shop.example", RECORD)


def test_a_short_key_is_a_warning() -> None:
    short = rsa_key(bits=1024)
    assert levels(dkim.judge(short, [record_of(short.private)])) == ["warning"]


def of_dmarc(
    published: dict[str, str],
    *,
    domain: str = DOMAIN,
    signed_by: str = "",
    envelope: str = DOMAIN,
    relay: bool = False,
) -> Verdict:
    (verdict,) = dmarc.judge(
        domain,
        {name: (it,) for name, it in published.items()},
        signed_by=signed_by,
        envelope=envelope,
        others_sign=relay,
    )
    return verdict


NONE = {DOMAIN: "v=DMARC1; p=none"}
STRICT = {DOMAIN: "v=DMARC1; p=reject; adkim=s; aspf=s"}


@pytest.mark.parametrize(
    ("published", "signed_by", "envelope", "level"),
    [
        (NONE, DOMAIN, DOMAIN, "ok"),
        (NONE, DOMAIN, "b.strange.example", "ok"),
        (NONE, "mail.shop.example", "", "ok"),
        (NONE, "strange.example", "b.shop.example", "warning"),
        (NONE, "", "b.shop.example", "warning"),
        (NONE, "", "b.strange.example", "missing"),
        (NONE, "notshop.example", "notshop.example", "missing"),
        (STRICT, DOMAIN, DOMAIN, "ok"),
        (STRICT, "mail.shop.example", DOMAIN, "warning"),
        (STRICT, "mail.shop.example", "b.shop.example", "missing"),
        ({}, DOMAIN, DOMAIN, "missing"),
        ({DOMAIN: "v=DMARC1; rua=mailto:x@shop.example"}, DOMAIN, DOMAIN, "missing"),
    ],
)
def test_a_from_domain_wants_a_policy_and_a_signature_for_it(
    published: dict[str, str], signed_by: str, envelope: str, level: str
) -> None:
    assert of_dmarc(published, signed_by=signed_by, envelope=envelope).level == level


def test_a_domain_below_goes_by_the_policy_above() -> None:
    published = {DOMAIN: "v=DMARC1; p=none; sp=quarantine"}
    verdict = of_dmarc(published, domain="news.shop.example", signed_by=DOMAIN)
    assert verdict.level == "ok"
    assert "p=quarantine (from shop.example)" in verdict.what
    assert dmarc.names_to_ask("a.news.shop.example") == (
        "a.news.shop.example",
        "news.shop.example",
        "shop.example",
    )


def test_a_relay_may_sign_what_we_do_not() -> None:
    verdict = of_dmarc(NONE, envelope="relay.example", relay=True)
    assert verdict.level == "warning"
    assert "your relay signs as shop.example" in verdict.remedy


@pytest.mark.parametrize(
    ("seen", "level", "said"),
    [
        (RelaySeen(where="r:25", security="tls", trouble="no answer", remedy="x"), "missing", "no answer"),
        (
            RelaySeen(where="r:25", security="none", on_this_machine=True),
            "ok",
            "in the clear on this machine",
        ),
        (RelaySeen(where="r:25", security="none", logs_in=True), "warning", "the password with it"),
        (RelaySeen(where="r:25", security="none", offers_starttls=True), "warning", "in the clear"),
        (RelaySeen(where="r:25", security="tls", certificate_ends=NOW + 90 * DAY), "ok", "ends 2024-02-12"),
        (
            RelaySeen(where="r:25", security="starttls", certificate_ends=NOW + 5 * DAY),
            "warning",
            "ends 2023-11-19",
        ),
    ],
)
def test_a_relay(seen: RelaySeen, level: str, said: str) -> None:
    (verdict,) = ways.relay(seen, NOW)
    assert (verdict.level, said in verdict.what) == (level, True)


def test_the_name_of_our_address_has_to_lead_back_and_be_the_one_we_greet_with() -> None:
    def of(names: list[str], back: list[str]) -> str:
        return ways.pointer(
            Pointer(address="203.0.113.5", names=names, back=back, hello="Mail.shop.example")
        ).level

    assert of([], []) == "missing"
    assert of(["mail.shop.example"], []) == "missing"
    assert of(["a.example", "mail.shop.example"], ["mail.shop.example"]) == "ok"
    assert of(["a.example"], ["a.example"]) == "warning"


def test_bounces_have_to_arrive_somewhere() -> None:
    assert ways.bounces("b.shop.example", ["mx.shop.example"], [], "h").level == "ok"
    assert ways.bounces("b.shop.example", [""], [], "h").level == "missing"
    assert ways.bounces("b.shop.example", [], ["203.0.113.5"], "h").level == "warning"
    missing = ways.bounces("b.shop.example", [], [], "mail.shop.example")
    assert missing.publish is not None and missing.publish.value == "10 mail.shop.example"


@pytest.mark.parametrize(
    ("behind", "kept", "level"),
    [
        (None, None, "note"),
        (None, True, "ok"),
        (None, False, "warning"),
        (SECOND, None, "ok"),
        (SECOND, False, "warning"),
        (-6 * SECOND, True, "warning"),
        (10 * MINUTE, True, "missing"),
    ],
)
def test_the_clock(behind: Span | None, kept: bool | None, level: str) -> None:
    assert machine.clock(behind, kept=kept, other="the database's server").level == level


def test_disk_database_and_key_files() -> None:
    gigabyte = 1024**3
    assert [machine.disk(Path("/x"), free, 100 * gigabyte).level for free in (5 * gigabyte, gigabyte, 1)] == [
        "ok", "warning", "missing",
    ]  # fmt: skip
    assert machine.database(DatabaseSeen(where="x", size=5, journal="wal")).level == "ok"
    assert machine.database(DatabaseSeen(where="x", size=5, journal="delete")).level == "missing"
    assert machine.database(DatabaseSeen(where="x", size=5, durable=False)).level == "warning"
    assert machine.key_file(Path("k.pem"), 0o100600) is None
    of_group, of_all = machine.key_file(Path("k.pem"), 0o100640), machine.key_file(Path("k.pem"), 0o100644)
    assert of_group is not None and "its group" in of_group.what
    assert of_all is not None and of_all.remedy == "chmod 600 k.pem"


OUTSIDE = ("93.184.216.34",)
URL = "https://mail.shop.example"


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (PublicSeen(url=URL, addresses=OUTSIDE, status=200, forged=404), ["ok"]),
        (PublicSeen(url=URL, addresses=OUTSIDE, status=404, forged=404), ["missing"]),
        (PublicSeen(url=URL, addresses=OUTSIDE, status=200, forged=200), ["missing"]),
        (PublicSeen(url=URL, addresses=OUTSIDE, trouble="refused"), ["missing"]),
        (PublicSeen(url=URL), ["missing"]),
        (PublicSeen(url=URL, addresses=("10.0.0.1",), status=200, forged=404), ["missing", "ok"]),
        (PublicSeen(url="http://x.example", addresses=OUTSIDE, status=200, forged=404), ["missing", "ok"]),
    ],
)
def test_the_public_address(seen: PublicSeen, found: list[str]) -> None:
    assert levels(public.address(seen)) == found


def test_one_click_wants_https_and_a_line_that_is_not_broken() -> None:
    assert public.one_click(f"{URL}/u/x").level == "ok"
    assert public.one_click("http://x.example/u/x").level == "missing"
    assert public.one_click(f"{URL}/{'x' * 900}").level == "missing"
