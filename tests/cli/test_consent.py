"""What somebody asks for who answers a data subject: suppressions, export, erase, suppress."""

from __future__ import annotations

from support.cli import Nurture

ANN = "ann@example.test"


def test_suppressions_are_taken_in_and_stop_a_later_import(in_shop: Nurture) -> None:
    noes = in_shop.file(
        "noes.csv",
        "Email,Reason,Topic,At\n"
        f"{ANN},Unsubscribe,,2016-05-01T00:00Z\nnew@example.test,spam complaint,,\nold@example.test,opted-out,ofers,\n"
        "fax@example.test,wrote by fax,,\nnews@example.test,,news,\n",
    )
    ran = in_shop("import", "suppressions", noes)
    assert (ran.status, ran.out) == (1, "noes.csv: 4 rows taken, 0 unchanged, 1 rejected\n")
    assert 'did you mean ""offers""?' in noes.with_name("noes.csv.rejects.csv").read_text()
    people = in_shop.file("people.csv", f"email\n{ANN}\nnew@example.test\nnews@example.test\n")
    ran = in_shop.ok("import", "contacts", people, "--consent", "form", "--topic", "news", "--wording", "Yes")
    assert "2 rows have addresses that said no, so no consent was recorded" in ran.err
    told = in_shop.ok("export", ANN).document
    assert told["suppressed"] == {"reason": "unsubscribed elsewhere", "at": "2016-05-01T00:00:00Z"}
    assert {it["agreed"] for it in told["topics"]} == {False}
    assert {it["source"] for it in told["consents"] if not it["agreed"]} == {"noes.csv"}
    assert in_shop.ok("export", "fax@example.test").document["suppressed"]["reason"] == (
        "other elsewhere: wrote by fax"
    )
    assert in_shop.ok("export", "news@example.test").document["topics"][0]["agreed"] is False
    assert in_shop("import", "contacts", people, "--topic", "newss").status == 2


def test_what_is_exported_is_gone_after_an_erase_but_for_the_hash(in_shop: Nurture) -> None:
    told = in_shop.ok("export", ANN).document
    assert told["contact"]["email"] == ANN
    assert told["orders"]
    assert told["messages"]
    asked = in_shop("erase", ANN)
    assert (asked.status, asked.out) == (2, "")
    assert "nurture erase ADDRESS --yes" in asked.err
    receipt = in_shop.ok("erase", ANN, "--yes").out
    assert receipt.startswith("Receipt E")
    assert ANN not in receipt
    again = in_shop.ok("erase", ANN.upper(), "--yes", "--json").document
    assert again["erased"] == {}
    left = in_shop.ok("export", ANN).document
    assert (left["contact"], left["suppressed"]["reason"]) == (None, "erased")
    ran = in_shop("export", "ben@exampel.test")
    assert ran.status == 2
    assert "nothing is kept of ben@exampel.test" in ran.err


def test_an_address_is_suppressed_and_lifted_by_hand_with_a_warning(in_shop: Nurture) -> None:
    assert in_shop.ok("suppress", ANN, "--reason", "asked on the phone").out.startswith(
        "It is never mailed again"
    )
    assert in_shop.ok("suppress", ANN).out.startswith(
        "It was suppressed already: by hand: asked on the phone"
    )
    asked = in_shop("suppress", ANN, "--lift")
    assert asked.status == 2
    assert "against the law" in asked.err
    assert in_shop.ok("suppress", ANN, "--lift", "--yes").out.startswith("It may be mailed again")
    assert in_shop.ok("suppress", ANN, "--lift").out == "It was not suppressed.\n"
    assert in_shop("suppress", "ann at example").status == 2


def test_another_secret_is_refused_as_soon_as_somebody_said_no(in_shop: Nurture) -> None:
    in_shop.ok("suppress", ANN)
    secret = in_shop.workspace / "secret.key"
    old = secret.read_text().strip()
    secret.write_text("another secret\n")
    ran = in_shop("suppress", ANN, "--lift", "--yes")
    assert (ran.status, ran.out) == (1, "")
    assert "nobody who said no would be known again" in ran.err
    secret.write_text(f"another secret,{old}\n")
    assert in_shop.ok("suppress", ANN).out.startswith("It was suppressed already")
