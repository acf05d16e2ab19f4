"""Files of codes: what is taken, what is named and left, and that the same again is harmless."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from nurture.errors import FilesError
from nurture.offers.offer import Offer, Pool
from nurture.runner.pools import NAMED, PoolTaken, take_pools
from nurture.store import codes
from nurture.store.engine import Store
from support.databases import START


def offer(key: str = "loaf") -> Offer:
    return Offer(key=key, kind="loyalty", says="a free loaf", codes=Pool(file=f"{key}.csv"))


def put(workspace: Path, content: str | bytes, key: str = "loaf") -> None:
    folder = workspace / "campaigns"
    folder.mkdir(exist_ok=True)
    (folder / f"{key}.csv").write_bytes(content.encode() if isinstance(content, str) else content)


def take(store: Store, workspace: Path, *keys: str) -> list[PoolTaken]:
    return take_pools(store, workspace, [offer(key) for key in keys or ("loaf",)], START)


def spelled(store: Store, key: str = "loaf") -> set[str]:
    with store.read() as tx:
        return {it.code for it in codes.of_offer(tx, key, 10_000)}


def test_what_is_a_code_is_taken_and_every_other_line_is_named(store: Store, tmp_path: Path) -> None:
    lines = {
        "name;Code": "",
        "a;LOAF-1": "",
        "b; LOAF-2 ": "",
        "c;=cmd|' /C calc'!A1": "it begins like a formula of a spreadsheet",
        "d;loaf1": "",
        "e;": "there is no code in it",
        "f;***": "there is no letter or digit in it",
        "g;LOAF 3": "there is a space in it",
        f"h;{'X' * 61}": "it has more than 60 signs",
        "i;LOAF\x00-4": "there are signs in it that nobody can type",
        'j;"LOAF-5"': "",
        "": "",
        "k": "there is no code in it",
    }
    put(tmp_path, "\ufeff" + "\r\n".join(lines))
    (taken,) = take(store, tmp_path)
    assert [(it.number, it.why) for it in taken.lines] == [
        (number, why) for number, why in enumerate(lines.values(), 1) if why
    ]
    assert (taken.new, taken.known, taken.refused) == (3, 1, 7)
    assert spelled(store) == {"LOAF-1", "LOAF-2", "LOAF-5"}


def test_the_same_again_changes_nothing_and_more_lines_add_to_it(store: Store, tmp_path: Path) -> None:
    put(tmp_path, "LOAF-1\nLOAF-2\n")
    assert [it.new for it in take(store, tmp_path)] == [2]
    assert take(store, tmp_path) == [], "it has not changed"
    put(tmp_path, "code\nLOAF-2\nLOAF-3\n")
    (taken,) = take(store, tmp_path)
    assert (taken.new, taken.known) == (1, 1)
    assert spelled(store) == {"LOAF-1", "LOAF-2", "LOAF-3"}


def test_a_code_of_another_offer_stays_there(store: Store, tmp_path: Path) -> None:
    put(tmp_path, "LOAF-1\n")
    put(tmp_path, "CAKE-1\nloaf1\n", "cake")
    _, cake = take(store, tmp_path, "loaf", "cake")
    assert [(it.number, it.code, it.why) for it in cake.lines] == [
        (2, "loaf1", "it is a code of another offer")
    ]
    assert (spelled(store), spelled(store, "cake")) == ({"LOAF-1"}, {"CAKE-1"})


def test_a_file_with_other_columns_or_none_at_all_is_refused(store: Store, tmp_path: Path) -> None:
    put(tmp_path, "coupon,amount\nLOAF-1,5\n")
    with pytest.raises(FilesError, match="names no column `code`"):
        take(store, tmp_path)
    with pytest.raises(FilesError, match="there is no file campaigns"):
        take(store, tmp_path, "cake")
    (tmp_path / "outside.csv").write_text("SECRET-1\n")
    (tmp_path / "campaigns/cake.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(FilesError, match="there is no file campaigns"):
        take(store, tmp_path, "cake")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00A\n", b"PK\x03\x04\n" * 50, b"A" * 3_000_000, b'"' + b"A\n" * 60, b"\n" * 99],
)
def test_whatever_is_in_it_ends_in_codes_or_in_lines_that_are_none(
    store: Store, tmp_path: Path, content: bytes
) -> None:
    put(tmp_path, content)
    (taken,) = take(store, tmp_path)
    assert taken.new + taken.refused + taken.known <= content.count(b"\n") + 1
    assert len(taken.lines) <= NAMED


@pytest.mark.nightly
def test_a_million_codes_are_taken_in_with_little_memory(store: Store, tmp_path: Path) -> None:
    put(tmp_path, "".join(f"LOAF-{number:07}\n" for number in range(1_000_000)))
    tracemalloc.start()
    (taken,) = take(store, tmp_path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken.new == 1_000_000
    assert most < 60_000_000
