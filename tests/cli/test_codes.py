"""nurture codes, and files of codes that apply takes in."""

from __future__ import annotations

import csv
import re

from nurture.offers.codes import canonical
from support.cli import Nurture

AHEAD = "\nspring:\n  kind: loyalty\n  says: 15% off\n  discount: 15%\n  code: {unique: ahead}\n  prefix: SPRING\n"
POOL = "\nbakery:\n  kind: loyalty\n  says: a free loaf\n  discount: a free loaf\n  code: {from: codes/loaf.csv}\n"


def offering(nurture: Nurture, offer: str) -> None:
    """The workspace's offers and this one, in force."""
    path = nurture.workspace / "campaigns/offers.yaml"
    path.write_text(path.read_text() + offer)
    nurture.ok("apply", "--yes")


def test_codes_are_made_ahead_told_to_the_shop_and_looked_up(nurture: Nurture) -> None:
    offering(nurture, AHEAD)
    made = nurture.ok("codes", "make", "spring", "--count", "12")
    assert made.out.startswith("12 codes are made. Tell the shop: nurture codes export spring --only-new")
    assert "0 issued, 12 free, 0 of them known to the shop" in nurture.ok("codes", "list", "spring").out

    document = nurture.ok("codes", "export", "spring", "--only-new", "--out", "codes.csv", "--json").document
    assert document == {"offer": "spring", "codes": 12, "file": "codes.csv"}
    rows = list(csv.DictReader((nurture.workspace / "codes.csv").read_text().splitlines()))
    assert len({it["code"] for it in rows}) == 12
    assert {(it["offer"], it["state"], it["expires_at"]) for it in rows} == {("spring", "free", "")}
    assert all(re.fullmatch(r"SPRING-\w{5}-\w{5}", it["code"]) for it in rows)

    again = nurture.ok("codes", "export", "spring", "--only-new")
    assert (again.out, again.err) == ("code,offer,state,expires_at\n", "0 codes\n")
    assert nurture.ok("codes", "export", "spring").out.count("\n") == 13
    counts = nurture.ok("codes", "list", "spring", "--json").document
    assert (counts["free"], counts["free and known"], len(counts["codes"])) == (12, 12, 12)

    typed = canonical(rows[0]["code"]).lower()
    (shown,) = nurture.ok("codes", "show", typed, "--json").document
    assert (shown["code"], shown["state"], shown["contact"]) == (rows[0]["code"], "free", None)
    assert shown["known_at"]
    assert nurture.ok("codes", "show", typed).out == f"{rows[0]['code']}  spring: free\n"


def test_a_slip_is_told_with_its_remedy(nurture: Nurture) -> None:
    offering(nurture, AHEAD)
    for arguments, says in (
        (("make", "sprig", "--count", "3"), 'Did you mean "spring"?'),
        (("make", "see-you-soon", "--count", "3"), "code: {unique: ahead}"),
        (("export", "spring", "--json"), "--out codes.csv"),
        (("show", "NOBODY-HAS\x1b[2J-THIS"), "no code is spelled"),
    ):
        ran = nurture("codes", *arguments)
        assert (ran.status, says in ran.err, "\x1b" in ran.err) == (2, True, False), ran.err
    nurture.ok("codes", "make", "spring", "--count", "3")
    ran = nurture("codes", "export", "spring", "--out", "nowhere/codes.csv")
    assert (ran.status, "No such file" in ran.err) == (1, True)
    left = nurture.ok("codes", "list", "spring", "--json").document["free and known"]
    assert left == 0, "the shop was told of nothing"


def test_apply_takes_in_a_file_of_codes_once_and_names_the_lines_that_are_none(nurture: Nurture) -> None:
    nurture.file("campaigns/codes/loaf.csv", "Code\nLOAF-1\n=1+1\nLOAF-2\n")
    path = nurture.workspace / "campaigns/offers.yaml"
    path.write_text(path.read_text() + POOL)
    ran = nurture.ok("apply", "--yes")
    assert "codes    campaigns/codes/loaf.csv: 2 new\n" in ran.err
    assert "line 3: '=1+1' is not taken: it begins like a formula of a spreadsheet" in ran.err
    nurture.file("campaigns/codes/loaf.csv", "LOAF-2\nLOAF-6\n")
    document = nurture.ok("apply", "--yes", "--json").document
    assert document["version"] is None, "the offers are the same"
    (pool,) = document["codes"]
    assert (pool["new"], pool["known"], pool["refused"]) == (1, 1, 0)
    listed = nurture.ok("codes", "list", "bakery", "--json").document
    assert {it["code"] for it in listed["codes"]} == {"LOAF-1", "LOAF-2", "LOAF-6"}
    path.write_text(path.read_text().replace("codes/loaf.csv", "codes/lof.csv"))
    ran = nurture("check")
    assert (ran.status, 'did you mean "codes/loaf.csv"?' in ran.out + ran.err) == (1, True)
