"""DMARC (RFC 7489): the policy of a From domain, and whether DKIM and SPF speak for that domain."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nurture.reports.doctor.tags import read_tags
from nurture.reports.doctor.verdict import Publish, Verdict, verdict

_TOPIC = "DMARC"
_POLICIES = ("none", "quarantine", "reject")


def names_to_ask(domain: str) -> tuple[str, ...]:
    """The domain and those above it: the nearest policy holds, the topmost one marks whose they all are."""
    labels = domain.split(".")
    return tuple(".".join(labels[at:]) for at in range(len(labels) - 1))


def records_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Those TXT records that are DMARC's."""
    return tuple(it for it in texts if re.match(r"v\s*=\s*DMARC1\s*(?:;|\Z)", it))


def judge(
    domain: str,
    published: Mapping[str, Sequence[str]],
    *,
    signed_by: str,
    envelope: str,
    others_sign: bool,
) -> list[Verdict]:
    """How the From domain stands.

    `published`: the DMARC records of each of `names_to_ask(domain)`; `signed_by`: d= of our signature, empty where
    there is none; `envelope`: the domain of the envelope's sender; `others_sign`: a relay may sign what we do not.
    """
    holder = next((name for name in names_to_ask(domain) if published.get(name)), "")
    if not holder:
        return [
            verdict(
                "missing",
                _TOPIC,
                f"{domain} has no policy; Gmail and Yahoo ask for one",
                "Publish this record, with an address that reads the reports, and sharpen it later.",
                publish=Publish(
                    name=f"_dmarc.{domain}", value=f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
                ),
            )
        ]
    if len(published[holder]) > 1:
        return [
            verdict(
                "missing",
                _TOPIC,
                f"_dmarc.{holder} publishes {len(published[holder])} policies, so none counts",
                "Leave one of them.",
            )
        ]
    tags = read_tags(published[holder][0])
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        return [
            verdict(
                "missing",
                _TOPIC,
                f"the policy of {holder} says p={policy or 'nothing'}",
                "Write p=none, p=quarantine or p=reject.",
            )
        ]
    if holder != domain and tags.get("sp", "").lower() in _POLICIES:
        policy = tags["sp"].lower()
    top = next(name for name in reversed(names_to_ask(domain)) if published.get(name))
    by_dkim = bool(signed_by) and _aligned(
        domain, signed_by, top, strict=tags.get("adkim", "r").lower() == "s"
    )
    by_spf = bool(envelope) and _aligned(domain, envelope, top, strict=tags.get("aspf", "r").lower() == "s")
    said = f"{domain}: p={policy}" + ("" if holder == domain else f" (from {holder})")
    if by_dkim:
        also = "" if by_spf else f"; SPF of {envelope} does not count for it"
        return [verdict("ok", _TOPIC, f"{said}, DKIM of {signed_by} counts for it{also}")]
    return [
        _without_dkim(domain, said, policy, signed_by, "" if by_spf else envelope, others_sign=others_sign)
    ]


def _without_dkim(
    domain: str, said: str, policy: str, signed_by: str, stranger: str, *, others_sign: bool
) -> Verdict:
    """`stranger`: the envelope's domain, where its SPF does not count either."""
    why = (
        f"the signature of {signed_by} does not count for it"
        if signed_by
        else "no signature of ours is for it"
    )
    remedy = f"Sign as {domain}: nurture dkim new --domain {domain}"
    if others_sign and not signed_by:
        rest = f", and SPF of {stranger} does not count" if stranger else ""
        return verdict(
            "warning",
            _TOPIC,
            f"{said}; {why}{rest}",
            f"Look that your relay signs as {domain}, else: {remedy}",
        )
    if not stranger:
        what = f"{said}; only SPF counts for it: {why}, so forwarded mail fails"
        return verdict("warning", _TOPIC, what, remedy)
    bad = "may be refused" if policy != "none" else "counts as not authenticated"
    return verdict(
        "missing", _TOPIC, f"{said}; {why}, and neither is SPF of {stranger}: the mail {bad}", remedy
    )


def _aligned(domain: str, other: str, top: str, *, strict: bool) -> bool:
    """Relaxed: both are the same company's. Whose a domain is the topmost policy tells (the DMARCbis way)."""
    if strict or domain == other:
        return domain == other
    return _is_within(other, top) or (_is_within(domain, other) and "." in other)


def _is_within(name: str, above: str) -> bool:
    return name == above or name.endswith(f".{above}")
