"""The addresses that stand in a message: pixel, links, unsubscribe, view in the browser."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from nurture.messages.tokens import Key, Signer


class Urls:
    """Makes addresses under `public_url`."""

    def __init__(self, public_url: str, signer: Signer) -> None:
        self._base = public_url.rstrip("/")
        self._signer = signer

    def open(self, key: Key) -> str:
        """The pixel."""
        return f"{self._base}/o/{self._signer.sign('open', key)}.gif"

    def click(self, key: Key, link_no: int) -> str:
        """A link; its number counts from 1."""
        return f"{self._base}/c/{self._signer.sign('click', key, link_no)}"

    def hidden(self, key: Key) -> str:
        """The link that no person sees: who follows it is a machine."""
        return f"{self._base}/h/{self._signer.sign('hidden', key)}"

    def unsubscribe(self, key: Key) -> str:
        """The unsubscribe page, and where a one-click POST goes (RFC 8058)."""
        return f"{self._base}/u/{self._signer.sign('unsubscribe', key)}"

    def view(self, key: Key) -> str:
        """The message in the browser."""
        return f"{self._base}/v/{self._signer.sign('view', key)}"

    def preferences(self, key: Key) -> str:
        """The preference centre: what the contact gets, and under which address."""
        return f"{self._base}/p/{self._signer.sign('preferences', key)}"

    def confirm(self, key: Key) -> str:
        """Where somebody confirms what they asked for."""
        return f"{self._base}/k/{self._signer.sign('confirm', key)}"

    def answer(self, key: Key, question: str, answer: str) -> str:
        """The page that takes this answer."""
        return f"{self._base}/q/{self._signer.sign('answer', key)}/{quote(question)}/{quote(answer)}"

    def of(self, key: Key) -> MessageUrls:
        """All addresses of one message."""
        return MessageUrls(self, key)


class MessageUrls:
    """The addresses of one message, each made when it is first asked for."""

    __slots__ = ("_key", "_made", "_urls")

    def __init__(self, urls: Urls, key: Key) -> None:
        self._urls = urls
        self._key = key
        self._made: dict[str, str] = {}

    def click(self, link_no: int) -> str:
        """Link number `link_no`, from 1."""
        return self._urls.click(self._key, link_no)

    @property
    def open(self) -> str:
        """The pixel."""
        return self._once("open", self._urls.open)

    @property
    def hidden(self) -> str:
        """The link that no person sees."""
        return self._once("hidden", self._urls.hidden)

    @property
    def unsubscribe(self) -> str:
        """The unsubscribe page."""
        return self._once("unsubscribe", self._urls.unsubscribe)

    @property
    def view(self) -> str:
        """The message in the browser."""
        return self._once("view", self._urls.view)

    @property
    def preferences(self) -> str:
        """The preference centre."""
        return self._once("preferences", self._urls.preferences)

    @property
    def confirm(self) -> str:
        """Where to confirm what was asked for."""
        return self._once("confirm", self._urls.confirm)

    def answer(self, question: str, answer: str) -> str:
        """The page that takes this answer."""
        return self._urls.answer(self._key, question, answer)

    def _once(self, name: str, make: Callable[[Key], str]) -> str:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = make(self._key)
        return made
