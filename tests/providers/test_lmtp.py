"""The listener, spoken to over a real connection, by LMTP (RFC 2033) and SMTP."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from nurture.errors import ServiceError, StoreError
from nurture.providers.lmtp import Listener
from support.lacking import lacking
from support.on_loop import on_loop


@dataclass
class Letterbox:
    """Keeps what is taken in, as the database would."""

    taken: list[tuple[bytes, list[str]]] = field(default_factory=list)
    error: Exception | None = None
    waits_for: threading.Event | None = None
    entered: threading.Event = field(default_factory=threading.Event)

    def accepts(self, address: str) -> bool:
        return address.endswith("@bounces.shop.example")

    def take(self, content: bytes, envelope_to: Sequence[str]) -> None:
        self.entered.set()
        if self.waits_for is not None:
            self.waits_for.wait(10)
        if self.error is not None:
            raise self.error
        self.taken.append((content, list(envelope_to)))


class Talk:
    """A mail server that speaks line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, *lines: str) -> str:
        """Say the lines; the last line of the answer to the last of them."""
        answer = ""
        for line in lines:
            self.writer.write(f"{line}\r\n".encode())
            answer = await self.hear()
        return answer

    async def hear(self) -> str:
        line = "250-"
        while line[3:4] == "-":
            line = (await asyncio.wait_for(self.reader.readline(), 10)).decode().rstrip()
        return line

    async def mail(self, *to: str, body: str = "Subject: x\r\n\r\nHello\r\n") -> list[str]:
        """Hand one over by LMTP; the answers to DATA for each recipient that was accepted."""
        await self.say("MAIL FROM:<>")
        accepted = [it for it in to if (await self.say(f"RCPT TO:<{it}>")).startswith("250")]
        assert (await self.say("DATA")).startswith("354")
        self.writer.write(f"{body}.\r\n".encode())
        return [await self.hear() for _ in accepted]


@asynccontextmanager
async def listening(box: Letterbox, protocol: Any = "lmtp", **more: Any) -> AsyncIterator[Listener]:
    listener = Listener("127.0.0.1", 0, protocol, accepts=box.accepts, take=box.take, **more)
    stop = asyncio.Event()
    running = asyncio.create_task(listener.run(stop))
    while not listener.port:
        await asyncio.sleep(0)
        assert not running.done(), running.exception()
    try:
        yield listener
    finally:
        stop.set()
        await running


@asynccontextmanager
async def talking(listener: Listener, greeting: str = "LHLO mx.example.test") -> AsyncIterator[Talk]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    talk = Talk(reader, writer)
    assert (await talk.hear()).startswith("220")
    if greeting:
        assert (await talk.say(greeting)).startswith("250")
    try:
        yield talk
    finally:
        writer.close()


@on_loop
async def test_a_mail_from_nobody_is_taken_for_each_of_its_recipients() -> None:
    box = Letterbox()
    async with listening(box) as listener, talking(listener) as talk:
        answers = await talk.mail("a@bounces.shop.example", "no@shop.example", "b@bounces.shop.example")
        assert answers == ["250 2.6.0 taken"] * 2
        assert await talk.mail("c@bounces.shop.example", body="..dot\r\n") == ["250 2.6.0 taken"]
    assert box.taken == [
        (b"Subject: x\r\n\r\nHello\r\n", ["a@bounces.shop.example", "b@bounces.shop.example"]),
        (b".dot\r\n", ["c@bounces.shop.example"]),
    ]


@on_loop
async def test_an_address_that_is_not_ours_is_refused_before_the_mail_comes() -> None:
    box = Letterbox()
    async with listening(box) as listener, talking(listener) as talk:
        answer = await talk.say("MAIL FROM:<x@example.test>", "RCPT TO:<no@shop.example>")
        assert answer == "550 5.1.1 no such address here"
        assert (await talk.say("DATA")).startswith("503")


@on_loop
async def test_by_smtp_there_is_one_answer() -> None:
    box = Letterbox()
    async with listening(box, "smtp") as listener, talking(listener, "EHLO mx.example.test") as talk:
        await talk.say(
            "MAIL FROM:<>", "RCPT TO:<a@bounces.shop.example>", "RCPT TO:<b@bounces.shop.example>", "DATA"
        )
        assert await talk.say("Subject: x\r\n\r\nHello\r\n.") == "250 2.6.0 taken"
        assert (await talk.say("QUIT")).startswith("221")
    assert len(box.taken) == 1


@on_loop
async def test_while_the_database_is_gone_the_mail_server_keeps_the_mail() -> None:
    box = Letterbox(error=StoreError("it does not answer"))
    async with listening(box) as listener, talking(listener) as talk:
        to = ("a@bounces.shop.example", "b@bounces.shop.example")
        assert [it[:9] for it in await talk.mail(*to)] == ["451 4.3.0"] * 2
        box.error = None
        assert await talk.mail(*to) == ["250 2.6.0 taken"] * 2


