"""SPF (RFC 7208): what the record of an envelope domain lets through, and what it costs to look up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from nurture.reports.doctor.verdict import Publish, Verdict, verdict

MOST_LOOKUPS = 10
"""RFC 7208 section 4.6.4: with more of them nobody's mail passes."""

_TERM = re.compile(r"([+?~-])?([a-z0-9]+)(?:([:=/])(.*))?", re.IGNORECASE)
_COSTS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_KNOWN = _COSTS | {"all", "ip4", "ip6", "exp"}
_TOPIC = "SPF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One word of a record, such as `-all` or `include:relay.example`."""

    qualifier: str
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spf:
    """What one domain publishes, and what the domains publish that it names."""

    domain: str
    records: tuple[str, ...]
    """Its TXT records that are SPF's: there has to be one."""
    named: Mapping[str, Spf] = field(default_factory=dict)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The words of the record."""
        return _terms(self.records[0]) if len(self.records) == 1 else ()


def records_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Those TXT records that are SPF's."""
    return tuple(it for it in texts if re.match(r"v=spf1(?: |\Z)", it, re.IGNORECASE))


def names_to_follow(records: Sequence[str]) -> tuple[str, ...]:
    """The domains whose records count as well; those with macros cannot be known."""
    terms = _terms(records[0]) if len(records) == 1 else ()
    return tuple(it.value for it in terms if it.name in ("include", "redirect") and "%" not in it.value)


def hosts_to_resolve(spf: Spf) -> tuple[tuple[str, str], ...]:
    """("a" or "mx", domain) whose addresses the record lets through."""
    return tuple(
        (term.name, _host(term, at.domain)) for at in _every(spf) for term in at.terms if _is_host(term)
    )


def judge(spf: Spf, example: str, remedy: str) -> list[Verdict]:
    """How the record of an envelope domain stands. `example` and `remedy`: for where there is none."""
    domain, found = spf.domain, len(spf.records)
    publish = Publish(name=domain, value=example)
    if not found:
        return [
            verdict(
                "missing",
                _TOPIC,
                f"{domain} publishes none",
                remedy,
                publish=publish,
            )
        ]
    if found > 1:
        return [
            verdict(
                "missing", _TOPIC, f"{domain} publishes {found} records, so none counts", "Make them one."
            )
        ]
    wrong = [*_unknown(spf), *_broken_names(spf)]
    lookups = count_lookups(spf)
    if lookups > MOST_LOOKUPS:
        wrong.append(
            verdict(
                "missing",
                _TOPIC,
                f"the record of {domain} takes {lookups} look-ups; with more than {MOST_LOOKUPS} none counts",
                "Take out includes that nobody sends through, or write their networks as ip4: and ip6:.",
            )
        )
    ends = _ending(spf)
    return [*wrong, *ends] or [
        verdict(
            "ok", _TOPIC, f"{domain}: one record, {lookups} of {MOST_LOOKUPS} look-ups, ends in {_last(spf)}"
        )
    ]


def count_lookups(spf: Spf) -> int:
    """How many times a receiver has to ask, with all that is included."""
    own = sum(it.name in _COSTS for it in spf.terms)
    return own + sum(count_lookups(it) for it in spf.named.values())


def allows(spf: Spf, address: str, hosts: Mapping[tuple[str, str], Sequence[str]]) -> bool | None:
    """Whether mail from `address` passes; None where that hangs on what cannot be known here."""
    ours = ip_address(address)
    for term in spf.terms:
        if term.name in ("ip4", "ip6"):
            try:
                hit = ours in ip_network(term.value, strict=False)
            except ValueError:
                continue
        elif _is_host(term):
            hit = address in hosts.get((term.name, _host(term, spf.domain)), ())
        elif term.name == "include":
            inner = spf.named.get(term.value)
            within = allows(inner, address, hosts) if inner else None
            if within is None:
                return None
            hit = within
        elif term.name in ("ptr", "exists"):
            return None
        else:
            hit = term.name == "all"
        if hit:
            return term.qualifier == "+"
    redirect = next((it.value for it in spf.terms if it.name == "redirect"), "")
    return allows(spf.named[redirect], address, hosts) if redirect in spf.named else False


def _every(spf: Spf) -> Iterator[Spf]:
    yield spf
    for inner in spf.named.values():
        yield from _every(inner)


def _terms(record: str) -> tuple[Term, ...]:
    found = []
    for word in record.split()[1:]:
        match = _TERM.fullmatch(word)
        if match is None:
            found.append(Term(qualifier="+", name=word.lower()))
            continue
        value = (match[4] or "") if match[3] != "/" else f"/{match[4]}"
        found.append(Term(qualifier=match[1] or "+", name=match[2].lower(), value=value))
    return tuple(found)


def _is_host(term: Term) -> bool:
    return term.name in ("a", "mx") and "%" not in term.value and "/" not in term.value


def _host(term: Term, domain: str) -> str:
    return (term.value or domain).rstrip(".").lower()


def _unknown(spf: Spf) -> list[Verdict]:
    return [
        verdict(
            "missing",
            _TOPIC,
            f"the record of {at.domain} has the word {term.name!r}, which is none; so it does not count",
            "Correct the word.",
        )
        for at in _every(spf)
        for term in at.terms
        if term.name not in _KNOWN and "=" not in term.name
    ]


def _broken_names(spf: Spf) -> list[Verdict]:
    found = []
    for at in _every(spf):
        for name in names_to_follow(at.records):
            inner = at.named.get(name)
            if inner is not None and len(inner.records) == 1:
                continue
            why = "leads back to itself, or to too many others" if inner is None else "publishes none"
            what = f"the record of {at.domain} names {name}, which {why}; so it does not count"
            found.append(verdict("missing", _TOPIC, what, f"Take {name} out, or correct it."))
    return found


def _last(spf: Spf) -> str:
    for term in spf.terms:
        if term.name == "all":
            return f"{term.qualifier}all"
    redirect = next((it.value for it in spf.terms if it.name == "redirect"), "")
    return _last(spf.named[redirect]) if redirect in spf.named else ""


def _ending(spf: Spf) -> list[Verdict]:
    match _last(spf):
        case "+all":
            return [
                verdict(
                    "missing",
                    _TOPIC,
                    f"the record of {spf.domain} ends in +all: the whole world may send as you",
                    "Write ~all or -all in its place.",
                )
            ]
        case "?all" | "" as end:
            says = "ends in ?all" if end else "has no all at its end"
            return [
                verdict(
                    "warning",
                    _TOPIC,
                    f"the record of {spf.domain} {says}: it says nothing about strangers",
                    "End it in ~all, or -all once nothing else sends for you.",
                )
            ]
    return []
