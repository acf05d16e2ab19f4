"""What expressions mean: each fact, each operator, and missing values."""

import pytest

from nurture.audience.contact import Contact
from nurture.audience.expressions import Known, Needs, Type, parse
from nurture.audience.facts import Facts, StageFacts
from nurture.clock import DAY, Moment

HOLD = [
    'orders.count >= 2 and contact.country == "DE"',
    "orders.total == 60.01",
    "orders.average > 20 and orders.average < 20.01",
    "orders.days_since_last == 3",
    "orders.usual_gap_days == 20",
    "orders.first_at < orders.last_at",
    '"R-12" in orders.skus and "FLORAL" in orders.lines',
    '"R-14" not in orders.skus',
    'orders.within("30 days").count == 2',
    'orders.within("30 days").total == 50.01',
    'orders.within("30 days").average == 25.005',
    'orders.within("1 day").average == none',
    'orders.within("30 days").days_since_last == 3',
    'orders.within("90 days").usual_gap_days == 23.5',
    'orders.within("30 days").usual_gap_days == orders.usual_gap_days',
    '"R-13" in orders.within("30 days").skus and "R-12" not in orders.within("30 days").skus',
    'orders.within("20 days").count == 1',
    'orders.within("481 hours").count == 2',
    'stage == "customer" and stage == "customer/repeat" and stage != "client"',
    'stage.name != "customer" and stage.name == "customer/repeat"',
    'stage in ["client", "customer"] and stage not in ["prospect"]',
    '"customer" == stage',
    "stage.days == 5 and stage.since < now",
    'lines["FLORAL"].stage == "customer" and lines["FLORAL"].orders.total == 20',
    'lines["SEAFOOD"].orders.count == 0 and not lines["SEAFOOD"].stage == "prospect"',
    "line.name == none and line.orders.count == 0",
    "engagement.received == 3 and engagement.opens == 1 and engagement.clicks == 1",
    "engagement.days_since_last == 9",
    "engagement.last_open_at < engagement.last_click_at",
    'engagement.within("10 days").clicks == 1 and engagement.within("9 days").clicks == 0',
    'engagement.within("30 days").received == 2',
    'engagement.within("2 days").days_since_last == 1',
    'opened("welcome") and clicked("welcome") and received("next") and not opened("next")',
    'opened("old/welcome") and not clicked("old/welcome") and not opened("other/welcome")',
    "opened() and clicked() and received()",
    'did("viewed") and did("viewed", times=2) and not did("viewed", times=3)',
    'did("viewed", within="3 days", sku="R-13") and not did("viewed", within="3 days", sku="R-12")',
    'not did("viewed", within="2 days")',
    'did("viewed", since="entry") and not did("viewed", since="entry", times=2)',
    'did("answered", score=5) and not did("answered", score="5")',
    'last("answered").score == 5 and last("answered").at < now and last("nothing").score == none',
    'event.name == "signed_up" and event.source == "shop" and event.at < now',
    'in_campaign("intro") and not in_campaign("outro")',
    'offer.says == "15% off" and offer.code == "ABC" and offer.discount == "15%" and not offer.redeemed',
    "offer.expires_at > now and days_since(offer.expires_at) == -2",
    "days_since(contact.created_at) == 100",
    '"vip" in contact.tags and "ann@" in contact.email and not "bob" in contact.email',
    'contact.tier == "gold" and contact.age > 40 and contact.age <= 41 and contact.member',
    'contact["a b"] == 1',
    'contact.renews_at > "2026-11-30" and contact.renews_at > now',
    "contact.age + 1 == 42 and contact.age - 1 == 40 and 2 * contact.age == 82 and contact.age / 2 == 20.5",
    "-contact.age < -40 and +contact.age > 40 and 2 + 3 * 4 == 14 and (2 + 3) * 4 == 20 and 8 / 4 / 2 == 1",
    "1 < 2 < 3 and not 1 < 3 < 2",
    "true and not false and True and not False",
    "'it\\'s' == \"it's\"",
    'contact.created_at < "2026-01-01" and contact.created_at > "2020-01-01 09:00"',
    'orders.count in [1, 2, 3] and orders.count not in [4] and contact.country in ["DE",]',
    "not (orders.count > 3 or orders.count < 3)",
    'segment("loyal") and not segment("new")',
]
SEGMENTS = {"loyal": parse("orders.count >= 3"), "new": parse("days_since(contact.created_at) < 90")}


@pytest.mark.parametrize("text", HOLD)
def test_this_holds_for_somebody_who_bought_three_times(text: str, facts: Facts, now: Moment) -> None:
    assert parse(text, segments=SEGMENTS).holds(facts, now)


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("text", ["contact.nothing {} 1", "1 {} contact.nothing", "offer.expires_at {} now"])
def test_a_comparison_with_a_missing_value_is_false_and_so_its_not_is_true(
    op: str, text: str, now: Moment
) -> None:
    stranger = Facts(contact=Contact(id=1, email=""), stage=StageFacts(name="prospect", since=0))
    expression = text.format(op)
    assert not parse(expression).holds(stranger, now)
    assert parse(f"not {expression}").holds(stranger, now)


@pytest.mark.parametrize(
    "text",
    [
        "contact.nothing == contact.void",
        "contact.nothing != 1",
        "not contact.nothing == 1",
        "contact.nothing == none",
        "orders.total / 0 == none",
        "orders.total / 0 + 1 == contact.nothing",
        "not contact.nothing",
        "not contact.nothing in ['a']",
        "contact.nothing not in ['a']",
        "not (orders.days_since_last > 3)",
        "orders.average == none",
        "not did('x', sku=contact.nothing)",
        "999999999999999 * 999999999999999 * 1000000000000 > 1",
    ],
)
def test_missing_is_a_value_of_its_own_for_equality_only(text: str, now: Moment) -> None:
    stranger = Facts(contact=Contact(id=1, email=""), stage=StageFacts(name="prospect", since=0))
    assert parse(text).holds(stranger, now)


