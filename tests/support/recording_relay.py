"""A mail server on loopback, in a process of its own, that writes down the Message-ID of each mail it took.

Called as `recording_relay.py FILE plain|pipelining [PORT]`; prints its port.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session

_MESSAGE_ID = re.compile(rb"(?im)^message-id: *<([^>]*)>")


class Recorder:
    """Takes everything. What is answered with 250 is on disk before."""

    def __init__(self, path: str, *, pipelining: bool) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._pipelining = pipelining

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]] if self._pipelining else responses

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        found = _MESSAGE_ID.search(bytes(envelope.content or b""))
        os.write(self._file, (found.group(1) if found else b"none") + b"\n")
        return "250 2.0.0 taken"


async def main() -> None:
    """Serve until killed."""
    recorder = Recorder(sys.argv[1], pipelining=sys.argv[2] == "pipelining")
    loop = asyncio.get_running_loop()
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    server = await loop.create_server(lambda: SMTP(recorder, hostname="relay", loop=loop), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
