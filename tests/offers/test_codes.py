"""How codes are spelled, and found again however they were typed."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import pairwise
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.offers.codes import ALPHABET, BITS, canonical, first_of, spell
from nurture.offers.offer import Offer, Unique


def test_a_code_has_a_prefix_and_ten_signs_that_nobody_confuses() -> None:
    code = spell(random.Random(1).getrandbits(BITS), "SPRING")
    assert re.fullmatch(rf"SPRING-[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}", code)
    assert not set("0O1ILU") & set(ALPHABET)


def test_the_prefix_is_the_offers_own_or_the_first_word_of_its_name() -> None:
    plain = Offer(key="first-order-15", kind="introductory", says="it", codes=Unique())
    assert first_of(plain) == "FIRST"
    assert first_of(Offer(key="x", kind="loyalty", says="it", codes=Unique(), prefix="SPRING")) == "SPRING"


@pytest.mark.parametrize(
    "typed", ["spring-7kx9m-2mpqa", "SPRING7KX9M2MPQA", " Spring 7KX9M.2mpqa ", "ｓpring-7kx9m-2mpqa"]
)
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    assert canonical(typed) == "SPRING7KX9M2MPQA"


@given(st.text(max_size=60))
def test_what_is_canonical_stays_so(typed: str) -> None:
    once = canonical(typed)
    assert canonical(once) == once or not once.isascii()


def test_no_code_of_many_thousand_tells_of_another() -> None:
    """No two alike, every sign as likely in every place, and none that follows from the sign before it."""
    chance = random.Random(7)
    codes = [canonical(spell(chance.getrandbits(BITS), "")) for _ in range(30_000)]
    assert len(set(codes)) == len(codes)
    expected = len(codes) / len(ALPHABET)
    limit = len(ALPHABET) - 1 + 6 * sqrt(2 * (len(ALPHABET) - 1))
    for place in range(10):
        counts = Counter(code[place] for code in codes)
        assert sum((counts[sign] - expected) ** 2 / expected for sign in ALPHABET) < limit
    cells = len(ALPHABET) ** 2
    pairs = Counter((mine[9], after[9]) for mine, after in pairwise(codes))
    share = (len(codes) - 1) / cells
    spread = sum((pairs[one, two] - share) ** 2 / share for one in ALPHABET for two in ALPHABET)
    assert spread < cells - 1 + 6 * sqrt(2 * (cells - 1))
