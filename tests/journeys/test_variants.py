"""Which variant wins: soon where others wait for it, and where nobody does only when it is sure."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from nurture.journeys.variants import (
    FEW,
    RISK,
    NotYet,
    VariantResult,
    Winner,
    choose,
    surely_better,
)


def result(template: str, sent: int, successes: int) -> VariantResult:
    return VariantResult(template=template, sent=sent, successes=successes)


def test_after_a_test_the_best_rate_wins_and_says_by_what() -> None:
    verdict = choose([result("a", 200, 10), result("b", 100, 6)], by="clicks", at_once=True)
    assert verdict == Winner(template="b", why="clicked: a 10 of 200 (5.0%), b 6 of 100 (6.0%)")


def test_of_equals_the_first_in_the_file_wins() -> None:
    verdict = choose([result("b", 200, 10), result("a", 100, 5)], by="clicks", at_once=True)
    assert isinstance(verdict, Winner)
    assert (verdict.template, verdict.final) == ("b", True)


def test_after_few_messages_the_best_is_a_guess_that_serves_those_who_wait() -> None:
    verdict = choose([result("a", FEW - 1, 3), result("b", 300, 30)], by="clicks", at_once=True)
    assert isinstance(verdict, Winner)
    assert (verdict.template, verdict.final) == ("b", False)
    assert verdict.why.endswith("a guess, after 99 test messages of one variant")


def test_where_nobody_did_anything_the_first_goes_and_it_is_said() -> None:
    verdict = choose([result("a", 500, 0), result("b", 500, 0)], by="conversions", at_once=True)
    assert isinstance(verdict, Winner)
    assert (verdict.template, verdict.final) == ("a", False)
    assert verdict.why.endswith("nobody reached the goal, so the first one goes")


def test_one_that_could_not_be_sent_does_not_win_by_coming_first() -> None:
    verdict = choose([result("a", 0, 0), result("b", 500, 0)], by="clicks", at_once=True)
    assert isinstance(verdict, Winner)
    assert verdict.template == "b"


def test_where_no_test_message_went_the_first_goes_and_it_is_said() -> None:
    verdict = choose([result("a", 0, 0), result("b", 0, 0)], by="clicks", at_once=True)
    assert isinstance(verdict, Winner)
    assert (verdict.template, verdict.final) == ("a", False)
    assert verdict.why.endswith("no test message was sent, so the first one goes")


def test_two_in_a_hundred_against_four_is_sure_after_four_thousand_each() -> None:
    verdict = choose([result("a", 4_000, 80), result("b", 4_000, 160)], by="conversions", at_once=False)
    assert verdict == Winner(
        template="b", why="reached the goal: a 80 of 4,000 (2.0%), b 160 of 4,000 (4.0%)"
    )


def test_a_small_lead_is_not_sure() -> None:
    verdict = choose([result("a", 4_000, 80), result("b", 4_000, 95)], by="clicks", at_once=False)
    assert isinstance(verdict, NotYet)
    assert verdict.why == "not sure yet: clicked: a 80 of 4,000 (2.0%), b 95 of 4,000 (2.4%)"


def test_the_best_of_three_must_be_surely_better_than_each() -> None:
    a, b, c = result("a", 4_000, 80), result("b", 4_000, 160), result("c", 4_000, 150)
    assert isinstance(choose([a, b, c], by="clicks", at_once=False), NotYet)
    assert isinstance(choose([a, b, result("c", 4_000, 70)], by="clicks", at_once=False), Winner)


def test_nothing_is_sure_of_a_variant_that_nobody_got() -> None:
    assert isinstance(
        choose([result("a", 4_000, 400), result("b", 0, 0)], by="clicks", at_once=False), NotYet
    )


def test_looked_at_after_each_of_300_successes_equal_variants_cry_wolf_as_seldom_as_promised() -> None:
    # Worked out to the end: each success falls to either by the toss of a coin; `going` is how likely it is to have
    # come to so many of the first without a winner.
    sent, going, wolf = 1_000_000, {0: 1.0}, 0.0
    for seen in range(1, 301):
        tossed: dict[int, float] = {}
        for first, chance in going.items():
            for new in (first, first + 1):
                tossed[new] = tossed.get(new, 0.0) + chance / 2
        going = {}
        for first, chance in tossed.items():
            one, other = result("a", sent, first), result("b", sent, seen - first)
            if surely_better(one, other, RISK) or surely_better(other, one, RISK):
                wolf += chance
            else:
                going[first] = chance
    assert 0.001 < wolf <= RISK


def looks(rates: dict[str, float], looked: int, each: int, chance: random.Random) -> str:
    """The winner that is named in so many looks, with `each` more messages of all variants between two; else ''."""
    sent = dict.fromkeys(rates, 0)
    done = dict.fromkeys(rates, 0)
    for _ in range(looked):
        for _ in range(each * len(rates)):
            template = chance.choice(list(rates))
            sent[template] += 1
            done[template] += chance.random() < rates[template]
        results = [result(it, sent[it], done[it]) for it in rates]
        match choose(results, by="clicks", at_once=False):
            case Winner(template=template):
                return template
            case NotYet():
                pass
    return ""


def test_in_a_hundred_looks_equal_variants_cry_wolf_at_most_once_in_twenty() -> None:
    chance = random.Random(11)
    runs = 200
    two = sum(looks({"a": 0.2, "b": 0.2}, 100, 10, chance) != "" for _ in range(runs))
    three = sum(looks({"a": 0.2, "b": 0.2, "c": 0.2}, 100, 6, chance) != "" for _ in range(runs))
    assert two <= RISK * runs
    assert three <= RISK * runs


def test_twice_as_good_is_found_nearly_always_before_four_thousand_each() -> None:
    chance = random.Random(12)
    found = [looks({"a": 0.02, "b": 0.04}, 20, 200, chance) for _ in range(20)]
    assert found.count("b") >= 18
    assert found.count("a") == 0


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=2, max_size=5),
    st.booleans(),
)
def test_whoever_wins_has_the_best_rate(given_: list[tuple[int, int]], at_once: bool) -> None:
    results = [result(f"v{no}", sent, min(sent, done)) for no, (sent, done) in enumerate(given_)]
    verdict = choose(results, by="clicks", at_once=at_once)
    if isinstance(verdict, Winner):
        by_name = {it.template: it.rate for it in results}
        assert by_name[verdict.template] == max(by_name.values())
    else:
        assert not at_once
