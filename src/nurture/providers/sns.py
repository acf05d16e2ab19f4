"""What Amazon SNS keeps for its receivers: certificates, and the confirmation of a subscription.

Asked for are addresses of Amazon's alone, whose pattern `incoming/providers/ses.py` holds; redirects are not followed,
and little is read.
"""

from __future__ import annotations

import ssl
from threading import Lock

import httpx

from nurture.errors import ServiceError
from nurture.incoming.providers.ses import Envelope
from nurture.providers.trust import trusting

_SECONDS = 5.0
_MOST_READ = 64 * 1024
_MOST_KEPT = 32


class Sns:
    """Asks SNS, from any thread. Certificates are kept: each address always bears the same one."""

    def __init__(self, *, ca_file: str = "", place: tuple[str, int] | None = None) -> None:
        """`place` is where Amazon's names lead to, address and port; None: wherever they do."""
        self._ca_file = ca_file
        self._place = place
        self._kept: dict[str, bytes] = {}
        self._turn = Lock()
        self._tls: ssl.SSLContext | None = None

    def certificate(self, given: Envelope) -> bytes:
        """The certificate that the envelope names, in PEM. Raises ServiceError."""
        kept = self._kept.get(given.certificate)
        if kept is not None:
            return kept
        # One at a time: whoever makes envelopes up must not have us ask for many.
        if not self._turn.acquire(timeout=_SECONDS):
            raise _failed("others ask for certificates")
        try:
            return self._kept.get(given.certificate) or self._fetched(given.certificate)
        finally:
            self._turn.release()

    def confirm(self, given: Envelope) -> None:
        """Confirm the subscription that a verified envelope asks about. Raises ServiceError."""
        # Put together here, and not as the envelope has it: what is asked is to confirm, and nothing else.
        url = httpx.URL(
            f"https://{httpx.URL(given.certificate).host}/",
            params={
                "Action": "ConfirmSubscription",
                "TopicArn": given.topic,
                "Token": given.token,
                "AuthenticateOnUnsubscribe": "true",
            },
        )
        self._get(url)

    def _fetched(self, url: str) -> bytes:
        found = self._get(httpx.URL(url))
        while len(self._kept) >= _MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[url] = found
        return found

    def _get(self, url: httpx.URL) -> bytes:
        name = url.host
        where = url.copy_with(host=self._place[0], port=self._place[1]) if self._place else url
        try:
            if self._tls is None:
                self._tls = trusting(self._ca_file)
            with (
                httpx.Client(verify=self._tls, trust_env=False, timeout=_SECONDS) as client,
                client.stream(
                    "GET", where, headers={"host": name}, extensions={"sni_hostname": name}
                ) as answer,
            ):
                if answer.status_code != 200:
                    raise _failed(f"{name} answered {answer.status_code}")
                read = b""
                for some in answer.iter_bytes():
                    read += some
                    if len(read) > _MOST_READ:
                        raise _failed(f"{name} answered with more than {_MOST_READ} bytes")
                return read
        except (httpx.HTTPError, OSError) as error:
            raise _failed(f"{name} cannot be reached: {type(error).__name__}") from None


def _failed(said: str) -> ServiceError:
    return ServiceError(
        said, remedy="See whether this machine may reach sns.REGION.amazonaws.com; SNS tries again."
    )
