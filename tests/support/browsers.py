"""The browser by which tests look at pages: a headless Chromium that asks nobody for anything by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from nurture.errors import ServiceError
from nurture.runner.chromium import find
from support.lacking import lacking

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


def chromium_program() -> str:
    """Where it is, found as the product finds it. Ends the test where there is none."""
    try:
        return find()
    except ServiceError as error:
        lacking(error.message)


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser. Its driver keeps an event loop in this thread as long as it is open."""
    program = chromium_program()
    with sync_playwright() as playwright:
        it = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            yield it
        finally:
            it.close()
