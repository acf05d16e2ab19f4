"""Expressions as text, of every fact and every operator, for hypothesis."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from nurture.audience.expressions import Expression, parse
from support.strangers import (
    ATTRIBUTES,
    CAMPAIGNS,
    DATES,
    EVENTS,
    LINES,
    NAMES,
    PROPERTIES,
    SKUS,
    SPANS,
    STAGES,
    STEPS,
)

Texts = SearchStrategy[str]

SEGMENTS: dict[str, Expression] = {}
SEGMENTS["engaged"] = parse('engagement.within("90 days").clicks >= 1 or days_since(contact.created_at) < 90')
SEGMENTS["buying"] = parse('orders.count > 1 and not segment("engaged")', segments=SEGMENTS)


def quoted(text: str) -> str:
    """`text` as an expression spells it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _texts(values: Sequence[str]) -> Texts:
    return st.sampled_from([quoted(it) for it in values])


def _filled(form: str, *parts: Texts) -> Texts:
    return st.tuples(*parts).map(lambda given: form.format(*given))


_SPAN = st.sampled_from([f'"{days} days"' for days in SPANS])
_WITHIN = st.one_of(st.just(""), _filled(".within({})", _SPAN))
_OWNER = st.one_of(st.sampled_from(["", "", "line."]), _filled("lines[{}].", _texts([*LINES, "NONE"])))
_RAW = st.one_of(
    _filled("contact[{}]", _texts(ATTRIBUTES)),
    _filled("last({})[{}]", _texts(EVENTS), _texts(PROPERTIES[:2])),
    st.just("event.sku"),
)


def _orders(names: Sequence[str]) -> Texts:
    return _filled("{}orders{}.{}", _OWNER, _WITHIN, st.sampled_from(names))


def _engagement(names: Sequence[str]) -> Texts:
    return _filled("engagement{}.{}", _WITHIN, st.sampled_from(names))


_NUMBERS = st.one_of(
    st.sampled_from(["0", "1", "2", "3", "0.1", "0.3", "41", "10", "25.5", "90", "0.000000000001"]),
    st.sampled_from(["999999999999999", "60.01"]),
    _orders(["count", "total", "average", "days_since_last", "usual_gap_days"]),
    _engagement(["received", "opens", "clicks", "days_since_last"]),
    _filled("{}stage.days", _OWNER),
    st.just("contact.points"),
    _RAW,
)
_MOMENTS = st.one_of(
    st.sampled_from(["now", "contact.created_at", "offer.expires_at", "event.at"]),
    _orders(["first_at", "last_at"]),
    _engagement(["last_open_at", "last_click_at"]),
    _filled("{}stage.since", _OWNER),
    _filled("last({}).at", _texts(EVENTS)),
    _RAW,
)
_DATES = _texts(["2023-11-14", "2023-11-14 22:13:20", "2023-11-14T22:13:20Z", "9999-12-31", "2020-01-01"])
_WORDS = st.one_of(
    _texts([*NAMES, *SKUS, *DATES, "gold"]),
    st.sampled_from(["contact.first_name", "contact.last_name", "contact.country", "contact.timezone"]),
    st.sampled_from(["contact.locale", "contact.email", "line.name", "event.name"]),
    st.sampled_from(["offer.says", "offer.code", "offer.discount", "contact.colour"]),
    _filled("{}stage.name", _OWNER),
    _filled("last({}).name", _texts(EVENTS)),
    _RAW,
)
_SETS = st.one_of(st.just("contact.tags"), _orders(["skus", "lines"]))
_STEP = st.sampled_from(
    ["", *(quoted(it) for it in STEPS), *(quoted(f"{key}/{step}") for key in CAMPAIGNS for step in STEPS)]
)
_ASKED = st.one_of(
    _filled("{}({})", st.sampled_from(["opened", "clicked", "received"]), _STEP),
    _filled("in_campaign({})", _texts([*CAMPAIGNS])),
    _filled("segment({})", _texts([*SEGMENTS])),
    st.sampled_from(["offer.redeemed", "contact.club", "true", "false"]),
    _RAW,
)
_ORDER = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
_EQUAL = st.sampled_from(["==", "!="])
_IN = st.sampled_from(["in", "not in"])


def _reckoned(numbers: Texts, moments: Texts) -> Texts:
    return st.one_of(
        _filled("({} {} {})", numbers, st.sampled_from(["+", "-", "*", "/"]), numbers),
        _filled("-{}", numbers),
        _filled("days_since({})", st.one_of(moments, _DATES)),
    )


_SUMS = st.recursive(_NUMBERS, lambda below: _reckoned(below, _MOMENTS), max_leaves=5)


