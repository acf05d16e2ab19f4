"""All files under campaigns/, read: lifecycle, offers and campaigns, or everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from nurture.audience.expressions import Expression
from nurture.campaigns.campaign_file import Draft, campaign_of, read_draft
from nurture.campaigns.care import check_care
from nurture.campaigns.comments import check_comments
from nurture.campaigns.doubts import doubt_campaign, doubt_lifecycle
from nurture.campaigns.favours import check_favours
from nurture.campaigns.findings import Finding, by_place
from nurture.campaigns.known import Known
from nurture.campaigns.lifecycle_file import EXAMPLE, PLAINEST, read_lifecycle, read_segments, stage_names
from nurture.campaigns.moments import check_moments
from nurture.campaigns.moved import check_moved
from nurture.campaigns.offers_file import offer_names, read_offers
from nurture.campaigns.opens import check_opens
from nurture.campaigns.overlaps import Plan, check_overlaps
from nurture.campaigns.questions_file import FILE as QUESTIONS
from nurture.campaigns.questions_file import read_questions
from nurture.campaigns.reach import check_reach, timing
from nurture.campaigns.rules import check_lines, check_shape, check_steps
from nurture.campaigns.sends import check_sends
from nurture.campaigns.source import Source
from nurture.campaigns.tests_file import FOLDER as TESTS
from nurture.campaigns.tests_file import read_tests
from nurture.campaigns.vocabulary import names_of, reader, with_campaigns, with_questions
from nurture.campaigns.wording import Complaint
from nurture.journeys.campaign import Campaign
from nurture.journeys.questions import Question
from nurture.journeys.shape import Reading
from nurture.lifecycle.stages import Lifecycle
from nurture.offers.offer import Offer

FOLDER = "campaigns"
LIFECYCLE = "lifecycle.yaml"
OFFERS = "offers.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What the files say. With `errors` it is not whole, and must not be put into force."""

    lifecycle: Lifecycle = PLAINEST
    offers: Mapping[str, Offer] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    """By key: those without mistakes."""
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep it from being put into force."""
        return tuple(it for it in self.findings if it.severity == "error")


def read(files: Mapping[str, str], known: Known) -> Book:
    """Read `files`, path (campaigns/lifecycle.yaml …) to text.

    Whatever is in them, it ends in findings and never raises. Only .yaml and .yml files are read.
    """
    sources = {_inner(path): Source(path, text) for path, text in sorted(files.items()) if _is_ours(path)}
    lifecycle_source, offers_source = sources.pop(LIFECYCLE, None), sources.pop(OFFERS, None)
    questions_source = sources.pop(QUESTIONS, None)
    tests = [sources.pop(inner) for inner in list(sources) if inner.startswith(f"{TESTS}/")]
    stages = stage_names(lifecycle_source) if lifecycle_source else None
    by_key = {_key(inner): source for inner, source in sources.items()}
    questions = read_questions(questions_source) if questions_source else {}
    names = with_questions(with_campaigns(names_of(known), by_key), questions)
    names = replace(names, stages=stages)

    segments = read_segments(lifecycle_source, names) if lifecycle_source else {}
    reading = Reading(
        parse=reader(names, segments),
        templates=known.templates,
        topics=None if known.topics is None else frozenset(known.topics),
        offers=offer_names(offers_source),
        stages=stages,
        lines=known.lines,
    )
    lifecycle = _lifecycle(lifecycle_source, reading, segments)
    offers = read_offers(offers_source, reading, known) if offers_source else {}
    drafts = [_draft(source, inner, reading) for inner, source in sources.items()]
    _check_keys(drafts)
    campaigns = {
        it.key: it for it in (_campaign(draft, known, offers, lifecycle, stages) for draft in drafts) if it
    }
    for source in tests:
        read_tests(source, reading, names.steps or frozenset())
    read_from = [
        it for it in (lifecycle_source, offers_source, questions_source, *sources.values(), *tests) if it
    ]
    for source in read_from:
        check_comments(source)
    plans = [plan for draft in drafts if (plan := _plan(draft, offers, known))]
    if lifecycle is not None and lifecycle_source is not None:
        check_overlaps(plans, lifecycle.names, known)
        if len(plans) == len(drafts):
            check_care(lifecycle_source, lifecycle.names, plans)
            if offers_source is not None:
                check_favours(offers_source, lifecycle.names, plans, offers)
    findings = [finding for source in read_from for finding in source.findings]
    if lifecycle_source is None:
        findings.append(_no_lifecycle())
    return Book(
        lifecycle=lifecycle or PLAINEST,
        offers=offers,
        questions=questions,
        campaigns=campaigns,
        findings=by_place(findings),
    )


def campaign_keys(files: Iterable[str]) -> frozenset[str]:
    """By what the campaigns in these files are known, sound or not. `files`: paths, as `read` takes them."""
    inner = (_inner(path) for path in files if path.startswith(f"{FOLDER}/") and _is_ours(path))
    return frozenset(
        _key(it)
        for it in inner
        if it not in (LIFECYCLE, OFFERS, QUESTIONS) and not it.startswith(f"{TESTS}/")
    )


def _is_ours(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _inner(path: str) -> str:
    return path.removeprefix(FOLDER + "/")


def _key(inner: str) -> str:
    return PurePosixPath(inner).stem


def _lifecycle(
    source: Source | None, reading: Reading, segments: Mapping[str, Expression]
) -> Lifecycle | None:
    lifecycle = read_lifecycle(source, reading, segments) if source else None
    if source and lifecycle:
        doubt_lifecycle(source, lifecycle)
    return lifecycle


def _no_lifecycle() -> Finding:
    message = "there is no lifecycle.yaml, so nobody has a stage"
    return Finding(code="no-lifecycle", path=f"{FOLDER}/{LIFECYCLE}", message=message, hint=EXAMPLE)


def _draft(source: Source, inner: str, reading: Reading) -> Draft:
    key = _key(inner)
    if not re.fullmatch(r"\w[\w.-]*", key):
        message = f'a campaign cannot be known by "{key}"'
        hint = "call the file something like welcome-back.yaml"
        source.findings.append(Finding(code="file-name", path=source.path, message=message, hint=hint))
    return read_draft(key, source, reading)


def _campaign(
    draft: Draft,
    known: Known,
    offers: Mapping[str, Offer],
    lifecycle: Lifecycle | None,
    stages: tuple[str, ...] | None,
) -> Campaign | None:
    """The campaign, where neither its file nor the whole of it has a mistake."""
    check_steps(draft)
    check_sends(draft)
    check_opens(draft)
    doubt_campaign(draft)
    if draft.shape is None:
        return None
    check_shape(draft, draft.shape, known, offers, stages)
    check_moved(draft, draft.shape)
    check_moments(draft, draft.shape, known)
    if lifecycle is not None:
        check_lines(draft, draft.shape, lifecycle)
    if _has_errors(draft.source):
        return None
    return campaign_of(draft, draft.shape)


def _plan(draft: Draft, offers: Mapping[str, Offer], known: Known) -> Plan | None:
    """A campaign without mistakes, with the times of its messages and the warnings that follow from them."""
    if draft.shape is None or _has_errors(draft.source):
        return None
    times = timing(draft, draft.shape, known.carriers)
    check_reach(draft, draft.shape, times, offers)
    return Plan(draft=draft, shape=draft.shape, timing=times)


def _has_errors(source: Source) -> bool:
    return any(it.severity == "error" for it in source.findings)


def _check_keys(drafts: list[Draft]) -> None:
    """No two campaigns may be known by one word; two that people call the same are odd."""
    by_key: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for draft in drafts:
        path = draft.source.path
        first = by_key.setdefault(draft.key, path)
        if first != path:
            message = f'two campaigns are called "{draft.key}": this file and {first}'
            finding = Finding(
                code="campaign-twice", path=path, message=message, hint="rename one of the files"
            )
            draft.source.findings.append(finding)
        elif draft.shape and draft.shape.name:
            other = by_name.setdefault(draft.shape.name, path)
            if other != path:
                message = f'{other} has the name "{draft.shape.name}" too'
                complaint = Complaint("name-twice", message, "reports show both under it")
                draft.source.complain(complaint, ("name",), "warning")