def test_numbers_beyond_reckoning_are_missing(facts: Facts, now: Moment) -> None:
    assert parse("*".join(["999999999999999"] * 40)).value(facts, now) is None


def test_an_attribute_of_another_type_than_hoped_is_missing(facts: Facts, now: Moment) -> None:
    assert not parse("contact.tier > 3").holds(facts, now)
    assert not parse("contact.member == 1").holds(facts, now)
    assert not parse("contact.tier").holds(facts, now)
    known = Known(attributes={"tier": Type.NUMBER})
    assert not parse("contact.tier > 3", known=known).holds(facts, now)


def test_a_date_without_a_zone_is_in_the_contacts_own() -> None:
    tokyo = Contact(id=1, email="", timezone="Asia/Tokyo", attributes={"due": "2026-12-01"})
    facts = Facts(contact=tokyo, stage=StageFacts(name="prospect", since=0))
    midnight = 1_796_083_200_000_000 - 9 * DAY // 24
    expression = parse("contact.due <= now")
    assert expression.holds(facts, midnight)
    assert not expression.holds(facts, midnight - 1)


def test_nothing_that_is_still_to_come_counts(facts: Facts, now: Moment) -> None:
    expression = parse('did("viewed", within="10 days") or clicked("welcome") or last("answered").score > 1')
    assert not expression.holds(facts, now - 45 * DAY)


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("orders.count > 1", Needs(orders=True)),
        ('orders.within("3 days").count > 1', Needs(orders=True, order_window=3 * DAY, clock=True)),
        ('"a" in orders.skus and "b" in orders.lines', Needs(orders=True, skus=True, order_lines=True)),
        ("orders.days_since_last > orders.usual_gap_days", Needs(orders=True, gaps=True, clock=True)),
        ("line.stage == 'x' and line.orders.count > 1", Needs(line=True, line_orders=True)),
        ('lines["A"].stage == "x" or lines["B"].orders.count > 1', Needs(lines=frozenset({"A", "B"}))),
        (
            'engagement.within("2 days").clicks > 1',
            Needs(engagement=True, engagement_window=2 * DAY, clock=True),
        ),
        ('did("x") and last("y").z > 1', Needs(events=frozenset({"x", "y"}))),
        ('did("x", since="entry", within="1 day")', Needs(events=frozenset({"x"}), entry=True, clock=True)),
        ('clicked("x")', Needs(messages=True, entry=True)),
        ('clicked("c/x")', Needs(messages=True)),
        ('in_campaign("x") or offer.code == "y"', Needs(in_campaigns=True, offer=True)),
        ("stage == 'x' and event.y == 1", Needs(stage=True, entry=True)),
        ("stage.days > 1", Needs(stage=True, clock=True)),
        ("now > contact.created_at", Needs(clock=True)),
        ('segment("loyal")', Needs(orders=True)),
        ("contact.country == 'DE'", Needs()),
    ],
)
def test_an_expression_says_what_it_needs(text: str, needs: Needs) -> None:
    assert parse(text, segments=SEGMENTS).needs == needs


def test_needs_join_to_what_either_needs() -> None:
    one = parse('orders.within("3 days").count > 1 and lines["A"].stage == "x"').needs
    other = parse('orders.within("9 days").count > 1 and lines["B"].stage == "x"').needs
    assert one | other == Needs(orders=True, order_window=9 * DAY, lines=frozenset({"A", "B"}), clock=True)
    assert one | Needs() == one


def test_what_an_expression_saw_is_told_as_text(facts: Facts, now: Moment) -> None:
    expression = parse(
        'orders.within("30 days").count > 1 and contact.x == "y" and contact.member and stage == "a"'
    )
    assert expression.seen(facts, now) == {
        'orders.within("30 days").count': "2",
        "contact.x": "missing",
        "contact.member": "yes",
        "stage": "customer/repeat",
    }


def test_the_type_of_an_expression_is_that_of_its_value(facts: Facts, now: Moment) -> None:
    assert parse("offer.expires_at").type is Type.MOMENT
    assert parse("offer.expires_at").value(facts, now) == now + 2 * DAY
    assert parse("orders.count + 1").type is Type.NUMBER
    assert parse("contact.tags").type is Type.TEXTS
    assert parse("contact.tier").type is Type.UNKNOWN
    assert parse("stage").value(facts, now) == "customer/repeat"


def test_equal_texts_of_equal_meaning_are_equal() -> None:
    assert parse("orders.count > 1") == parse("orders.count > 1")
    assert hash(parse("orders.count > 1")) == hash(parse("orders.count > 1"))
    one, other = (
        parse('segment("loyal")', segments=SEGMENTS),
        parse('segment("loyal")', segments={"loyal": parse("1 > 2")}),
    )
    assert one != other


def test_the_deepest_expression_that_is_allowed_can_be_asked(facts: Facts, now: Moment) -> None:
    text = "orders.count > 1"
    for _ in range(15):
        text = f"not (false or ({text} and true))"
    assert isinstance(parse(text).holds(facts, now), bool)
    nested = "(" * 45 + "orders.count" + ")" * 45
    assert parse(f"{nested} == 3").holds(facts, now)
