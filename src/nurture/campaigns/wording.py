"""What is wrong with a value, in a marketer's words: from the errors of the shapes to complaints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic.fields import FieldInfo

from nurture.campaigns.tree import Loc
from nurture.journeys.shape import KEY, Shape, kind_of
from nurture.journeys.spelling import near, nearest, normal, quoted, spoken

TAGS = ("<keys>", "<text>")
"""How pydantic names the two ways to write a goal or an exit; no part of the file."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A finding that has no place yet."""

    code: str
    message: str
    hint: str = ""
    column: int = -1
    """Within the value's text, from 0; -1: the whole value."""
    length: int = 0
    on_key: bool = False
    """The key is at fault, not its value."""


def complaint_of(item: Any, loc: Loc, model: type[Shape] | None) -> Complaint:
    """The complaint for one of pydantic's error items, which arose at `loc` within `model`."""
    detail = item.get("ctx", {})
    key = next((part for part in reversed(loc) if isinstance(part, str)), "")
    match item["type"]:
        case "extra_forbidden":
            return unknown_key(key, _model_at(model, loc[:-1]))
        case "missing":
            return _missing(key, _model_at(model, loc[:-1]))
        case "literal_error":
            words = re.findall(r"'([^']*)'", str(detail.get("expected", "")))
            return _not_a_choice(key, item["input"], words, _examples(model, loc))
        case "wants-keys":
            message = f"{f'`{spoken(key)}:`' if key else 'this file'} wants keys, not {detail['instead']}"
            return Complaint("wrong-type", message, f"such as `{detail['example']}: …`")
        case "dict_type" | "mapping_type":
            message = f"`{spoken(key)}:` wants names with a value each, not {kind_of(item['input'])}"
            return Complaint("wrong-type", message, _names_and_values(key, model))
        case code if "message" in detail:
            message = detail["message"].replace(KEY, f"`{spoken(key)}:`")
            hint = detail["hint"].replace(KEY, f"`{spoken(key)}:`")
            example = _examples(model, loc) if code == "empty" else ()
            if example:
                hint = f"write `{spoken(key)}: {example[0]}`"
            return Complaint(code, message, hint, detail["column"], detail["length"])
        case _:
            return Complaint("wrong-type", f"`{spoken(key)}:` cannot be this: {item['msg']}")


def _examples(model: type[Shape] | None, loc: Loc) -> Sequence[str]:
    *where, key = [part for part in loc if isinstance(part, str)] or [""]
    owner = _model_at(model, tuple(where))
    field = _field(owner, str(key)) if owner else None
    return [str(it) for it in field.examples or ()] if field else ()


def _names_and_values(key: str, model: type[Shape] | None) -> str:
    field = _field(model, key) if model else None
    return f"such as {field.examples[0]}" if field and field.examples else ""


def is_misspelled(item: Any, others: Iterable[Any]) -> bool:
    """Whether a missing key is there after all, as an unknown one that nearly is it."""
    *where, key = item["loc"] or ("",)
    return item["type"] == "missing" and any(
        other["type"] == "extra_forbidden"
        and list(other["loc"][:-1]) == where
        and nearest(str(other["loc"][-1]), [str(key)])
        for other in others
    )


def unknown_key(key: str, model: type[Shape] | None) -> Complaint:
    """A key that `model` does not have: a slip."""
    if model is None:
        return Complaint("unknown-key", f"no key is called `{spoken(key)}:` here", on_key=True)
    known = model.written_keys()
    run_on = next((it for it in known if normal(key).startswith(f"{normal(it)}_")), "")
    hint = near(spoken(key), known) or f"there is: {', '.join(known)}"
    if run_on:
        hint = f"a colon and a space are missing behind `{run_on}`"
    return Complaint("unknown-key", f"no key is called `{spoken(key)}:` here", hint, on_key=True)


def _missing(key: str, model: type[Shape] | None) -> Complaint:
    field = _field(model, key) if model else None
    message = f"`{spoken(key)}:` is missing"
    if field is None or not field.examples:
        return Complaint("missing", message, f"write `{spoken(key)}:` and the steps below it", on_key=True)
    return Complaint("missing", message, f"write `{spoken(key)}: {field.examples[0]}`", on_key=True)


def _not_a_choice(key: str, value: object, words: Iterable[str], others: Sequence[str]) -> Complaint:
    known = list(dict.fromkeys((*words, *others)))
    if not isinstance(value, str):
        return Complaint("wrong-type", f"`{spoken(key)}:` wants one of {', '.join(known)}")
    if not value:
        return Complaint("empty", f"`{spoken(key)}:` is empty", f"one of {', '.join(known)}")
    hint = near(value, known) or f"one of {', '.join(known)}"
    return Complaint("not-a-choice", f"`{spoken(key)}:` cannot be {quoted(value)}", hint)


def _model_at(model: type[Shape] | None, loc: Loc) -> type[Shape] | None:
    """The shape that the keys at `loc` belong to."""
    for part in loc:
        if isinstance(part, int):
            continue
        field = _field(model, part) if model else None
        model = _shape_in(field.annotation) if field else None
    return model


def _field(model: type[Shape], key: str) -> FieldInfo | None:
    fields = model.model_fields.items()
    return next((it for name, it in fields if normal(it.alias or name) == normal(key)), None)


def _shape_in(annotation: Any) -> type[Shape] | None:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation
    return next((it for it in map(_shape_in, get_args(annotation)) if it), None)
