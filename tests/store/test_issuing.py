"""Giving codes out: one for a contact, never one to two, never more than an offer allows."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from nurture.audience.facts import OfferFacts
from nurture.clock import DAY, MINUTE, Moment
from nurture.offers.discount import Amount
from nurture.offers.offer import Ahead, Coding, ForAll, Instead, Offer, Pool, Unique
from nurture.store import codes_back, known_codes, made_codes
from nurture.store.codes import by_canonical, counted, held
from nurture.store.draws import forget_draws
from nurture.store.engine import Store, open_store
from nurture.store.issuing import Out, issue
from nurture.store.new_codes import Maker
from support.databases import START

OTHER = Offer(
    key="other", kind="loyalty", says="free delivery", discount="free delivery", codes=ForAll(word="OTHER")
)


def offer(codes: Coding | None = None, **more: object) -> Offer:
    return replace(
        Offer(key="it", kind="loyalty", says="15% off", expires=9 * DAY, codes=codes or Unique()), **more
    )  # type: ignore[arg-type]


def give(
    store: Store, it: Offer, contacts: Sequence[int], now: Moment = START
) -> dict[int, OfferFacts | Out]:
    offers = {it.key: it, **{other.key: other for other in it.others()}}
    maker = Maker(ids=store.ids, chance=secrets.randbits)
    with store.write() as tx:
        given = issue(tx, [(it.key, contact) for contact in contacts], offers, maker, now)
    return {contact: answer for (_, contact), answer in given.items()}


def got(answers: dict[int, OfferFacts | Out]) -> dict[int, str]:
    return {contact: it.code for contact, it in answers.items() if isinstance(it, OfferFacts) and it.code}


def take(store: Store, *given: str, key: str = "it") -> made_codes.Taken:
    with store.write() as tx:
        return made_codes.take_in(tx, key, given, store.ids, START)


def hand_over(store: Store, contact: int, at: Moment, until: Moment) -> None:
    with store.write() as tx:
        tx.execute(
            text("UPDATE codes SET handed_at = :at, expires_at = :until WHERE contact_id = :contact"),
            {"at": at, "until": until, "contact": contact},
        )


def back(store: Store, *contacts: int, key: str = "it") -> int:
    with store.write() as tx:
        return codes_back.give_back(tx, [(key, it) for it in contacts])


def test_a_contact_keeps_one_code_until_it_is_over(store: Store) -> None:
    first = got(give(store, offer(), [1, 2]))
    assert len(set(first.values())) == 2
    assert got(give(store, offer(), [2, 1], START + DAY)) == first
    hand_over(store, 1, START, START + 9 * DAY)
    later = got(give(store, offer(), [1, 2], START + 9 * DAY))
    assert later[1] != first[1] and later[2] == first[2]


def test_a_pool_gives_each_of_its_codes_once_and_then_says_that_it_is_out(store: Store) -> None:
    assert take(store, "AA-1", "AA-2", "AA-3").new == 3
    pool = offer(Pool(file="codes.csv"))
    answers = give(store, pool, [1, 2, 3, 4])
    assert sorted(got(answers).values()) == ["AA-1", "AA-2", "AA-3"]
    assert answers[4] == Out("it", "no code of codes.csv is left", "hold")
    assert take(store, "AA-4").new == 1
    assert got(give(store, pool, [4])) == {4: "AA-4"}


def test_what_was_made_ahead_is_given_only_when_the_shop_knows_it(store: Store) -> None:
    it = offer(Ahead(), when_out="skip")
    with store.write() as tx:
        assert made_codes.make(tx, "it", "IT", 5, Maker(ids=store.ids, chance=secrets.randbits), START) == 5
    assert give(store, it, [1])[1] == Out(
        "it", "no code is left that was made ahead and that the shop knows", "skip"
    )
    with store.write() as tx:
        told = known_codes.unknown(tx, "it", 0, 2)
        known_codes.mark_known(tx, [one.id for one in told], START)
        assert known_codes.count_unknown(tx, "it") == 3
    assert set(got(give(store, it, [1, 2, 3])).values()) == {one.code for one in told}
    with store.read() as tx:
        assert counted(tx, "it") == {"free": 3, "free and known": 0, "issued": 2}


@pytest.mark.parametrize("codes", [Unique(), ForAll(word="SPRING"), Pool(file="codes.csv")])
def test_no_more_codes_are_given_than_the_offer_allows(store: Store, codes: Coding) -> None:
    take(store, *(f"AA-{number}" for number in range(20)))
    limited = offer(codes, most_codes=7)
    first = got(give(store, limited, range(1, 6)))
    then = give(store, limited, range(1, 11))
    assert len(got(then)) == 7 and got(then).items() >= first.items()
    assert {it.why for it in then.values() if isinstance(it, Out)} == {"all 7 codes are given"}


def test_a_code_that_went_back_is_given_to_the_next_within_the_limit(store: Store) -> None:
    limited = offer(most_codes=3)
    first = got(give(store, limited, [1, 2, 3]))
    assert back(store, 2) == 1
    assert isinstance(give(store, limited, [4])[4], Out), "it counts again once a minute"
    assert got(give(store, limited, [4], START + MINUTE)) == {4: first[2]}
    assert isinstance(give(store, limited, [5], START + 2 * MINUTE)[5], Out)


def test_a_limit_that_is_changed_counts_what_was_given_before_there_was_one(store: Store) -> None:
    give(store, offer(), [1, 2, 3])
    assert len(got(give(store, offer(most_codes=5), [4, 5, 6]))) == 2
    with store.write() as tx:
        forget_draws(tx)
    assert len(got(give(store, offer(most_codes=6), [6, 7]))) == 1


def test_once_so_much_discount_was_given_no_more_codes_are(store: Store) -> None:
    limited = offer(most_discount=Amount(minor=500_000, currency="USD"))
    assert len(got(give(store, limited, [1]))) == 1
    with store.write() as tx:
        tx.execute(text("INSERT INTO offer_sums (offer, discount) VALUES ('it', 499999)"))
    assert len(got(give(store, limited, [2]))) == 1
    with store.write() as tx:
        tx.execute(text("UPDATE offer_sums SET discount = 500000"))
    answers = give(store, limited, [1, 3])
    assert answers[3] == Out("it", "5,000 USD of discount are given", "hold")
    assert got(answers).keys() == {1}, "who has one keeps it"


def test_when_an_offer_is_out_the_other_one_is_made_and_stands_for_it(store: Store) -> None:
    limited = offer(most_codes=1, when_out=Instead(offer=OTHER))
    answers = give(store, limited, [1, 2])
    second = answers[2]
    assert isinstance(second, OfferFacts)
    assert (second.key, second.says, second.code) == ("other", "free delivery", "OTHER")
    offers = {"it": limited, "other": OTHER}
    with store.read() as tx:
        assert held(tx, [("it", 2)], offers, START) == {("it", 2): second}, "the reminder speaks of the same"
        assert held(tx, [("it", 2)], {"it": offer(), "other": OTHER}, START)["it", 2].code == ""
    assert give(store, limited, [2], START + DAY)[2] == second
    with store.read() as tx:
        assert len(by_canonical(tx, ["OTHER"])["OTHER"]) == 1


def test_who_holds_the_other_offer_already_is_not_given_it_twice(store: Store) -> None:
    own = replace(OTHER, codes=Unique())
    before = got(give(store, own, [2]))
    limited = offer(most_codes=1, when_out=Instead(offer=own))
    assert got(give(store, limited, [1, 2]))[2] == before[2]


def test_an_offer_without_codes_may_stand_in(store: Store) -> None:
    plain = Offer(key="plain", kind="loyalty", says="a warm welcome")
    answers = give(store, offer(most_codes=1, when_out=Instead(offer=plain)), [1, 2])
    second = answers[2]
    assert isinstance(second, OfferFacts) and (second.key, second.says) == ("plain", "a warm welcome")


def test_a_chain_of_offers_ends_as_its_last_one_says(store: Store) -> None:
    last = offer(key="last", most_codes=1, when_out="skip")
    middle = offer(key="middle", most_codes=1, when_out=Instead(offer=last))
    answers = give(store, offer(most_codes=1, when_out=Instead(offer=middle)), [1, 2, 3, 4])
    keys = [it.key if isinstance(it, OfferFacts) else it.then for it in answers.values()]
    assert sorted(keys) == ["it", "last", "middle", "skip"]


def test_a_code_is_taken_in_once_and_never_from_another_offer(store: Store) -> None:
    assert take(store, "AA-1", "AA-2") == made_codes.Taken(new=2, known=0, elsewhere=())
    assert take(store, "aa1", "AA-2", "AA-3") == made_codes.Taken(new=1, known=2, elsewhere=())
    assert take(store, "AA-1", "BB-1", key="another") == made_codes.Taken(new=1, known=0, elsewhere=("AA-1",))


def test_codes_that_were_handed_over_or_used_do_not_go_back(store: Store) -> None:
    give(store, offer(), [1, 2, 3])
    give(store, OTHER, [1])
    hand_over(store, 1, START, 0)
    with store.write() as tx:
        tx.execute(text("UPDATE codes SET redeemed_at = 1 WHERE contact_id = 2"))
    assert back(store, 1, 2, 3) == 1
    assert back(store, 1, key="other") == 0
    give(store, OTHER, [4])
    assert back(store, 4, key="other") == 1
    with store.read() as tx:
        assert len(by_canonical(tx, ["OTHER"])["OTHER"]) == 1, "one for all is as if it was never given"


def test_the_codes_of_an_erased_contact_are_nobodys(store: Store) -> None:
    taken = got(give(store, offer(), [1, 2]))
    give(store, OTHER, [1])
    with store.write() as tx:
        assert codes_back.erase(tx, [1]) == 2
    assert back(store, 1) == 0
    with store.read() as tx:
        (mine,) = [it for its in by_canonical(tx, [taken[1].replace("-", "")]).values() for it in its]
        assert mine.state(START) == "erased"
    assert taken[1] not in got(give(store, offer(), [3, 4])).values()


def test_many_at_once_never_hand_out_one_code_twice_nor_more_than_there_are(postgres_url: str) -> None:
    """Eight connections at a pool and at a limit; the long one with processes runs at night."""
    stores = [open_store(postgres_url, now=START, durable=False) for _ in range(8)]
    take(stores[0], *(f"AA-{number}" for number in range(150)))
    pool, limited = offer(Pool(file="codes.csv")), offer(key="limited", most_codes=130)

    def one(number: int) -> list[dict[int, str]]:
        mine = []
        for batch in range(4):
            start = 1 + number * 1000 + batch * 10
            for it in (pool, limited):
                mine.append(got(give(stores[number], it, range(start, start + 10))))
        return mine

    with ThreadPoolExecutor(8) as threads:
        given = [it for its in threads.map(one, range(8)) for it in its]
    handed = [code for it in given for code in it.values()]
    assert len(handed) == len(set(handed)) == 150 + 130
    for it in stores:
        it.close()
