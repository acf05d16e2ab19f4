"""A YAML file as editors see it: plain values are numbers, yes or no, nothing; keys are text."""

from __future__ import annotations

import re
from typing import Any

import yaml

NULL = "tag:yaml.org,2002:null"
TIMESTAMP = "tag:yaml.org,2002:timestamp"


class Editor11(yaml.SafeLoader):
    """YAML 1.1, as older programs read it: `yes` is true."""


class Editor12(yaml.SafeLoader):
    """YAML 1.2, as the language server reads it: `yes` is a word."""


def _as_text(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


Editor11.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != TIMESTAMP]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Editor12.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    (NULL, r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", "true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("tag:yaml.org,2002:int", "[-+]?[0-9]+", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?",
        list("-+.0123456789"),
    ),
):
    Editor12.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), _first)
for _loader in (Editor11, Editor12):
    _loader.add_constructor("tag:yaml.org,2002:map", _as_text)


def read_as_editors_do(text: str, loader: type[yaml.SafeLoader] = Editor12) -> Any:
    """The values of a file. Raises yaml.YAMLError."""
    return yaml.load(text, loader)
