"""What became of offers, counted over all their codes. For reports and the dashboard, never for a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import ColumnElement, case, func, select

from nurture.clock import Moment
from nurture.offers.discount import Amount
from nurture.offers.offer import Ahead, Offer, Pool
from nurture.offers.redemption import MISUSE, Verdict
from nurture.reports.offers import RATE_OVER, Counts, Misuse, OfferReport, liability, runs_out
from nurture.store.engine import Tx
from nurture.store.statements import table
from nurture.store.tables import CodeRow, ContactRow, OfferSumRow, OrderRow, RedemptionRow

_codes = table(CodeRow)
_contacts = table(ContactRow)
_orders = table(OrderRow)
_redemptions = table(RedemptionRow)
_sums = table(OfferSumRow)

_WHOLE_SHOP = 1_000
"""The shop's last orders, by which a share is reckoned where none bore a code."""


def offers(
    tx: Tx, in_force: Mapping[str, Offer], now: Moment, *, only: str = "", misuse: int = 20
) -> tuple[OfferReport, ...]:
    """Every offer in force, then those that were and of which there are codes, as they stood at `now`, which may be
    past; the `misuse` latest uses of each that were wrong.

    Codes that went back since, and orders undone since, count as if they had never been.
    """
    counts = _counts(tx, now, only)
    keys = [it for it in (*in_force, *sorted(counts.keys() - in_force.keys())) if not only or it == only]
    usual = _usual_paid(tx) if keys else 0.0
    return tuple(
        _report(
            key,
            in_force.get(key),
            (of := counts.get(key, Counts())),
            usual,
            now,
            _misuse(tx, key, now, misuse) if misuse and of.misused else (),
        )
        for key in keys
    )


def _report(
    key: str, offer: Offer | None, counts: Counts, usual: float, now: Moment, misuse: tuple[Misuse, ...]
) -> OfferReport:
    most = offer.most_discount if offer else None
    return OfferReport(
        key=key,
        says=offer.says if offer else "",
        written=offer.discount if offer else "",
        counts=counts,
        liability=liability(offer.worth if offer else None, counts, usual),
        runs_out=runs_out(
            counts,
            draws_from_ready=isinstance(offer.codes, Ahead | Pool),
            most_codes=offer.most_codes,
            most_discount=most.minor if isinstance(most, Amount) else None,
            now=now,
        )
        if offer
        else None,
        misuse=misuse,
    )


def _counts(tx: Tx, now: Moment, only: str) -> dict[str, Counts]:
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in tx.execute(_of_codes(now, only)):
        found[row.offer] |= {name: int(value or 0) for name, value in row._mapping.items() if name != "offer"}
    verdicts: dict[str, dict[Verdict, int]] = defaultdict(dict)
    for row in tx.execute(_of_redemptions(now, only)):
        of = found[row.offer]
        verdicts[row.offer][cast(Verdict, row.verdict)] = row.uses
        if row.verdict in ("redeemed", "expired"):
            of["revenue"] = of.get("revenue", 0) + int(row.paid)
        if row.verdict != "early":
            of["orders"] = of.get("orders", 0) + row.uses
            of["paid"] = of.get("paid", 0) + int(row.paid)
            of["unknown_costs"] = of.get("unknown_costs", 0) + int(row.unknown)
        of["misused"] = of.get("misused", 0) + int(row.misused)
        of["discount_lately"] = of.get("discount_lately", 0) + int(row.lately)
    later = {row.offer: int(row.discount) for row in tx.execute(_given_later(now, only))}
    sums = select(_sums.c.offer, _sums.c.discount)
    for offer, discount in tx.execute(sums.where(_sums.c.offer == only) if only else sums):
        found[offer]["discount"] = int(discount) - later.get(offer, 0)
    counts = {}
    for offer, values in found.items():
        paid = values.pop("paid", 0)
        mean = paid / values["orders"] if values.get("orders") else 0.0
        counts[offer] = Counts(**values, mean_paid=mean, verdicts=verdicts.get(offer, {}))
    return counts