@on_loop
async def test_what_goes_wrong_here_is_no_reason_to_lose_a_mail() -> None:
    box = Letterbox(error=ZeroDivisionError("a mistake of ours"))
    async with listening(box) as listener, talking(listener) as talk:
        [answer] = await talk.mail("a@bounces.shop.example")
        assert answer.startswith("451")


@on_loop
async def test_a_mail_that_is_too_large_is_turned_away_before_or_after_it_came() -> None:
    box = Letterbox()
    async with listening(box, largest=10_000) as listener, talking(listener) as talk:
        assert (await talk.say("MAIL FROM:<> SIZE=10001")).startswith("552")
        answers = await talk.mail(
            "a@bounces.shop.example", "b@bounces.shop.example", body="x" * 78 + "\r\n" * 6_000
        )
        assert [it[:3] for it in answers] == ["552", "552"]
        assert await talk.mail("a@bounces.shop.example") == ["250 2.6.0 taken"]
    assert len(box.taken) == 1


@on_loop
async def test_a_line_that_never_ends_is_cut_off() -> None:
    async with listening(Letterbox(), largest=100_000) as listener, talking(listener) as talk:
        await talk.say("MAIL FROM:<>", "RCPT TO:<a@bounces.shop.example>", "DATA")
        with pytest.raises(ConnectionError):
            while True:
                talk.writer.write(b"x" * 65_536)
                await talk.writer.drain()
                if talk.reader.at_eof():
                    raise ConnectionResetError


@on_loop
async def test_there_are_only_so_many_connections_and_recipients() -> None:
    async with listening(Letterbox(), most=1) as listener:
        async with talking(listener) as talk:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            assert (await reader.read()).startswith(b"421")
            writer.close()
            await talk.say("MAIL FROM:<>")
            answers = [await talk.say(f"RCPT TO:<{n}@bounces.shop.example>") for n in range(101)]
            assert [it[:3] for it in answers] == ["250"] * 100 + ["452"]
            await talk.say("QUIT")
            while listener._open:
                await asyncio.sleep(0)
        async with talking(listener) as talk:
            assert (await talk.say("NOOP")).startswith("250")


@on_loop
async def test_who_says_nothing_is_sent_away() -> None:
    async with listening(Letterbox(), seconds=0.1) as listener, talking(listener) as talk:
        assert await talk.reader.read() == b""


@on_loop
async def test_a_mail_in_hand_is_answered_before_the_end() -> None:
    box = Letterbox(waits_for=threading.Event())
    async with listening(box) as listener, talking(listener) as talk:
        answers = asyncio.create_task(talk.mail("a@bounces.shop.example"))
        await asyncio.to_thread(box.entered.wait, 10)
        [session] = listener._open
        ending = asyncio.create_task(listener._leave())
        await asyncio.sleep(0)
        assert not ending.done() and session.working is not None
        assert box.waits_for is not None
        box.waits_for.set()
        assert await answers == ["250 2.6.0 taken"]
        await ending
    assert len(box.taken) == 1


@on_loop
async def test_a_port_that_is_taken_is_said() -> None:
    async with listening(Letterbox()) as listener:
        second = Listener("127.0.0.1", listener.port, "lmtp", accepts=bool, take=lambda *_: None)
        with pytest.raises(ServiceError, match="in use") as error:
            await second.run(asyncio.Event())
        assert "[mail_in] listen" in error.value.remedy


@on_loop
async def test_a_mail_server_that_goes_away_in_the_middle_leaves_nothing_behind() -> None:
    box = Letterbox()
    async with listening(box) as listener:
        async with talking(listener) as talk:
            await talk.say("MAIL FROM:<>", "RCPT TO:<a@bounces.shop.example>", "DATA")
            talk.writer.write(b"Subject: half\r\n")
        while listener._open:
            await asyncio.sleep(0)
    assert box.taken == []


@on_loop
async def test_postfix_s_own_client_is_understood() -> None:
    client = shutil.which("smtp-source", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if client is None:
        lacking("smtp-source, of the package postfix, is not installed")
    box = Letterbox()
    async with listening(box) as listener:
        to = (
            "-L",
            "-d",
            "-f",
            "",
            "-t",
            "x@bounces.shop.example",
            "-r",
            "3",
            "-m",
            "40",
            "-s",
            "4",
            "-l",
            "2000",
        )
        handing = await asyncio.create_subprocess_exec(client, *to, f"inet:127.0.0.1:{listener.port}")
        assert await handing.wait() == 0
    assert len(box.taken) == 40
    assert {len(envelope_to) for _, envelope_to in box.taken} == {3}
