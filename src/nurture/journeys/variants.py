"""Which of a step's variants is the best: at the end of a test, or once it is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma, log
from typing import Literal, TypeAlias

from nurture.clock import Span

Measure: TypeAlias = Literal["clicks", "conversions"]

RISK = 0.05
"""How often a winner may be named, however often one looks, where all variants are equally good."""

FEW = 100
"""With fewer test messages of a variant the best is a guess: it serves those who wait, and no others."""

_PRIOR = 20.0
"""How even the split of successes is thought to be beforehand: as if so many had been seen, in the shares of the
messages. It decides what differences are found soonest (here: about half as good again), never how often a winner is
named wrongly."""

_DONE = {"clicks": "clicked", "conversions": "reached the goal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """A step that asks which of its messages is the best."""

    templates: tuple[str, ...]
    by: Measure
    decide_after: Span | None = None
    """How long a test takes, after which those go who waited for it; None: people come one by one, all of them get
    the variants, and a winner is named when it is sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantResult:
    """What one variant did."""

    template: str
    sent: int = 0
    successes: int = 0

    @property
    def rate(self) -> float:
        """Of those sent; of none it is 0."""
        return self.successes / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """This one goes to those who come."""

    template: str
    why: str
    final: bool = True
    """False: for those who cannot wait any longer; later ones are tested again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """All go on getting one by chance."""

    why: str


Verdict: TypeAlias = Winner | NotYet


def choose(results: Sequence[VariantResult], *, by: Measure, at_once: bool) -> Verdict:
    """The best of `results`, which are in the order of the file.

    `at_once`: a test is over and others wait for its result, so there is one: the best rate, of equals the first.
    Else the winner is the one that is surely better than every other (`surely_better`), each at its share of `RISK`:
    if all are equally good, a winner is named in at most that part of all campaigns, however often one looks.
    """
    best = max(results, key=lambda it: (it.rate, it.sent > 0))
    told = _told(results, by)
    if at_once:
        return _after_test(best, results, by, told)
    others = [it for it in results if it is not best]
    if all(surely_better(best, it, RISK / len(others)) for it in others):
        return Winner(template=best.template, why=told)
    return NotYet(why=f"not sure yet: {told}")


def _after_test(best: VariantResult, results: Sequence[VariantResult], by: Measure, told: str) -> Winner:
    fewest = min(it.sent for it in results)
    doubts = []
    if not any(it.sent for it in results):
        doubts.append("no test message was sent, so the first one goes")
    elif not best.successes:
        doubts.append(f"nobody {_DONE[by]}, so the first one goes")
    elif fewest < FEW:
        doubts.append(f"a guess, after {fewest} test messages of one variant")
    return Winner(template=best.template, why="; ".join([told, *doubts]), final=not doubts)


def surely_better(one: VariantResult, other: VariantResult, risk: float) -> bool:
    """Whether `one` has the better rate, and not by chance.

    Where both are equally good, each success falls to either in the shares of their messages. Against that stands a
    Beta-binomial mixture over all other splits. The ratio of the two is a martingale where both are equally good,
    so it ever exceeds 1 / `risk` with a probability of at most `risk` (Ville 1939): one may look as often as one
    likes, and rates that change from day to day do no harm (Robbins 1970, "Statistical methods related to the law of
    the iterated logarithm"; Lindon and Malek 2022, "Anytime-valid inference for multinomial count data").
    """
    if not one.sent or not other.sent or one.rate <= other.rate:
        return False
    share = one.sent / (one.sent + other.sent)
    a, b = _PRIOR * share, _PRIOR * (1 - share)
    evidence = (
        _log_beta(a + one.successes, b + other.successes)
        - _log_beta(a, b)
        - one.successes * log(share)
        - other.successes * log(1 - share)
    )
    return evidence >= -log(risk)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _told(results: Sequence[VariantResult], by: Measure) -> str:
    rates = [f"{it.template} {it.successes:,} of {it.sent:,} ({it.rate:.1%})" for it in results]
    return f"{_DONE[by]}: {', '.join(rates)}"
