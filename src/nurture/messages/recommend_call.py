"""`recommend(…)` as a template spells it: what is wrong with a call, and whether it asks for the next step up."""

from __future__ import annotations

import difflib

from jinja2 import nodes

from nurture.offers.recommending import DEFAULT, MOST

RECOMMEND_UP = "recommend.up"
"""What stands in a message's needs, besides `recommend`, where it asks for the next larger or better."""

_NAMES = ("count", "up", "require")


def fault_in(call: nodes.Call) -> tuple[str, str] | None:
    """What is wrong, and what to do about it."""
    if len(call.args) > 1 or call.dyn_args is not None or call.dyn_kwargs is not None:
        return "recommend takes one number, and names for the rest", "As in recommend(3, up=true, require=3)."
    for it in call.kwargs:
        if it.key not in _NAMES:
            near = difflib.get_close_matches(it.key, _NAMES, 1)
            hint = f'did you mean "{near[0]}"?' if near else "There are: count, require, up."
            return f'recommend has no "{it.key}"', hint
    counts = [*call.args, *(it.value for it in call.kwargs if it.key == "count")]
    count = _written(counts[0]) if counts else DEFAULT
    require = next((_written(it.value) for it in call.kwargs if it.key == "require"), 0)
    for number in (count, require):
        if number is not None and (not isinstance(number, int) or not 0 <= number <= MOST):
            return f"recommend gives 0 to {MOST} products, not {number!r}", "As in recommend(3)."
    if isinstance(count, int) and isinstance(require, int) and require > count:
        return (
            f"recommend({count}) is to require {require}, and never gives as many",
            f"Ask for {require}, or require {count}.",
        )
    return None


def asks_up(call: nodes.Call) -> bool:
    """Whether it may ask for the next step up: where that is not written out, it may."""
    return any(
        it.key == "up" and not (isinstance(it.value, nodes.Const) and it.value.value is False)
        for it in call.kwargs
    )


def _written(node: nodes.Expr) -> object:
    """What is written out; None: it is worked out."""
    return node.value if isinstance(node, nodes.Const) else None
