"""When the messages of a sequence go, counted from entering, as far as the file alone can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nurture.clock import Span
from nurture.journeys.program import Path
from nurture.journeys.steps.base import StepKind
from nurture.journeys.steps.send import SendStep
from nurture.journeys.steps.wait import WaitStep
from nurture.journeys.steps.wait_for import WaitForStep
from nurture.journeys.steps.wait_until import WaitUntilStep

Shows = Callable[[SendStep], str]
"""The offer that a message shows; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long it takes to come to a place, by the quickest way and by the slowest."""

    earliest: Span = 0
    latest: Span = 0
    sure: bool = True
    """Whether `latest` holds: a wait for a date may take any time, and is left out of it."""
    messages: int = 0
    """Of the way with the most."""
    shown: Mapping[str, Span] = field(default_factory=dict)
    """By offer, how long ago it was first shown at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One message, and when it goes."""

    path: Path
    step: SendStep
    offer: str
    """That it shows; empty: none."""
    times: Times
    """As they are right before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The messages of a sequence in the order of the file, and how long all of it takes."""

    sendings: Sequence[Sending]
    longest: Span
    messages: int

    @property
    def first(self) -> Sending | None:
        """The message that can go before all others."""
        return min(self.sendings, key=lambda it: it.times.earliest, default=None)


def timing_of(steps: Sequence[StepKind], shows: Shows = lambda _: "") -> Timing:
    """Follow a sequence through all its ways. `shows` tells the offer of each message."""
    walker = _Walker(shows)
    end = walker.pass_through(steps, (), Times())
    ways = [*walker.ends, *([end] if end else [])]
    return Timing(
        sendings=tuple(walker.sendings),
        longest=max((it.latest for it in ways), default=0),
        messages=max((it.messages for it in ways), default=0),
    )


class _Walker:
    def __init__(self, shows: Shows) -> None:
        self._shows = shows
        self.sendings: list[Sending] = []
        self.ends: list[Times] = []

    def pass_through(self, steps: Sequence[StepKind], path: Path, times: Times) -> Times | None:
        """The times behind `steps`; None: every way ends."""
        for number, step in enumerate(steps):
            behind = self._step(step, (*path, number), times)
            if behind is None:
                return None
            times = behind if step.when is None else _joined(times, behind)
        return times

    def _step(self, step: StepKind, path: Path, times: Times) -> Times | None:
        match step:
            case SendStep():
                return self._send(step, path, times)
            case WaitStep(length=length):
                return _after(times, length, length)
            case WaitForStep(up_to=up_to):
                return _after(times, 0, up_to)
            case WaitUntilStep():
                # The offer may be what is waited for; how long ago it was shown cannot be told any more.
                return replace(times, sure=False, shown={})
        if step.nested:
            inside = step.branches()
            ways = [self.pass_through(inside.get(key, ()), (*path, key), times) for key in step.nested]
            open_ways = [it for it in ways if it is not None]
            if open_ways:
                return _joined(*open_ways)
        if step.ends:
            self.ends.append(times)
            return None
        return times

    def _send(self, step: SendStep, path: Path, times: Times) -> Times:
        offer = self._shows(step)
        self.sendings.append(Sending(path=path, step=step, offer=offer, times=times))
        shown = times.shown if not offer or offer in times.shown else {**times.shown, offer: 0}
        behind = replace(times, messages=times.messages + 1, shown=shown)
        return _after(behind, 0, step.decide_after) if step.decide_after else behind


def _after(times: Times, least: Span, most: Span) -> Times:
    return replace(
        times,
        earliest=times.earliest + least,
        latest=times.latest + most,
        shown={offer: ago + most for offer, ago in times.shown.items()},
    )


def _joined(*ways: Times) -> Times:
    """Where ways come together."""
    shown: dict[str, Span] = {}
    for way in ways:
        for offer, ago in way.shown.items():
            shown[offer] = max(ago, shown.get(offer, 0))
    return Times(
        earliest=min(it.earliest for it in ways),
        latest=max(it.latest for it in ways),
        sure=all(it.sure for it in ways),
        messages=max(it.messages for it in ways),
        shown=shown,
    )
