"""The expression of a message that cannot be worked out is found."""

from __future__ import annotations

from typing import Any

import pytest

from nurture.messages.blame import construct_at_fault
from nurture.messages.compile import compile_template
from nurture.messages.library import Library

LAYOUT = "<html><head><style>p { color: red }</style></head><body>\n{% block content %}{% endblock %}\n</body></html>"
VALUES: dict[str, Any] = {
    "contact": {"points": "many", "first_name": "Ann"},
    "orders": {"count": 2},
    "recommend": lambda count: (),
}


def fault(body: str, subject: str = "Hello") -> str:
    parts = {"m.md": f"subject: {subject}\n\n{body}", "layouts/base.html": LAYOUT}
    return construct_at_fault(compile_template(Library(parts), "m"), VALUES)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hello {{ contact.first_name }}", ""),
        (
            "Hello\n\n{{ contact.first_name }} {{ contact.points + 1 }} {{ orders.count }}",
            "contact.points + 1",
        ),
        ("Hello\n\n{% if contact.points > 3 %}Many{% endif %}", "if contact.points > 3"),
        ("{{ recommend(3)[0].name }}", "recommend(3)[0].name"),
        ("[look](https://shop.example/{{ contact.points + 1 }})", "contact.points + 1"),
    ],
)
def test_the_expression_at_fault_is_named(body: str, expected: str) -> None:
    assert fault(body) == expected


def test_it_may_stand_in_the_subject() -> None:
    assert (
        fault("Hello", "{{ contact.first_name }}, {{ contact.points * 1.5 }} points")
        == "contact.points * 1.5"
    )
