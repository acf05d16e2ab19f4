"""How long `nurture check` takes: `python -m benchmarks.check [--json]`.

Makes a workspace of 200 campaigns, 100 templates and 1,000 contacts in a temporary folder, from the sample files with
their words and figures varied, and times the whole command, start-up included: cold, with nothing kept of an earlier
check; warm, with nothing changed since; and with one template changed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

CAMPAIGNS = 200
TEMPLATES = 100
CONTACTS = 1_000
RUNS = 5

Figures = dict[str, float]
Command = tuple[str, ...]

COMMAND: Command = (sys.executable, "-c", "from nurture.cli.main import main; main()")
_DAYS = re.compile(r"\b(\d+) days")
_STEM = re.compile(r"\.(?:md|html|yaml)$")


def fill(workspace: Path) -> None:
    """Make `workspace`, as `nurture init` does, and multiply its campaigns, templates and people."""
    run("init", str(workspace))
    templates = workspace / "templates" / "email"
    campaigns = workspace / "campaigns"
    messages = _taken(path for path in templates.iterdir() if path.is_file())
    files = _taken(path for path in campaigns.rglob("*.yaml") if path.parent != campaigns)
    names = [_STEM.sub("", path.name) for path in messages]
    rounds = TEMPLATES // len(names) + 1
    for number in range(TEMPLATES):
        path, turn = list(messages)[number % len(names)], number // len(names)
        text = messages[path].replace("We ", f"We at number {number} ").replace("you ", f"you {turn} times ")
        (templates / f"{_STEM.sub('', path.name)}-{turn}{path.suffix}").write_text(text)
    named = re.compile(rf"(?:(?<=send: )|(?<=[a-z]\(\"))(?:{'|'.join(names)})(?![\w-])")
    spare = TEMPLATES % len(names)
    for number in range(CAMPAIGNS):
        path = list(files)[number % len(files)]
        text = _varied(files[path], number)

        def sent(found: re.Match[str], number: int = number) -> str:
            there = rounds if names.index(found[0]) < spare else rounds - 1
            return f"{found[0]}-{number // len(files) % there}"

        name = f"{path.stem}-{number}"
        text = re.sub(r"^name: (.*)$", rf"name: \1 {number}", named.sub(sent, text), flags=re.MULTILINE)
        (path.parent / f"{name}.yaml").write_text(text)
    contacts = workspace / "contacts.csv"
    rows = (f"person-{no}@example.test,{'Ann' if no % 3 else ''},{no}\n" for no in range(CONTACTS))
    contacts.write_text("email,first_name,points\n" + "".join(rows))
    run("import", "contacts", str(contacts), "-w", str(workspace), "--consent", "benchmark")


def _taken(paths: Iterator[Path]) -> dict[Path, str]:
    """What the files say, and the files gone."""
    texts = {path: path.read_text() for path in sorted(paths)}
    for path in texts:
        path.unlink()
    return texts


def _varied(text: str, number: int) -> str:
    """Every length of time another one, so that few files and expressions are the same."""
    return _DAYS.sub(lambda found: f"{int(found[1]) + number % 97} days", text)


def run(*arguments: str) -> str:
    """Run the command in a process of its own; what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NURTURE_")}
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
    return done.stdout


def seconds(*arguments: str) -> tuple[float, float]:
    """How long a command takes, from its start to its end, and how much of it a processor was at work."""
    begin, before = perf_counter(), cpu_of_children()
    run(*arguments)
    return perf_counter() - begin, cpu_of_children() - before


def cpu_of_children() -> float:
    """Seconds that processes which have ended were running."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def told(what: str, measured: Sequence[tuple[float, float]]) -> Figures:
    """The medians."""
    whole, cpu = zip(*measured, strict=True)
    return {f"{what}, s": round(median(whole), 2), f"{what}, s of CPU": round(median(cpu), 2)}


def forget(workspace: Path) -> None:
    """Remove what earlier checks kept."""
    for path in (workspace / ".nurture").glob("**/*.json"):
        path.unlink()


def measure(workspace: Path) -> Figures:
    """The command, measured RUNS times."""
    check = ("check", "-w", str(workspace), "--json")
    found = json.loads(run(*check))
    cold, warm, changed = [], [], []
    touched = next((workspace / "templates" / "email").glob("*.md"))
    for _ in range(RUNS):
        forget(workspace)
        cold.append(seconds(*check))
        warm.append(seconds(*check))
        touched.write_text(touched.read_text() + "\nOne line more.\n")
        changed.append(seconds(*check))
    return {
        "findings": len(found["findings"]),
        **told("nurture --version", [seconds("--version") for _ in range(RUNS)]),
        **told("check, cold", cold),
        **told("check, warm", warm),
        **told("check, one template changed", changed),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "shop")
        figures: Figures = {
            "cores": os.cpu_count() or 0,
            "campaigns": CAMPAIGNS,
            "templates": TEMPLATES,
            **measure(Path(folder) / "shop"),
        }
    if asked.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{value:>10,.2f}  {name}")


if __name__ == "__main__":
    main()
