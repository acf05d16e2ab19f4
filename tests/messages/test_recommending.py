"""`recommend(…)` in a template."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from nurture.audience.contact import Contact
from nurture.audience.facts import Facts, StageFacts
from nurture.errors import TemplateError
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.recommend_call import RECOMMEND_UP
from nurture.messages.render import Renderer
from nurture.messages.values import Values
from nurture.offers.recommending import Kind
from nurture.settings import Sender
from support.databases import START

SENDER = Sender.model_validate({"from": "Corner Shop <hello@shop.example>", "address": "1 Main Street"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """A product as it is handed in."""

    sku: str
    kind: Kind = ""
    because: str = ""
    name: str = ""
    line: str = ""
    category: str = ""
    price: int = 0
    url: str = ""
    image_url: str = ""


GOODS = (
    Goods(sku="vase", because="Roses"),
    Goods(sku="lamp"),
    Goods(sku="mug"),
    Goods(sku="large", kind="up", because="Small"),
)


def _values(*goods: Goods) -> Values:
    who = Contact(id=1, email="ann@x.example")
    facts = Facts(contact=who, stage=StageFacts(name="prospect", since=0))
    return Values(facts, START, sender=SENDER, urls=None, recommended=goods)


def _compiled(body: str) -> Compiled:
    return compile_template(Library({"m.md": f"subject: s\nlayout: none\n\n{body}"}), "m")


def _text(body: str, values: Values) -> str:
    return " ".join(Renderer().render(_compiled(body), values).text.split())


EACH = "{% for it in @ %}{{ it.sku }} {% endfor %}"


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("recommend()", "vase lamp mug"),
        ("recommend(2)", "vase lamp"),
        ("recommend(2, require=2)", "vase lamp"),
        ("recommend(4, require=4)", ""),
        ("recommend(3, up=true)", "large"),
        ("recommend(2, up=true, require=2)", ""),
        ("recommend(0)", ""),
    ],
)
def test_so_many_are_given_or_none_where_there_are_too_few(call: str, shown: str) -> None:
    assert _text(EACH.replace("@", call), _values(*GOODS)) == shown


def test_what_it_goes_with_is_said_where_it_is_known() -> None:
    why = "{% if it.because %} with {{ it.because }}{% endif %}"
    body = f"{{% for it in recommend(2) %}}{{{{ it.sku }}}}{why}. {{% endfor %}}"
    assert _text(body, _values(*GOODS)) == "vase with Roses. lamp."


def test_only_what_stands_in_the_message_counts_as_shown() -> None:
    values = _values(*GOODS)
    each = "{% for it in recommend(3) %}{% if loop.index != 2 %}{{ it.sku }} {% endif %}{% endfor %}"
    body = "{% if recommend(3, up=true) %}More:{% endif %} " + each
    assert _text(body, values) == "More: vase mug"
    given = values.recommending.given
    assert {kind: (it.most, it.seen) for kind, it in given.items()} == {"": (3, {0, 2}), "up": (1, set())}


def test_whether_steps_up_have_to_be_looked_for_is_known_from_the_template() -> None:
    assert RECOMMEND_UP not in _compiled(EACH.replace("@", "recommend(3)")).needs
    assert {"recommend", RECOMMEND_UP} <= _compiled(EACH.replace("@", "recommend(3, up=true)")).needs


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (EACH.replace("@", "recommend(3, upp=true)"), 'recommend has no "upp"'),
        (EACH.replace("@", "recommend(13)"), "recommend gives 0 to 12 products, not 13"),
        (
            EACH.replace("@", "recommend(2, require=3)"),
            "recommend(2) is to require 3, and never gives as many",
        ),
        (EACH.replace("@", "recommend(3, true)"), "recommend takes one number, and names for the rest"),
        ("{% set g = recommend(3) %}{% for it in g %}{{ it.nmae }}{% endfor %}", '"it" has no "nmae"'),
    ],
)
def test_a_call_that_cannot_be_meant_is_found_before_anybody_is_written_to(body: str, said: str) -> None:
    with pytest.raises(TemplateError) as error:
        _compiled(body)
    assert error.value.message == said


@pytest.mark.parametrize(
    "body",
    [
        EACH.replace("@", "recommend(2)") + "{% for it in [{'note': 7}] %}{{ it.note }}{% endfor %}",
        "{% for it in recommend(2) %}{% for it in [{'note': 7}] %}{{ it.note }}{% endfor %}{{ it.sku }}{% endfor %}",
        "{% set g = recommend(2) %}{% set g = [{'note': 7}] %}{% for it in g %}{{ it.note }}{% endfor %}",
    ],
)
def test_one_name_may_run_through_products_here_and_through_something_else_there(body: str) -> None:
    assert "7" in _text(body, _values(*GOODS))


def test_what_goes_with_something_of_the_same_name_does_not_say_so() -> None:
    same = Goods(sku="milk-2", name="Milk", because="Milk", kind="up")
    body = "{% for it in recommend(1, up=true) %}{{ it.name }}{{ it.because }}.{% endfor %}"
    assert _text(body, _values(same)) == "Milk."
