"""docs/api.md: its commands run as they are written, and its tables are true."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from nurture.clock import SystemClock
from nurture.runner.api_keys import SCOPES
from nurture.settings.api import Api
from nurture.store.engine import open_store
from nurture.web.api.problems import KINDS
from support.corner import Corner, files, letter, opened
from support.nurture_command import COMMAND, environment
from support.real_site import served

PAGE = (Path(__file__).resolve().parents[1] / "docs/api.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8025"


class Today(Corner):
    """A shop by the machine's clock."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self.clock.move_to(SystemClock().now())


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_quick_start_runs_as_it_is_written(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "nurture.toml").write_text(
        f'database = "{sqlite_url}"\n[sender]\nfrom = "Shop <hello@shop.example>"\naddress = "1 Main Street"\n'
    )
    command = " ".join(f"'{it}'" for it in COMMAND)
    store = open_store(sqlite_url, now=0, durable=False)
    given = files({}, {"welcome": letter("Welcome, {{ contact.first_name }}")})
    with opened(store, tmp_path, given, of=Today) as corner, served(corner.app.web(corner.world)) as address:
        script = "\n".join(["set -eu", f'nurture() {{ {command} "$@"; }}', *blocks("sh")])
        done = subprocess.run(
            ["bash", "-c", script.replace(HERE, address)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment(NURTURE_SECRET="a secret for tests"),
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        people = corner.rows("SELECT first_name, attributes FROM contacts")
        names = sorted(name for (name,) in corner.rows("SELECT name FROM events"))
        amounts = corner.rows("SELECT amount FROM orders")
    store.close()
    answers = [json.loads(it) for it in re.findall(r"\{.*?\}(?=\{|$)", done.stdout.replace("\n", ""))]
    shown = [json.loads(it) for it in blocks("json")]
    assert answers[:3] == [shown[0]] * 3
    assert answers[3]["topics"] == {"news": True, "offers": True}
    assert answers[4] == shown[1]
    assert set(answers[5]) == set(shown[2])
    assert people == [("Ann", '{"favourite": "tea"}')]
    assert names == ["seen", "subscribed", "subscribed", "trial_started"]
    assert amounts == [(2800,)]


def test_the_tables_have_every_scope_and_problem() -> None:
    assert set(re.findall(r"^\| `([a-z:]+)` \| `(?:GET|POST)", PAGE, re.MULTILINE)) == set(SCOPES)
    rows = re.findall(r"^\| ([\d, ]+) \| (`.*?) \|", PAGE, re.MULTILINE)
    told = {name for _, names in rows for name in re.findall(r"`([a-z-]+)`", names)}
    assert told == set(KINDS)


def test_the_setting_that_is_shown_is_the_usual_one() -> None:
    assert f"per_minute = {Api().per_minute} " in PAGE
    assert f"{Api().per_minute:,} requests a minute" in PAGE


@pytest.mark.parametrize("origin", ["https://shop.example/", "shop.example", "*", "https://a b"])
def test_an_origin_is_written_as_browsers_send_it(origin: str) -> None:
    with pytest.raises(ValueError, match="without a path"):
        Api(origins=(origin,))
