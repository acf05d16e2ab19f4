"""A quick mail server on loopback, in a process of its own, that writes down the Message-ID of each mail it took.

Called as `fast_relay.py FILE plain|pipelining [MILLISECONDS]`; prints its port. What it answers with 250 stands in the
file before. It takes MILLISECONDS over each mail, and writes `none` for one without a Message-ID.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys

_MESSAGE_ID = re.compile(rb"(?im)^message-id: *<([^>]*)>")
_ANSWERS = {
    b"HELO": b"250 relay\r\n",
    b"MAIL": b"250 2.1.0 go on\r\n",
    b"RCPT": b"250 2.1.5 go on\r\n",
    b"RSET": b"250 2.0.0 forgotten\r\n",
    b"NOOP": b"250 2.0.0 still here\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}


class Recorder:
    """Takes everything, on any number of connections."""

    def __init__(self, path: str, *, pipelining: bool, pause: float) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._hello = b"250-relay\r\n250-PIPELINING\r\n250 8BITMIME\r\n" if pipelining else b"250 relay\r\n"
        self._pause = pause

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        try:
            writer.write(b"220 relay\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                writer.write(self._hello if verb == b"EHLO" else _ANSWERS.get(verb, b"500 what?\r\n"))
                if verb == b"QUIT":
                    break
                if verb == b"DATA":
                    writer.write(await self._take(reader))
        except (ConnectionError, asyncio.IncompleteReadError):
            # Half a mail is none: whoever sent it was killed.
            pass
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader) -> bytes:
        content = await reader.readuntil(b"\r\n.\r\n")
        if self._pause:
            await asyncio.sleep(self._pause)
        found = _MESSAGE_ID.search(content)
        os.write(self._file, (found.group(1) if found else b"none") + b"\n")
        return b"250 2.0.0 taken\r\n"


async def main() -> None:
    """Serve until killed."""
    pause = int(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 0.0
    recorder = Recorder(sys.argv[1], pipelining=sys.argv[2] == "pipelining", pause=pause)
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0, limit=2**20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
