"""The workspace's own pictures put into a message: for looking at it where nobody serves them."""

from __future__ import annotations

import base64
from pathlib import Path

from nurture.runner.images import hashed, pictures

_KINDS = {"jpg": "jpeg"}


def with_pictures(html: str, workspace: Path, public_url: str) -> str:
    """The HTML with each address of a picture below templates/images/ replaced by the picture itself."""
    if f"{public_url}/images/" not in html:
        return html
    for name, path in pictures(workspace):
        try:
            content = path.read_bytes()
        except OSError:
            # Gone since a moment ago.
            continue
        address = f"{public_url}/images/{hashed(name, content)}"
        if address in html:
            ending = name.rpartition(".")[2].lower()
            kind = _KINDS.get(ending, ending)
            html = html.replace(
                address, f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
            )
    return html