def _listed(items: Texts) -> Texts:
    return st.lists(items, max_size=3).map(lambda given: "[" + ", ".join(given) + "]")


def _did(values: Texts) -> Texts:
    more = st.one_of(
        st.just(""),
        _filled(", within={}", _SPAN),
        st.just(", times=2"),
        st.just(', since="entry"'),
    )
    named = st.one_of(st.just(""), _filled(", {}={}", st.sampled_from(["sku", "score", "at"]), values))
    return _filled("did({}{}{})", _texts(EVENTS), more, named)


_VALUES = st.one_of(_SUMS, _MOMENTS, _WORDS, _RAW, st.sampled_from(["true", "none"]))
_NAMED_STAGES = st.one_of(_texts([*STAGES, "client", "client/a"]), _RAW)
_LEAVES = st.one_of(
    _ASKED,
    _did(_VALUES),
    _filled("{} {} {}", _SUMS, _ORDER, _SUMS),
    _filled("{} {} {}", _MOMENTS, _ORDER, _MOMENTS),
    _filled("{} {} {}", _MOMENTS, _ORDER, _DATES),
    _filled("{} {} {}", _WORDS, _ORDER, _WORDS),
    _filled("{} {} {}", _RAW, _ORDER, _RAW),
    _filled("{} {} none", st.one_of(_VALUES, _ASKED), _EQUAL),
    _filled("{} < {} <= {}", _SUMS, _SUMS, _SUMS),
    _filled("{} {} {}", _SUMS, _IN, _listed(st.one_of(_SUMS, st.just("none")))),
    _filled("{} {} {}", _WORDS, _IN, _listed(_WORDS)),
    _filled("{} {} {}", _MOMENTS, _IN, _listed(_MOMENTS)),
    _filled("{} {} {}", _RAW, _IN, _listed(_RAW)),
    _filled("{} {} {}", _WORDS, _IN, st.one_of(_SETS, _WORDS)),
    _filled("{}stage {} {}", _OWNER, _EQUAL, _NAMED_STAGES),
    _filled("{}stage {} {}", _OWNER, _IN, _listed(_NAMED_STAGES)),
)


def _joined(below: Texts) -> Texts:
    return st.one_of(
        _filled("({} and {})", below, below),
        _filled("({} or {})", below, below),
        _filled("not {}", below),
        _filled("(({}) {} ({}))", below, _EQUAL, below),
    )


CONDITIONS: Texts = st.recursive(_LEAVES, _joined, max_leaves=4)
"""Conditions, and now and then a value that can be one."""


def every_fact() -> list[str]:
    """Each fact of each place and window beside values that it is likely to have."""
    windows = ["", *(f'.within("{days} days")' for days in SPANS)]
    owners = ["", "line.", 'lines["FLORAL"].', 'lines["NONE"].']
    numbers = {
        "count": (0, 1, 2),
        "total": (0, 3.33, 9.99),
        "average": (3.33, 0.1),
        "days_since_last": (0, 1, 30, 365),
        "usual_gap_days": (25.5, 30),
    }
    asked = [f"{fact} {op} none" for op in ("==", "!=") for fact in ("contact.age", "event.sku", "line.name")]
    for window in windows:
        for owner in owners:
            orders = f"{owner}orders{window}"
            asked += [f"{orders}.{name} == {value}" for name, some in numbers.items() for value in some]
            asked += [f"days_since({orders}.{name}) <= 30" for name in ("first_at", "last_at")]
            asked += [f'"R-12" in {orders}.skus', f'"FLORAL" in {orders}.lines']
        signs = f"engagement{window}"
        asked += [f"{signs}.{name} == {n}" for name in ("received", "opens", "clicks") for n in (0, 1, 2)]
        asked += [f"days_since({signs}.{name}) <= 30" for name in ("last_open_at", "last_click_at")]
        asked += [f"{signs}.days_since_last == {n}" for n in (0, 1, 30)]
    for owner in owners:
        asked += [f'{owner}stage == "{name}"' for name in (*STAGES, "client", "client/a")]
        asked += [f"{owner}stage.days == 30", f"{owner}stage.since < now"]
    for event in EVENTS:
        asked += [f'did("{event}", within="{days} days")' for days in SPANS]
        asked += [f'did("{event}", times={times})' for times in (1, 2, 3)]
        asked += [f'last("{event}").{name} == none' for name in ("at", "name", "sku")]
        asked += [f'days_since(last("{event}").at) == {days}' for days in SPANS]
    steps = ["", *(quoted(it) for it in STEPS), '"intro/welcome"', '"old/next"']
    asked += [f"{kind}({step})" for kind in ("opened", "clicked", "received") for step in steps]
    return asked
