"""Codes of files that are no campaigns: settings, templates, and what is not read at all."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.codes.code import Code

ELSEWHERE: Mapping[str, Code] = {
    "not-utf-8": Code(
        says="A file is not UTF-8 text.",
        why="Letters beyond the English ones would come out wrong in every message. Save the file as UTF-8.",
        wrong="the file saved as “Windows-1252” or “Latin-1”",
        right="the file saved as “UTF-8”",
    ),
    "not-readable": Code(
        says="A file cannot be opened, or is a link that leads out of the workspace.",
        why="What is put into force is kept whole, so every file must be there and must belong to the workspace.",
        wrong="campaigns/hello.yaml, a link to /home/ann/hello.yaml",
        right="campaigns/hello.yaml, a file",
    ),
    "not-read": Code(
        says="A file has an ending or a name by which nothing here is known, so nobody reads it.",
        why="It looks as if it were in use, and is not.",
        wrong="campaigns/hello.yaml.txt",
        right="campaigns/hello.yaml",
    ),
    "settings": Code(
        says="A key or value of nurture.toml, or a NURTURE_ variable, cannot be used.",
        why="A setting that is spelled wrong would otherwise do nothing, and nobody would notice.",
        wrong='timezone = "Berlin"',
        right='timezone = "Europe/Berlin"',
    ),
    "template": Code(
        says="A message cannot be put together: its first lines, a statement, or a fact that does not exist.",
        why="It would fail for everybody it is to be sent to.",
        wrong="""\
# templates/email/hello.md
subject: Hello

{% if contact.first_name %}Dear {{ contact.first_name }},
""",
        right="""\
# templates/email/hello.md
subject: Hello

{% if contact.first_name %}Dear {{ contact.first_name }},{% endif %}
""",
    ),
    "test-line": Code(
        says="A line of a test does not say what happens, or what is expected, in words that are known.",
        why="A test that nobody understands would pass, whatever the campaigns do.",
        wrong="""\
# campaigns/tests/welcome.yaml
- it: welcomes newcomers
  given:
    contact: {email: ann@example.test}
  from: 2026-03-02 09:00
  expect:
    - day 1: welcome arrives
""",
        right="""\
# campaigns/tests/welcome.yaml
- it: welcomes newcomers
  given:
    contact: {email: ann@example.test}
  from: 2026-03-02 09:00
  expect:
    - day 1: send welcome
""",
    ),
}
