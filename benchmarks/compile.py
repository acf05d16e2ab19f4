"""How long a message takes to be compiled and rendered: `python -m benchmarks.compile [--json]`.

Compiling: every message of the sample workspace, each once in one process; the first finds nothing that an earlier one
has left behind, neither the layout's style sheet taken apart nor its source parsed. Target: 60 ms a message.

Rendering: a message of 15 KB of HTML with both parts and 4 tracked links, for 2,000 contacts who differ in all that it
names; with its tokens, and without putting its MIME together. Target: 150 µs at the median.

Both are measured by the processor's time; beside much other work that is up to two thirds longer.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from time import process_time, process_time_ns

from nurture.audience.contact import Contact
from nurture.audience.facts import Facts, OrderFacts, StageFacts
from nurture.clock import DAY
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.render import Renderer
from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls
from nurture.messages.values import Values
from nurture.runner.files import read_files
from nurture.runner.libraries import library_of
from nurture.settings import Sender, Settings, load

SAMPLE = Path(__file__).resolve().parents[1]
SIZE = 15_000
CONTACTS = 2_000
NOW = 1_790_000_000_000_000

Figures = dict[str, float]

_LETTER = """subject: Your month with us{% if contact.first_name %}, {{ contact.first_name }}{% endif %}
preview: What came of it.

# Your month{% if contact.first_name %}, {{ contact.first_name }}{% endif %}

You have ordered {{ orders.count|number }} times, for {{ orders.total|money }} in all.

[See your orders](https://shop.example/orders?of={{ contact.external_id|urlencode }})

{% if orders.count > 3 %}
That makes you one of our regulars. [A word of thanks](https://shop.example/thanks)
{% else %}
[What others take](https://shop.example/favourites)
{% endif %}

"""


def compiling(library: Library) -> Figures:
    """Milliseconds of each of the sample's messages."""
    taken = []
    for name in library.names():
        begin = process_time()
        compile_template(library, name)
        taken.append((process_time() - begin) * 1e3)
    return {
        "messages compiled": len(taken),
        "compile, first, ms": round(taken[0], 1),
        "compile, median, ms": round(median(taken), 1),
        "compile, slowest but the first, ms": round(max(taken[1:]), 1),
    }


def letter(library: Library) -> Compiled:
    """A message in the sample's layout, filled up with paragraphs to the size that is asked for."""
    text = _LETTER
    while True:
        sources = {**library.parts, "letter.md": text}
        compiled = compile_template(Library(sources, brand=library.brand, images=library.images), "letter")
        if len(compiled.html) >= SIZE:
            return compiled
        text += (
            f"Paragraph {len(text)}: {'a few words that are the same for everybody, ' * 6}and no more.\n\n"
        )


def rendering(compiled: Compiled, settings: Settings) -> Figures:
    """Microseconds of each rendering."""
    renderer, urls = Renderer(), Urls("https://mail.shop.example", Signer("k" * 32))
    sender = Sender.model_validate({"from": settings.sender.from_, "address": settings.sender.address})
    taken = []
    sizes = []
    for number in range(CONTACTS + 100):
        facts = _facts(number)
        begin = process_time_ns()
        made = urls.of((number, 1))
        rendered = renderer.render(compiled, Values(facts, NOW, sender=sender, urls=made), made)
        taken.append((process_time_ns() - begin) / 1e3)
        sizes.append(len(rendered.html) + len(rendered.text))
    taken = sorted(taken[100:])
    return {
        "links": len(compiled.links),
        "HTML and text, bytes": round(median(sizes)),
        "render, median, µs": round(median(taken), 1),
        "render, 99th of 100, µs": round(taken[len(taken) * 99 // 100], 1),
    }


def _facts(number: int) -> Facts:
    contact = Contact(
        id=number, email=f"p{number}@example.test", external_id=f"c{number}", first_name=f"Ann{number}"
    )
    orders = OrderFacts(
        count=number % 9, total=number * 137, first_at=NOW - 90 * DAY, last_at=NOW - number * DAY // 50
    )
    return Facts(contact=contact, stage=StageFacts(name="customer", since=NOW - 9 * DAY), orders=orders)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    settings = load(SAMPLE)
    library = library_of(settings, read_files(SAMPLE))
    figures = {**compiling(library), **rendering(letter(library), settings)}
    if asked.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<40} {value:>12,}")


if __name__ == "__main__":
    main()
