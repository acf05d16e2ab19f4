"""The variants of a campaign's messages in `nurture report`: what each did, and which won."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Table

from nurture.cli.console import hanging, out, say
from nurture.clock import format_iso, to_datetime
from nurture.reports.figures import number, share
from nurture.reports.rates import Rate
from nurture.reports.variants import ContestReport, WinnerReport
from nurture.runner.world import World
from nurture.store.engine import Tx
from nurture.store.report_variants import contests

MOST_WINNERS = 5
"""Occasions whose winners are printed; all of them stand in the JSON."""


def variants_of(tx: Tx, world: World, campaign: str) -> tuple[ContestReport, ...]:
    """The variants of this campaign as it is in force; none where it is not."""
    for live in world.live.values():
        if live.record.key == campaign and live.edition is not None:
            edition = live.edition
            steps = {
                edition.numbers[id_]: (id_, node.step.templates)
                for id_, node in edition.campaign.program.nodes.items()
                if len(node.step.templates) > 1
            }
            return contests(tx, live.record.id, steps)
    return ()


def print_variants(reports: Sequence[ContestReport], zone: ZoneInfo) -> None:
    """One row a variant, and who won."""
    for it in reports:
        say("")
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(f"variants of {escape(it.step)}", overflow="fold", min_width=8)
        for title in ("sent", "clicked", "goal"):
            table.add_column(title, justify="right", no_wrap=True)
        for variant in it.variants:
            shares = (_share(variant.click_rate), _share(variant.goal_rate))
            table.add_row("  " + escape(variant.template), number(variant.sent), *shares)
        out.print(table)
        for won in it.winners[:MOST_WINNERS]:
            say(hanging(f"  {_sentence(won, zone)}", 4))
        if len(it.winners) > MOST_WINNERS:
            say(f"  and {len(it.winners) - MOST_WINNERS} earlier occasions")


def variants_as_dicts(reports: Sequence[ContestReport]) -> list[dict[str, Any]]:
    """The same for a JSON document."""
    return [
        {
            "step": it.step,
            "variants": [
                {
                    "template": variant.template,
                    "sent": variant.sent,
                    "clicked": variant.clicked,
                    "goal": variant.goal,
                }
                for variant in it.variants
            ],
            "winners": [
                {
                    "template": won.template,
                    "occasion": won.occasion,
                    "at": format_iso(won.at),
                    "final": won.final,
                    "why": won.why,
                }
                for won in it.winners
            ],
        }
        for it in reports
    ]


def _sentence(won: WinnerReport, zone: ZoneInfo) -> str:
    verb = "won" if won.final else "was ahead"
    return f"{won.template} {verb} at {to_datetime(won.at, zone):%Y-%m-%d %H:%M} ({won.why})"


def _share(it: Rate) -> str:
    return share(it.share) if it.whole else "–"
