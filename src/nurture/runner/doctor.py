"""`nurture doctor`: looks at what stands between this workspace and people's inboxes. Nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from nurture.clock import Clock, Span
from nurture.errors import NurtureError, SettingsError, WorkspaceError
from nurture.messages.dkim import DkimSigners
from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls
from nurture.providers.dns import Dns
from nurture.reports.doctor import dkim, machine, public
from nurture.reports.doctor.sources import sources
from nurture.reports.doctor.verdict import Verdict, verdict
from nurture.runner import doctor_machine, in_force
from nurture.runner.doctor_dns import DnsLooks
from nurture.runner.doctor_threads import aside
from nurture.runner.doctor_ways import NOBODYS, Ways
from nurture.settings import SECRET_FILE, Settings
from nurture.settings.dkim_keys import SigningKey, read_keys
from nurture.settings.signing import domain_of
from nurture.store.engine import open_store

Looks = list[tuple[str, Awaitable[list[Verdict]]]]
"""What is looked at, and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is looked at."""

    settings: Settings
    signer: Signer
    clock: Clock
    dns: Dns
    seconds: float
    """For everything together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What the database told."""

    verdicts: list[Verdict]
    senders: tuple[str, ...] = ()
    """The From of campaigns in force that have one of their own."""
    behind: Span | None = None


async def examine(patient: Patient) -> list[Verdict]:
    """Every verdict, in the order in which they are read. Takes the patient's seconds and hardly more."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + patient.seconds
    settings = patient.settings
    opened = await _open(patient, patient.seconds / 2)
    keys, wrong_keys = _keys(settings)
    ways = Ways(settings, patient.signer, patient.clock)
    looks = [*_at_domains(patient, opened.senders, keys, ways), *ways.looks(ends - loop.time())]
    found = await asyncio.gather(*(_until(ends, topic, look) for topic, look in looks))
    return [
        *wrong_keys,
        *(it for verdicts in found for it in verdicts),
        *_unsubscribing(patient),
        *sources(settings.sources, settings.web.public_url),
        *opened.verdicts,
        *_local(settings, keys, opened.behind),
    ]


async def _until(ends: float, topic: str, look: Awaitable[list[Verdict]]) -> list[Verdict]:
    try:
        async with asyncio.timeout_at(ends):
            return await look
    except TimeoutError:
        return [
            verdict(
                "missing", topic, "there was no answer in time", "Give it longer: nurture doctor --timeout 60"
            )
        ]


async def _open(patient: Patient, seconds: float) -> _Opened:
    try:
        async with asyncio.timeout(seconds):
            return await aside(lambda: _asked(patient, seconds))
    except NurtureError as error:
        return _Opened(verdicts=[doctor_machine.trouble(error)])
    except TimeoutError:
        what = f"it did not answer within {seconds:g} seconds"
        return _Opened(
            verdicts=[verdict("missing", "database", what, "Look whether it runs and can be reached.")]
        )


def _asked(patient: Patient, seconds: float) -> _Opened:
    settings, now = patient.settings, patient.clock.now()
    store = open_store(settings.database_url, now=now, patience=seconds)
    try:
        verdicts, behind = doctor_machine.database(store, patient.clock)
        try:
            world = in_force.load(store, settings)
        except WorkspaceError as error:
            verdicts.append(verdict("note", "campaigns", f"{error.message}; only [sender] was looked at"))
            return _Opened(verdicts=verdicts, behind=behind)
        except NurtureError as error:
            verdicts.append(verdict("missing", "campaigns", error.message, error.remedy))
            return _Opened(verdicts=verdicts, behind=behind)
        terms = (
            node.step.terms(campaign.terms)
            for _, campaign in world.in_force
            for node in campaign.program.nodes.values()
        )
        senders = tuple(sorted({it.sender for it in terms if it.sender}))
        return _Opened(verdicts=verdicts, senders=senders, behind=behind)
    finally:
        store.close()


def _keys(settings: Settings) -> tuple[tuple[SigningKey, ...], list[Verdict]]:
    try:
        return read_keys(settings), []
    except SettingsError as error:
        return (), [verdict("missing", "keys", it.message, it.hint) for it in error.faults]


def _at_domains(patient: Patient, others: tuple[str, ...], keys: tuple[SigningKey, ...], ways: Ways) -> Looks:
    settings, looks = patient.settings, DnsLooks(patient.dns)
    signers = DkimSigners(keys)
    by_domain = {domain_of(it): it for it in (*reversed(others), settings.sender.from_)}
    froms = dict(reversed(by_domain.items()))
    bounces = settings.bounces.domain
    found: Looks = []
    for domain in [bounces] if bounces else froms:
        found.append(("SPF", ways.envelope(looks, domain)))
    for key in keys:
        found.append(("DKIM", looks.key(key)))
    for domain, sender in froms.items():
        signed_by = signers.domain_of(sender)
        if not signed_by:
            found.append(("DKIM", _said(dkim.unsigned(domain, sender, any_keys=bool(keys) or ways.direct))))
        found.append(
            (
                "DMARC",
                looks.policy(
                    domain, signed_by=signed_by, envelope=bounces or domain, others_sign=not ways.direct
                ),
            )
        )
    found.append(("bounces", ways.bounces(looks)))
    found.append(("PTR", ways.pointer(looks)))
    return found


async def _said(it: Verdict) -> list[Verdict]:
    return [it]


def _unsubscribing(patient: Patient) -> list[Verdict]:
    return [public.one_click(Urls(patient.settings.web.public_url, patient.signer).unsubscribe(NOBODYS))]


def _local(settings: Settings, keys: tuple[SigningKey, ...], behind: Span | None) -> list[Verdict]:
    file = settings.database_file
    if file is not None and file.parent.is_dir():
        disk = doctor_machine.disk(file.parent)
    else:
        disk = verdict(
            "note", "disk", "that of the database's server cannot be seen from here", "Look there: df -h"
        )
    other = "the database's server"
    files = [*(key.path for key in keys if key.path), settings.workspace / SECRET_FILE]
    return [
        disk,
        machine.clock(behind, kept=doctor_machine.clock_is_kept(), other=other),
        *doctor_machine.key_files(files),
    ]
