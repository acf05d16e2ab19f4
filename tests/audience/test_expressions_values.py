"""Numbers, and yes and no, as the database reckons with them too."""

import pytest

from nurture.audience.contact import Contact
from nurture.audience.expressions import parse, values
from nurture.audience.facts import Facts, StageFacts
from nurture.clock import Moment
from nurture.errors import ExpressionError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (3, 3),
        (0.1, 0.1),
        (2**53 + 1, 2.0**53),
        (1e300, None),
        (float("nan"), None),
        (1e-301, 0),
        (10**400, None),
    ],
)
def test_a_number_is_kept_as_a_double_can_hold_it(given: float, kept: float | None) -> None:
    assert values.bounded(given) == kept


def test_yes_is_not_one_of_some_numbers(now: Moment) -> None:
    contact = Contact(id=1, email="", attributes={"member": True, "one": 1, "other": 1.0})
    facts = Facts(contact=contact, stage=StageFacts(name="prospect", since=0))
    assert not parse("contact.member in [contact.one]").holds(facts, now)
    assert parse("contact.one in [contact.member, contact.other]").holds(facts, now)


def test_a_number_beyond_all_time_is_no_moment(now: Moment) -> None:
    contact = Contact(id=1, email="", attributes={"due": 1e20})
    facts = Facts(contact=contact, stage=StageFacts(name="prospect", since=0))
    assert not parse("contact.due > now").holds(facts, now)


@pytest.mark.parametrize("odd", ["\0", "\ud800"])
def test_what_no_text_can_hold_is_refused(odd: str) -> None:
    with pytest.raises(ExpressionError, match="no text can hold") as found:
        parse(f'contact.first_name == "a{odd}"')
    assert found.value.column == 24