def _of_codes(now: Moment, only: str) -> Any:
    c = _codes.c
    given = (c.contact_id != 0) & (c.issued_at <= now)
    is_free = ~given & c.own & (c.made_at <= now)
    is_used = (c.redeemed_at > 0) & (c.redeemed_at <= now)
    unused = ~is_used
    is_over = (c.expires_at > 0) & (c.expires_at <= now)
    columns = {
        "free": is_free & unused,
        "ready": is_free & unused & (c.known_at > 0) & (c.known_at <= now),
        "issued": given,
        "handed": given & (c.handed_at > 0) & (c.handed_at <= now),
        "redeemed": is_used,
        "expired": given & unused & is_over,
        "out": given & unused & ~is_over,
        "issued_lately": given & (c.issued_at > now - RATE_OVER),
    }
    counted = [func.sum(case((condition, 1), else_=0)).label(name) for name, condition in columns.items()]
    first = func.min(case((c.issued_at > 0, c.issued_at))).label("first_issued_at")
    its = select(c.offer, *counted, first).group_by(c.offer)
    return its.where(c.offer == only) if only else its


def _of_redemptions(now: Moment, only: str) -> Any:
    c = _redemptions.c
    its = select(
        c.offer,
        c.verdict,
        func.count().label("uses"),
        func.sum(c.paid).label("paid"),
        func.sum(case((c.is_known, 0), else_=1)).label("unknown"),
        func.sum(case((c.at > now - RATE_OVER, c.discount), else_=0)).label("lately"),
        func.sum(case((_is_misuse(), 1), else_=0)).label("misused"),
    )
    its = its.where(c.at <= now).group_by(c.offer, c.verdict)
    return its.where(c.offer == only) if only else its


def _given_later(now: Moment, only: str) -> Any:
    c = _redemptions.c
    its = select(c.offer, func.sum(c.discount).label("discount")).where(c.at > now).group_by(c.offer)
    return its.where(c.offer == only) if only else its


def _is_misuse() -> ColumnElement[bool]:
    """A word for all is often older than the offer; who uses a code of their own early had it from elsewhere."""
    too_early = (_redemptions.c.verdict == "early") & (_redemptions.c.code_id > 0)
    return _redemptions.c.verdict.in_(MISUSE) | too_early


def _usual_paid(tx: Tx) -> float:
    last = (
        select(_orders.c.amount)
        .where(_orders.c.undone_at == 0)
        .order_by(_orders.c.ordered_at.desc())
        .limit(_WHOLE_SHOP)
        .subquery()
    )
    return float(tx.execute(select(func.avg(last.c.amount))).scalar() or 0)


def _misuse(tx: Tx, offer: str, now: Moment, most: int) -> tuple[Misuse, ...]:
    buyers, holders = _contacts.alias("buyers"), _contacts.alias("holders")
    rows = tx.execute(
        select(
            _redemptions.c.verdict,
            func.coalesce(_codes.c.code, _redemptions.c.canonical),
            _orders.c.order_id,
            func.coalesce(buyers.c.email, ""),
            func.coalesce(holders.c.email, ""),
            _redemptions.c.at,
            _redemptions.c.discount,
            _redemptions.c.is_known,
        )
        .join(_orders, _orders.c.id == _redemptions.c.order_id)
        .outerjoin(buyers, buyers.c.id == _redemptions.c.contact_id)
        .outerjoin(_codes, _codes.c.id == _redemptions.c.code_id)
        .outerjoin(holders, holders.c.id == _codes.c.contact_id)
        .where(_redemptions.c.offer == offer, _redemptions.c.at <= now, _is_misuse())
        .order_by(_redemptions.c.at.desc(), _redemptions.c.order_id.desc())
        .limit(most)
    )
    return tuple(
        Misuse(
            verdict=cast(Verdict, verdict),
            code=code,
            order=order,
            email=email,
            holder=holder,
            at=at,
            discount=discount if known else None,
        )
        for verdict, code, order, email, holder, at, discount, known in rows
    )
