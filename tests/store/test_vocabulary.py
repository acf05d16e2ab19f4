"""What type an attribute is: that of all its values."""

from __future__ import annotations

from datetime import datetime

import pytest

from nurture.audience.contact import Scalar
from nurture.store import people, vocabulary
from nurture.store.engine import Store
from nurture.store.people import ContactGiven
from support.databases import START


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((1, 2.5), float),
        ((True, False), bool),
        (("gold", "2026-03-01"), str),
        (("2026-03-01", "2027-01-31"), datetime),
        (("2026-03-01T09:00:00Z", "2026-03-01 09:00"), datetime),
        (("2026-03-01-x",), str),
        (("12026-03-01",), str),
        ((1, "one"), str),
        ((1, "2026-03-01"), str),
    ],
)
def test_an_attribute_is_what_all_its_values_are(
    store: Store, values: tuple[Scalar, ...], kind: type
) -> None:
    given = [
        ContactGiven(email=f"{no}@shop.example", attributes={"it": value}, created_at=START)
        for no, value in enumerate(values)
    ]
    with store.write() as tx:
        people.upsert(tx, store.ids, [*given, ContactGiven(email="none@shop.example")], START)
        assert vocabulary.attributes(tx) == {"it": kind}
