"""Newcomers who are offered more than those who have bought."""

from __future__ import annotations

import pytest

from support.sound import read_among

HELLO = "stage: prospect\ntopic: offers\noffer: hello\nsequence:\n  - send: welcome\n"
THANKS = "stage: [customer, lapsed]\ntopic: offers\noffer: thanks\nsequence:\n  - send: more\n"


def said(hello: str, thanks: str, **campaigns: str) -> list[str]:
    offers = f"""\
hello:
  kind: introductory
  says: come in
  discount: {hello}
thanks:
  kind: appreciation
  says: thank you
{f"  discount: {thanks}" if thanks else ""}
"""
    files = {f"campaigns/{name}.yaml": text for name, text in campaigns.items()}
    found = read_among({"campaigns/offers.yaml": offers, **files}).findings
    return [it.message for it in found if it.code == "newcomers-get-more"]


@pytest.mark.parametrize(
    ("hello", "thanks", "least"),
    [("15%", "10%", "10% at most"), ("10 USD", "7.5 USD", "7.5 USD at most"), ("15%", "", "no discount")],
)
def test_more_for_newcomers_is_doubted(hello: str, thanks: str, least: str) -> None:
    assert said(hello, thanks, a=HELLO, b=THANKS) == [
        f'"hello" offers prospects {hello}, customers are offered {least}'
    ]


@pytest.mark.parametrize(("hello", "thanks"), [("15%", "15%"), ("15%", "10 USD"), ("free delivery", "5%")])
def test_as_much_for_customers_or_what_cannot_be_compared_is_not(hello: str, thanks: str) -> None:
    assert said(hello, thanks, a=HELLO, b=THANKS) == []


def test_an_offer_that_nobody_makes_does_not_count() -> None:
    assert said("15%", "10%", b=THANKS) == []
    assert said("15%", "20%", a=HELLO, b=THANKS.replace("offer: thanks\n", "")) != []
