"""A name server on loopback that answers as it was told, over UDP and TCP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Self, cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from support.ports import free_port

_UDP_ROOM = 1232


@dataclass(slots=True)
class NameServer:
    """To be used as `async with`. What was not put does not exist; what exists has no other kinds of record."""

    silent: bool = False
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Name and kind of each question."""
    most_at_once: int = 0
    delay: float = 0.0
    """Seconds before each answer."""
    negative_ttl: int = 300
    _records: dict[str, dict[str, dns.rrset.RRset]] = field(default_factory=dict)
    _failing: dict[str, str] = field(default_factory=dict)
    _under_way: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _udp: asyncio.DatagramTransport | None = None
    _tcp: asyncio.Server | None = None

    def put(self, name: str, kind: str, *values: str, ttl: int = 300) -> None:
        """`name` has these records of `kind`, written as in a zone file, names whole and without the last dot."""
        full = [it if kind not in ("MX", "CNAME", "PTR") or it.endswith(".") else it + "." for it in values]
        made = dns.rrset.from_text(f"{name}.", ttl, "IN", kind, *full)
        self._records.setdefault(name.lower(), {})[kind] = made

    def take_away(self, name: str) -> None:
        """`name` does not exist any more."""
        self._records.pop(name.lower(), None)

    def fail(self, name: str, how: str) -> None:
        """Questions about `name` are answered with this code (SERVFAIL, REFUSED); empty: as usual again."""
        self._failing[name.lower()] = how

    def silent_about(self, name: str) -> None:
        """Questions about `name` get no answer."""
        self._failing[name.lower()] = "silence"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self.port = self.port or free_port()
        self._tcp = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _Listening(self), local_addr=("127.0.0.1", self.port)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._udp is not None
        assert self._tcp is not None
        self._udp.close()
        self._tcp.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(0)

    def heard(self, data: bytes, address: tuple[str, int]) -> None:
        """One question over UDP."""
        task = asyncio.get_running_loop().create_task(self._reply(data, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, data: bytes, address: tuple[str, int]) -> None:
        answer = await self._answer(data)
        if answer is None or self._udp is None:
            return
        wire = answer.to_wire(max_size=65_535)
        if len(wire) > _UDP_ROOM:
            short = dns.message.make_response(dns.message.from_wire(data))
            short.flags |= dns.flags.TC
            wire = short.to_wire()
        self._udp.sendto(wire, address)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        answer = await self._answer(await reader.readexactly(size))
        if answer is not None:
            wire = answer.to_wire(max_size=65_535)
            writer.write(len(wire).to_bytes(2, "big") + wire)
        writer.close()

    async def _answer(self, data: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            await asyncio.sleep(self.delay)
        finally:
            self._under_way -= 1
        failing = self._failing.get(name, "")
        if self.silent or failing == "silence":
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if failing:
            answer.set_rcode(dns.rcode.from_text(failing))
        else:
            self._fill(answer, name, kind)
        return answer

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        """Follows aliases, as a resolver does."""
        while True:
            known = self._records.get(name)
            if known is not None and kind in known:
                answer.answer.append(known[kind])
                return
            if known is None or "CNAME" not in known:
                break
            answer.answer.append(known["CNAME"])
            name = known["CNAME"][0].target.to_text(omit_final_dot=True).lower()
        if known is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        zone = name.rpartition(".")[2]
        soa = f"ns.{zone}. admin.{zone}. 1 3600 600 86400 {self.negative_ttl}"
        answer.authority.append(dns.rrset.from_text(f"{zone}.", self.negative_ttl, "IN", "SOA", soa))


class _Listening(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        self._server.heard(data, cast("tuple[str, int]", addr))
