"""nurture doctor: what stands between this workspace and people's inboxes."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from nurture.app import patient_of
from nurture.cli.console import Json, Workspace, hanging, out, print_json, say, tell
from nurture.errors import UsageError
from nurture.messages.dkim_record import in_strings
from nurture.reports.doctor.verdict import Verdict, all_well
from nurture.runner.doctor import examine

_INKS = {"ok": "green", "note": "blue", "warning": "yellow", "missing": "red"}
_LEVEL = max(map(len, _INKS)) + 2
_REMEDY = 4


def doctor(
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", min=1, max=600, help="Seconds for everything together.")
    ] = 20.0,
    nameserver: Annotated[
        str,
        typer.Option(
            "--nameserver", metavar="ADDRESS[:PORT]", help="Ask this one, not those of the machine."
        ),
    ] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Look up what stands between this workspace and inboxes.

    SPF, DKIM and DMARC, the bounce domain, relays, the public address, database, disk, clock and key files. Each line
    says how to put it right. Nothing is sent and nothing is changed. The exit status is 1 where something is missing.
    """
    server = _server(nameserver) if nameserver else None
    verdicts = asyncio.run(examine(patient_of(workspace, seconds=timeout, nameserver=server)))
    if as_json:
        print_json({"well": all_well(verdicts), "verdicts": [_as_dict(it) for it in verdicts]})
    else:
        for it in verdicts:
            _show(it)
        tell(_summary(verdicts))
    if not all_well(verdicts):
        raise typer.Exit(1)


def _server(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or (text.count(":") > 1 and not text.startswith("[")):
        host, port = text, "53"
    host = host.strip("[]")
    try:
        return str(ipaddress.ip_address(host)), int(port)
    except ValueError:
        raise UsageError(
            f"{text!r} is no address of a name server",
            where="--nameserver",
            remedy="Write it as 9.9.9.9 or [::1]:5353",
        ) from None


def _show(it: Verdict) -> None:
    line = hanging(f"{it.level:<{_LEVEL}}{it.topic}: {it.what}", _REMEDY, 0)
    shown = Text(line)
    shown.stylize(_INKS[it.level], 0, len(it.level))
    out.print(shown, soft_wrap=True)
    if it.level == "ok":
        return
    if it.remedy:
        say(hanging(it.remedy, _REMEDY, _REMEDY))
    if it.publish is not None:
        record = it.publish
        value = in_strings(record.value) if record.kind == "TXT" else record.value
        # In one piece, so that it can be copied.
        say(f"{' ' * _REMEDY}{record.name}. {record.kind} {value}")


def _summary(verdicts: list[Verdict]) -> str:
    counts = {level: sum(it.level == level for it in verdicts) for level in _INKS}
    return f"{counts['ok']} ok, {counts['warning']} to look at, {counts['missing']} missing"


def _as_dict(it: Verdict) -> dict[str, Any]:
    return {
        "level": it.level,
        "topic": it.topic,
        "what": it.what,
        "remedy": it.remedy,
        "publish": asdict(it.publish) if it.publish else None,
    }


def add_to(app: typer.Typer) -> None:
    """Add this noun's commands."""
    app.command()(doctor)
