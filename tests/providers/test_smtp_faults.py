"""A relay that fails in every way, at every point of a conversation: what becomes of the letter, and of its
neighbours."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from nurture.delivery.outcome import Accepted, MessageKey, Outcome, Refused, TryLater, Unknown
from nurture.providers.base import RelayDown
from nurture.providers.smtp import SmtpProvider
from nurture.providers.smtp_talk import Limits
from nurture.settings import Relay
from support.certificates import make_certificate, serving
from support.letters import letter
from support.list_desk import ListDesk
from support.scripted_relay import HALF, HANG_UP, SILENCE, ScriptedRelay

BEFORE, ODD, AFTER = (letter(MessageKey(number, 1)) for number in (1, 2, 3))

CONNECTING = ("connect", "EHLO", "STARTTLS", "AUTH")
ANSWERS = {
    "421": b"421 4.3.2 going down\r\n",
    "4xx": b"451 4.3.0 not now\r\n",
    "5xx": b"554 5.7.1 no\r\n",
    "drop": HANG_UP,
    "hang": SILENCE,
    "garbage": b"\xff<html>\r\n",
    "half a line": HALF,
    "two replies": b"250 2.0.0 ok\r\n250 2.0.0 ok\r\n",
}
LATE = 1.5
"""Seconds that count as a hang. Long enough that no answer is late because the machine is busy."""

LIMITS = Limits(connect=LATE, mail=LATE, rcpt=LATE, data=LATE, final=LATE, leave=0.2)

_ENVELOPE: dict[str, tuple[type[Outcome], ...]] = {
    "421": (TryLater,),
    "4xx": (TryLater,),
    "5xx": (Refused,),
    "drop": (TryLater,),
    "hang": (TryLater,),
    "garbage": (TryLater,),
    "half a line": (TryLater,),
    "two replies": (TryLater,),
}
EXPECTED: dict[str, dict[str, tuple[type[Outcome], ...]]] = {
    # Nothing was asked about the letter yet: another connection takes it, and it counts as no try.
    **{phase: dict.fromkeys(ANSWERS, (Accepted,)) for phase in CONNECTING},
    "MAIL": dict.fromkeys(ANSWERS, (Accepted,))
    | {"4xx": (TryLater,), "5xx": (Refused,), "two replies": (TryLater,)},
    "RCPT": _ENVELOPE,
    "DATA": _ENVELOPE,
    # Once the body is on its way, only a clear answer tells what became of it.
    **{
        phase: dict.fromkeys(ANSWERS, (Unknown,))
        | {"421": (TryLater,), "4xx": (TryLater,), "5xx": (Refused,)}
        for phase in ("text", "body")
    },
}
EXPECTED["body"]["two replies"] = (Accepted, Unknown)
# A server that says yes before the dot cannot be told from one that says it behind.
del EXPECTED["text"]["two replies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    phase: str
    answer: str
    pipelining: bool

    def says(self, said: str, before: int) -> bytes | None:
        """The fault comes once, at the letter in the middle."""
        if said != self.phase or before != 1:
            return None
        if self.phase == "DATA" and self.answer == "two replies":
            return b"354 go\r\n354 go\r\n"
        return ANSWERS[self.answer]


CASES = [
    Case(phase=phase, answer=answer, pipelining=pipelining)
    for phase in EXPECTED
    for answer in EXPECTED[phase]
    for pipelining in (True, False)
]


TANGLED = Case(phase="body", answer="two replies", pipelining=True)
"""The answer too many is taken for that to the next envelope, which is then put off once."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "relay.pem")


def relay_for(case: Case, tls: ssl.SSLContext) -> ScriptedRelay:
    extensions = ("PIPELINING",) if case.pipelining else ()
    if case.phase == "STARTTLS":
        return ScriptedRelay(answer=case.says, extensions=(*extensions, "STARTTLS"), start_tls=tls)
    return ScriptedRelay(answer=case.says, extensions=(*extensions, "AUTH PLAIN"))


async def fails_of(case: Case, certificate: Path, tls: ssl.SSLContext) -> list[str]:
    """What is wrong with how one case ended."""
    first, rest = ListDesk([BEFORE]), ListDesk([ODD, AFTER])
    async with relay_for(case, tls) as relay:
        settings = Relay(
            port=relay.port,
            connections=1,
            # What goes wrong while connecting goes wrong for the second connection.
            per_connection=1 if case.phase in CONNECTING else 0,
            security="starttls" if case.phase == "STARTTLS" else "none",
            ca_file=str(certificate),
            username="shop" if case.phase == "AUTH" else "",
            password="sesame",
        )
        provider = SmtpProvider(settings, limits=LIMITS)
        async with asyncio.timeout(20):
            await provider.deliver(first)
            while rest.waiting:
                try:
                    await provider.deliver(rest)
                except RelayDown:
                    assert relay.connections < 10
            if case == TANGLED and isinstance(rest.results[AFTER.key], TryLater):
                again = ListDesk([AFTER])
                await provider.deliver(again)
                rest.results |= again.results
            await provider.close()
    taken = Counter(it.recipient for it in relay.taken)
    results = first.results | rest.results
    odd = results.get(ODD.key)
    checks = {
        f"the one before: {first.results}": isinstance(results.get(BEFORE.key), Accepted),
        f"the one after: {results.get(AFTER.key)}": isinstance(results.get(AFTER.key), Accepted),
        f"the odd one: {odd}": isinstance(odd, EXPECTED[case.phase][case.answer]),
        f"taken {taken}": taken[BEFORE.recipient] == taken[AFTER.recipient] == 1,
        f"{odd}, but taken {taken[ODD.recipient]} times": taken[ODD.recipient]
        in ((0, 1) if isinstance(odd, Unknown) else (int(isinstance(odd, Accepted)),)),
        f"still out: {first.out | rest.out}": not first.out | rest.out,
        "an empty mail": relay.empty_bodies == 0,
    }
    return [f"{case}: {said}" for said, right in checks.items() if not right]


def test_every_fault_at_every_point_ends_as_the_table_says(certificate: Path) -> None:
    async def run() -> list[list[str]]:
        tls = serving(certificate)
        return await asyncio.gather(*(fails_of(case, certificate, tls) for case in CASES))

    fails = [fail for fails in asyncio.run(run()) for fail in fails]
    assert not fails, "\n".join(fails)
