"""Whose certificates are trusted."""

from __future__ import annotations

import ssl


def trusting(ca_file: str) -> ssl.SSLContext:
    """The machine's certificates, and those in the PEM file `ca_file`, where one is named. Raises OSError."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context
