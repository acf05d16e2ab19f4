"""Templates that never come to an end, or want all the memory there is, and pass what the sandbox looks at.

`python -m support.template_attacks SECONDS` has each compiled with so many seconds to do it in, and tells as JSON what
came of it, how long it took, and by how much the biggest of the children was bigger than this process was before.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from nurture.errors import TemplateError, TemplateStoppedError
from nurture.messages.library import Library
from nurture.runner.template_desk import TemplateDesk

_MANY = "range(1000)"
_DOUBLED = "{% set a = [a, a, a, a, a, a, a, a, a, a] %}"
ATTACKS = {
    "loops": f"{{% for a in {_MANY} %}}{{% for b in {_MANY} %}}{{% for c in {_MANY} %}}{{% set d = c %}}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "macros": "{% macro f(n) %}{% if n %}{% set a = f(n - 1) %}{% set b = f(n - 1) %}{% endif %}{% endmacro %}"
    "{{ f(99) }}",
    "lists": f"{{% set a = [1] %}}{_DOUBLED * 12}{{{{ a }}}}",
    "hoard": "{% set long = 'x' * 9999 %}{% set all %}"
    f"{{% for a in {_MANY} %}}{{% for b in {_MANY} %}}{{{{ long ~ a ~ b }}}}{{% endfor %}}{{% endfor %}}"
    "{% endset %}",
    "parts": '{% include "parts/0.html" %}',
}
"""Bodies of messages."""

PARTS = {f"parts/{no}.html": f'{{% include "parts/{no + 1}.html" %}}' * 9 for no in range(11)} | {
    "parts/11.html": "bang"
}
SOUND = {"fine-before.html": "subject: Fine\n\nHello", "sound-after.html": "subject: Fine\n\nHello"}


def library() -> Library:
    """Them all, between two messages that are well."""
    return Library(
        {f"{name}.html": f"subject: {name}\n\n{text}" for name, text in ATTACKS.items()} | PARTS | SOUND
    )


def main() -> None:
    """Compile them and tell."""
    desk, told = TemplateDesk(library(), None, seconds=float(sys.argv[1])), {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in desk.library.names():
        began, said = time.monotonic(), ""
        try:
            desk.compile(name)
        except TemplateError as error:
            said = f"{type(error).__name__} {error.where} {error.message}"
        told[name] = {
            "said": said,
            "took": time.monotonic() - began,
            "stopped": TemplateStoppedError.__name__ in said,
        }
    grown = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before
    print(json.dumps({"told": told, "grown": grown * 1024}))


if __name__ == "__main__":
    main()
