"""[forms.NAME] of nurture.toml, read: with lengths of time, and held against topics and templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from nurture.audience.spans import SpanError, parse_span
from nurture.clock import Span
from nurture.errors import Fault, SettingsError
from nurture.journeys.spelling import near, quoted
from nurture.settings import Settings
from nurture.settings.forms import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpForm:
    """A form as it is in force."""

    name: str
    form: Form
    remind_after: Span
    expires_after: Span


def forms_of(settings: Settings) -> Mapping[str, SignUpForm]:
    """The forms by name. Raises SettingsError, which names each length of time that cannot be read."""
    found: dict[str, SignUpForm] = {}
    faults: list[Fault] = []
    for name, form in settings.forms.items():
        spans: dict[str, Span] = {}
        for key in ("remind_after", "expires_after"):
            try:
                spans[key] = parse_span(getattr(form, key))
            except SpanError as error:
                faults.append(Fault(key=("forms", name, key), message=error.message, hint=error.hint))
        if len(spans) == 2:
            found[name] = SignUpForm(name=name, form=form, **spans)
    if faults:
        raise SettingsError(faults)
    return found


def faults_of(settings: Settings, templates: Collection[str]) -> list[Fault]:
    """What a form names that is not there: a topic, a template; and a topic that nobody has to agree to."""
    faults: list[Fault] = []
    for name, form in settings.forms.items():
        for topic in form.topics:
            key = ("forms", name, "topics")
            if topic not in settings.topics:
                hint = near(topic, settings.topics) or f"there are: {', '.join(settings.topics)}"
                faults.append(Fault(key=key, message=f"there is no topic {quoted(topic)}", hint=hint))
            elif settings.topics[topic].always:
                says = f"nobody has to agree to the topic {quoted(topic)}: it is always on"
                faults.append(Fault(key=key, message=says, hint="take it out of the form"))
        for part, template in (("confirm", form.confirm), ("remind", form.remind)):
            if template and template not in templates:
                says = f"there is no template {quoted(template)}, which the form {quoted(name)} sends"
                hint = near(template, templates) or f"write it as templates/email/{template}.md"
                faults.append(Fault(key=("forms", name, part), message=says, hint=hint))
    return faults
