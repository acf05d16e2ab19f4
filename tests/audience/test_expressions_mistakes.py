"""Every mistake in an expression points at its place and says what was meant, in plain English."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nurture.audience.expressions import Expression, Known, Type, parse
from nurture.errors import ExpressionError

SEGMENTS = {"engaged": parse("engagement.clicks >= 1")}

MISTAKES = [
    ("orders.count => 2", "=>", "has no meaning here", "write >= for greater or equal"),
    ("orders.count = 2", "=", "has no meaning here", "write == to compare"),
    ("orders.count <> 2", "<>", "has no meaning here", "write !="),
    ("orders.count > 1 && now > now", "&&", "has no meaning here", "write and"),
    ("orders.count > 1 AND now > now", "AND", "no word", "write and"),
    ("orders.count is 2", "is", "no word", "write == to compare"),
    ("{{ orders.count > 2 }}", "{", "has no meaning here", "without { }"),
    ("contact.country == “DE”", "“", "has no meaning here", "straight quotes"),
    ("ordrs.count > 2", "ordrs", "there is no fact called ordrs", 'did you mean "orders"?'),
    ("country == 'DE'", "country", "no fact called country", 'did you mean "contact.country"?'),
    ("contact.country == DE", "DE", "no fact called DE", 'put text into quotes: "DE"'),
    ("orders.cuont > 2", "cuont", "orders has no cuont", 'did you mean "count"?'),
    ('segment("engagd")', '"engagd"', 'there is no segment "engagd"', 'did you mean "engaged"?'),
    ('orders.within("90 dais").count > 1', '"90 dais"', "not a length of time", 'did you mean "90 days"?'),
    ("orders.within(90).count > 1", "90", "a length of time is wanted", "in quotes"),
    ("orders.within().count > 1", "()", "within takes one length of time", "within("),
    ('orders.count > "two"', 'orders.count > "two"', "cannot be compared", ""),
    ('orders.count == "2"', 'orders.count == "2"', "cannot be compared", "write 2 without quotes"),
    ('contact.created_at > "soon"', 'contact.created_at > "soon"', "no date", '"2026-12-01"'),
    ("orders.count and now > now", "orders.count", "is a number, not yes or no", "compare it"),
    ("not contact.email", "contact.email", "is text, not yes or no", '!= ""'),
    ("contact.created_at - now > 3", "contact.created_at", "cannot be added", "days_since("),
    ("days_since(orders.count) > 3", "orders.count", "is a number, not a moment", "contact.created_at"),
    ("orders.count + contact.email > 3", "contact.email", "is text, not a number", ""),
    ('contact.country in ["DE", 3]', "3", "cannot be compared", ""),
    ("contact.country in 3", "3", "nothing can be in it", "write a list"),
    ("orders.skus == contact.tags", "orders.skus", "sets are not compared", '"vip" in contact.tags'),
    ('["a"] == contact.country', '["a"]', "a list stands only behind in", ""),
    ("stage > 'prospect'", "'prospect'", "does not compare stages", "use =="),
    ("stage == 3", "3", "a stage is text", ""),
    ("orders.count > none", "none", "does not compare none", "use =="),
    ("lines.FLORAL.stage == 'x'", "lines.FLORAL.stage", "the name of a line", 'lines["FLORAL"]'),
    ("did()", "()", "the name of an event first", 'did("signed_up"'),
    ('did("x", times=0)', "0", "a whole number from 1", "times=2"),
    ('did("x", since="monday")', '"monday"', 'since knows only "entry"', "within="),
    ('did("x", sku="a", sku="b")', 'sku="b"', "said twice", ""),
    ('last("x") == 3', 'last("x")', "alone is no value", 'last("x").score'),
    ("orders", "orders", "alone is no value", "orders.count"),
    ("orders.count()", "()", "nothing can follow orders.count", "take this out"),
    ("clicked('/step')", "'/step'", "is no step", 'clicked("campaign/step")'),
    ("(orders.count > 2", "(", "this ( is never closed", "put )"),
    ("orders.count > 2)", ")", "closes nothing", "take it out"),
    ("contact.email in ['a')", ")", "[ is closed by )", "write ]"),
    ("contact.email == 'abc", "'abc", "does not end", "put '"),
    ("orders.count >", ">", "something is missing", "finish"),
    ("orders.count > 2 2", "2", "follows without a word", "put and"),
    ("orders.count > 12abc", "12abc", "is not a number", '"90 days"'),
    ("orders.count > 1234567890123456", "1234567890123456", "too long", "15 digits"),
    ("engagement", "engagement", "alone is no value", "engagement.received"),
]


@pytest.mark.parametrize(("text", "at", "message", "hint"), MISTAKES, ids=[it[0] for it in MISTAKES])
def test_a_mistake_is_shown_in_its_place_with_what_was_meant(
    text: str, at: str, message: str, hint: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, segments=SEGMENTS)
    error = caught.value
    marked = text[error.column : error.column + error.length]
    assert marked == at
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    "text",
    ["", "   ", "a" * 2_001, "(" * 51 + "1" + ")" * 51 + " > 0", "not " * 60 + "true", "1 + " * 60 + "1 > 0"],
)
def test_what_is_empty_too_long_or_nested_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.hint


def test_segments_that_multiply_without_end_are_refused() -> None:
    segments: dict[str, Expression] = {"s0": parse("orders.count > 0 and orders.count > 1")}
    with pytest.raises(ExpressionError, match="too much"):
        for number in range(1, 40):
            text = " and ".join([f'segment("s{number - 1}")'] * 2)
            segments[f"s{number}"] = parse(text, segments=segments)


WORDS = """orders .count .within( "90_days" ) contact .country .x stage .days lines ["A"] did( "x" , times= 2
    within= and or not in == != < > >= = + - * / ( [ ] 1 0 2.5 'DE' "prospect" true none now days_since( last(
    event segment( "engaged" engagement .clicks offer .code . , é { | ! % \\ ' " 12a __class__ if is"""


@given(st.lists(st.sampled_from([it.replace("_d", " d") for it in WORDS.split()]), max_size=25).map(" ".join))
@example("contact.__class__.__mro__ == 1")
@example("now.__class__")
@example("contact['__class__'] == 1")
def test_any_words_are_an_expression_or_a_mistake_with_a_place(text: str) -> None:
    try:
        parse(text, segments=SEGMENTS)
    except ExpressionError as error:
        assert 0 <= error.column <= max(len(text), 1)
        assert "Token(" not in str(error)
        assert "__ANON" not in str(error)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_a_mistake(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        assert 0 <= error.column <= max(len(text), 1)


KNOWN = Known(
    attributes={"tier": Type.TEXT, "age": Type.NUMBER, "renews_at": Type.MOMENT},
    events=frozenset({"viewed_pricing"}),
    lines=frozenset({"FLORAL"}),
    steps=frozenset({"intro/welcome"}),
    campaigns=frozenset({"intro"}),
    stages=("prospect/awareness", "customer"),
)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("contact.teir == 'gold'", 8, 'no contact has a teir; did you mean "tier"?'),
        ('did("viewed_pricng")', 4, 'nobody ever recorded an event "viewed_pricng"; did you mean'),
        ('last("nothing").score > 3', 5, 'an event "nothing"'),
        ('lines["FLORALS"].orders.count > 0', 6, 'on a line "FLORALS"; did you mean "FLORAL"?'),
        ('clicked("welcom")', 8, 'no campaign has a step "welcom"; did you mean "welcome"?'),
        ('clicked("intro/welcom")', 8, 'did you mean "intro/welcome"?'),
        ('in_campaign("outro")', 12, 'there is no campaign "outro"'),
        ('stage == "propsect"', 9, 'there is no stage "propsect"; did you mean "prospect"?'),
    ],
)
def test_a_name_that_nobody_ever_recorded_is_doubted_but_taken(text: str, column: int, message: str) -> None:
    (doubt,) = parse(text, known=KNOWN).unsure
    assert doubt[0] == column
    assert message in doubt[1]


@pytest.mark.parametrize(
    "text",
    [
        "contact.tier == 'gold' and contact.age > 3 and contact.renews_at > now",
        'did("viewed_pricing") or did("ordered") or clicked("welcome") or clicked()',
        'lines["FLORAL"].stage == "prospect" or stage in ["customer", "prospect/awareness"]',
    ],
)
def test_names_that_are_known_are_not_doubted(text: str) -> None:
    assert parse(text, known=KNOWN).unsure == ()


def test_the_type_of_an_attribute_counts_where_it_is_known() -> None:
    with pytest.raises(ExpressionError, match="cannot be compared"):
        parse("contact.age > 'old'", known=KNOWN)
