"""The values of offers.yaml: what is given, where its codes come from, and up to how much."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, TypeAlias

from pydantic import PlainValidator, ValidationInfo

from nurture.journeys.shape import KEY, kind_of, wrong
from nurture.journeys.spelling import near, normal, quoted
from nurture.journeys.values import text
from nurture.offers.codes import MOST_PREFIX, canonical
from nurture.offers.discount import Amount, DiscountError, read_amount, read_discount
from nurture.offers.offer import Ahead, Coding, ForAll, Pool, Unique

UNIQUE = "unique"
AHEAD = "ahead"
_MOST_CODE = 60
"""Signs in a code that somebody types."""
_WAYS = "write `code: unique`, one word for all, {from: codes.csv} or {unique: ahead}"


def _discount(value: object, info: ValidationInfo) -> str:
    """A discount that can be read, as it is written."""
    written = text(value, info)
    try:
        read_discount(written)
    except DiscountError as error:
        raise wrong("not-a-discount", error.message, error.remedy) from None
    return written


def _amount(value: object, info: ValidationInfo) -> Amount:
    written = text(value, info)
    try:
        return read_amount(written)
    except DiscountError as error:
        raise wrong("not-a-discount", error.message, error.remedy) from None


def _number(value: object, info: ValidationInfo) -> int:
    written = text(value, info)
    if not re.fullmatch(r"[1-9][0-9]{0,11}", written, re.ASCII):
        plain = written.replace(",", "").replace("_", "").replace(" ", "")
        hint = f"write {plain}" if re.fullmatch(r"[1-9][0-9]{0,11}", plain, re.ASCII) else "write 1 or more"
        raise wrong("wrong-type", f"{KEY} wants a whole number, not {quoted(written)}", hint)
    return int(written)


def _prefix(value: object, info: ValidationInfo) -> str:
    written = text(value, info)
    if not re.fullmatch(rf"[A-Za-z0-9]{{1,{MOST_PREFIX}}}", written, re.ASCII):
        hint = f"letters and digits, {MOST_PREFIX} at most, such as SPRING"
        raise wrong("not-a-code", f"{quoted(written)} cannot begin a code", hint)
    return written.upper()


def _code(value: object, info: ValidationInfo) -> Coding:
    if isinstance(value, dict):
        return _keyed({normal(str(key)): it for key, it in value.items()}, info)
    if isinstance(value, list):
        raise wrong("wrong-type", f"{KEY} wants text, not {kind_of(value)}", _WAYS)
    written = text(value, info)
    if written == UNIQUE:
        return Unique()
    if re.search(r"\s", written):
        hint = near(written, [UNIQUE]) or "`unique`, or one word for all"
        raise wrong("wrong-type", f"{quoted(written)} cannot be a code", hint)
    if not canonical(written) or len(written) > _MOST_CODE:
        hint = f"a code has letters or digits, and {_MOST_CODE} signs at most"
        raise wrong("not-a-code", f"{quoted(written)} cannot be a code", hint)
    return ForAll(word=written)


def _keyed(value: dict[str, object], info: ValidationInfo) -> Coding:
    if set(value) == {"from"}:
        return Pool(file=_file(text(value["from"], info)))
    if set(value) == {UNIQUE}:
        written = text(value[UNIQUE], info)
        if written != AHEAD:
            raise wrong(
                "not-a-choice",
                f"`unique:` cannot be {quoted(written)}",
                "write {unique: ahead}",
                below=(UNIQUE,),
            )
        return Ahead()
    odd = next((key for key in value if key not in ("from", UNIQUE)), "")
    hint = near(odd, ["from", UNIQUE]) or _WAYS if odd else _WAYS
    raise wrong("wrong-type", "codes are either of a file or made ahead", hint)


def _file(written: str) -> str:
    path = PurePosixPath(written)
    if path.is_absolute() or ".." in path.parts or "\\" in written or path.suffix.lower() != ".csv":
        hint = "write its path below campaigns/, such as codes/spring.csv"
        raise wrong("not-a-pool", f"{quoted(written)} cannot be a file of codes", hint, below=("from",))
    return path.as_posix()


DiscountText: TypeAlias = Annotated[str, PlainValidator(_discount)]
Money: TypeAlias = Annotated[Amount, PlainValidator(_amount)]
Count: TypeAlias = Annotated[int, PlainValidator(_number)]
Prefix: TypeAlias = Annotated[str, PlainValidator(_prefix)]
CodeValue: TypeAlias = Annotated[Coding, PlainValidator(_code)]
