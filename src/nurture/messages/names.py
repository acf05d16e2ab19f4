"""Reads a template's syntax tree: mistakes a person can put right, and the facts that it needs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes

from nurture.audience.spans import SpanError, parse_span
from nurture.errors import TemplateError
from nurture.messages.environment import make_environment
from nurture.messages.vocabulary import ANY, CONTACT, FACTS, GROUPS, INSIDE, JINJA, PLAIN, PRODUCT

_ENVIRONMENT = make_environment(html=True)
_INTERNAL_FILTERS = frozenset({"_track"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A Jinja source and where it stands."""

    path: str
    line: int
    """The file's line where `source` begins, from 1."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the texts of one message say."""

    needs: frozenset[str]
    paths: frozenset[str]
    """Other files that they name."""


@dataclass(slots=True)
class _Tree:
    text: Text
    root: nodes.Template
    assigned: set[str] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    """Names that run through `recommend(…)`."""


def read(texts: Iterable[Text], parts: Mapping[str, str]) -> Read:
    """Check all texts of one message together. Raises TemplateError with file, line and remedy."""
    trees = [_parse(text) for text in texts]
    assigned = frozenset[str]().union(*(tree.assigned for tree in trees))
    paths = {path for tree in trees for path in _references(tree, parts)}
    needs: set[str] = set()
    faults: list[TemplateError] = []
    for tree in trees:
        _constructs(tree)
        needs |= set(_facts(tree, assigned, faults))
    if faults:
        faults[0].others = tuple(faults[1:])
        raise faults[0]
    return Read(needs=frozenset(needs), paths=frozenset(paths))


def references(text: Text, parts: Mapping[str, str]) -> tuple[str, ...]:
    """The files that `text` extends, includes or imports from. Raises TemplateError where one is missing."""
    return tuple(_references(_parse(text), parts))


def local_names(source: str) -> frozenset[str]:
    """The names in `source` that are no facts: of a loop, a macro or a `set` around it."""
    root = _ENVIRONMENT.parse(source)
    loaded = {name.name for name in root.find_all(nodes.Name) if name.ctx == "load"}
    return frozenset(name for name in loaded if (name not in FACTS and name not in JINJA) or name == "loop")


@lru_cache(maxsize=64)
def _parse(text: Text) -> _Tree:
    """Remembered, since messages share their layout and parts. Not to be changed."""
    try:
        root = _ENVIRONMENT.parse("\n" * (text.line - 1) + text.source)
    except TemplateSyntaxError as error:
        raise _fault(text, error.lineno, _said(error.message or ""), _remedy(error.message or "")) from None
    tree = _Tree(text, root)
    for name in root.find_all(nodes.Name):
        if name.ctx in ("store", "param"):
            tree.assigned.add(name.name)
    for macro in root.find_all(nodes.Macro):
        tree.assigned.add(macro.name)
    for imported in root.find_all(nodes.FromImport):
        tree.assigned.update(it if isinstance(it, str) else it[1] for it in imported.names)
    for loop in root.find_all(nodes.For):
        if isinstance(loop.target, nodes.Name) and _chain(loop.iter) == ("recommend",):
            tree.products.add(loop.target.name)
    return tree


def _said(message: str) -> str:
    if "Unexpected end of template" in message:
        return "something that was opened is not closed"
    if message.startswith("Encountered unknown tag"):
        return (
            message.split(". ")[0]
            .replace("Encountered unknown tag", "there is no statement called")
            .rstrip(".")
        )
    return message[:1].lower() + message[1:].rstrip(".")


def _remedy(message: str) -> str:
    if "Jinja was looking for the following tags" in message:
        wanted = message.split("following tags: ")[1].split(".")[0].replace("'", "")
        return f"Close it: {{% {wanted.split(' or ')[-1]} %}} is missing."
    return "Look at the braces: {{ … }} prints something, {% … %} begins or ends something."


def _references(tree: _Tree, parts: Mapping[str, str]) -> Iterator[str]:
    for node in tree.root.find_all((nodes.Extends, nodes.Include, nodes.FromImport)):
        named = getattr(node, "template", None)
        if not isinstance(named, nodes.Const) or not isinstance(named.value, str):
            raise _fault(
                tree.text,
                node.lineno,
                "the name of another file must be written out",
                'As in "parts/x.html".',
            )
        if named.value not in parts:
            near = difflib.get_close_matches(named.value, list(parts), 1)
            hint = f'did you mean "{near[0]}"?' if near else "Paths count from templates/email/."
            raise _fault(tree.text, node.lineno, f'there is no file "{named.value}"', hint)
        yield named.value


def _constructs(tree: _Tree) -> None:
    for found in tree.root.find_all((nodes.Import, nodes.NSRef)):
        raise _fault(
            tree.text,
            found.lineno,
            "this is not possible in a message",
            "Use {% from … import … %} or {% set %}.",
        )
    for it in tree.root.find_all(nodes.Filter):
        if it.name not in _ENVIRONMENT.filters or it.name in _INTERNAL_FILTERS:
            raise _fault(
                tree.text, it.lineno, f'there is no filter "{it.name}"', _near(it.name, _ENVIRONMENT.filters)
            )
    for test in tree.root.find_all(nodes.Test):
        if test.name not in _ENVIRONMENT.tests:
            raise _fault(
                tree.text,
                test.lineno,
                f'there is no test "is {test.name}"',
                _near(test.name, _ENVIRONMENT.tests),
            )
    for got in tree.root.find_all(nodes.Getattr):
        if got.attr.startswith("_"):
            raise _fault(
                tree.text, got.lineno, f'"{got.attr}" cannot be asked for', "No name that begins with _ can."
            )


def _facts(tree: _Tree, assigned: frozenset[str], faults: list[TemplateError]) -> Iterator[str]:
    """The facts that are asked for; what is no fact goes to `faults`."""
    seen: set[int] = set()
    for node in tree.root.find_all((nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Name)):
        if id(node) in seen or (isinstance(node, nodes.Name) and node.ctx != "load"):
            continue
        chain = _chain(node)
        if not chain:
            continue
        seen.update(id(inner) for inner in _spine(node))
        root = chain[0]
        if root in assigned or root in JINJA:
            if root in tree.products and len(chain) > 1 and chain[1] not in PRODUCT:
                hint = _near(chain[1], PRODUCT)
                faults.append(_fault(tree.text, node.lineno, f'"{root}" has no "{chain[1]}"', hint))
            continue
        try:
            _check(tree.text, node.lineno, chain)
        except TemplateError as fault:
            faults.append(fault)
            continue
        yield ".".join(chain[: _depth(chain)])


def _check(text: Text, line: int, chain: tuple[str, ...]) -> None:
    root = chain[0]
    if root not in FACTS:
        raise _no_fact(text, line, root)
    if root == "lines" and (len(chain) == 1 or chain[1] == ANY):
        raise _fault(text, line, "the line must be written out", 'As in lines["FLORAL"].')
    _check_spans(text, line, chain)
    kind = root
    for at, step in enumerate(chain[1:], 1):
        name = step.partition("(")[0]
        known = GROUPS.get(kind)
        if known is not None and name not in known:
            raise _fault(text, line, f'"{".".join(chain[:at])}" has no "{name}"', _near(name, known))
        kind = INSIDE.get((kind, name)) or INSIDE.get((kind, ANY)) or ""


def _no_fact(text: Text, line: int, name: str) -> TemplateError:
    if name.startswith("_"):
        return _fault(text, line, f'"{name}" cannot be used', "No name that begins with _ can.")
    holder = next(
        (group for group, names in (("contact", CONTACT), *GROUPS.items()) if names and name in names), ""
    )
    hint = f'did you mean "{holder}.{name}"?' if holder else _near(name, FACTS)
    return _fault(text, line, f'there is no fact called "{name}"', hint)


def _check_spans(text: Text, line: int, chain: tuple[str, ...]) -> None:
    for part in chain[1:]:
        if part == "within":
            raise _fault(text, line, "the length of time must be written out", 'As in within("90 days").')
        if part.startswith("within("):
            try:
                parse_span(part[7:-1])
            except SpanError as error:
                raise _fault(text, line, error.message, error.hint) from None


def _depth(chain: tuple[str, ...]) -> int:
    """How much of a chain names a fact: one step, more where a window or a line stands in between."""
    if chain[0] in PLAIN and chain[0] != "lines":
        return 1
    windows = sum(part.startswith("within(") for part in chain)
    return (3 if chain[0] in ("line", "lines") else 2) + min(windows, 1)


def _chain(node: nodes.Node) -> tuple[str, ...]:
    """`orders.within("90 days").count` as ("orders", "within(90 days)", "count"); or nothing."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        inner = _chain(node.node)
        return (*inner, node.attr) if inner else ()
    if isinstance(node, nodes.Getitem):
        inner = _chain(node.node)
        if inner and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return (*inner, node.arg.value)
        return (*inner, ANY) if inner else ()
    if isinstance(node, nodes.Call):
        inner = _chain(node.node)
        if len(inner) > 1 and node.args and isinstance(node.args[0], nodes.Const):
            return (*inner[:-1], f"{inner[-1]}({node.args[0].value})")
        return inner
    return ()


def _spine(node: nodes.Node) -> Iterator[nodes.Node]:
    while isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Call):
        yield node
        node = node.node
    yield node


def _near(name: str, known: Iterable[str]) -> str:
    known = [it for it in known if not it.startswith("_")]
    near = difflib.get_close_matches(name, known, 1)
    return f'did you mean "{near[0]}"?' if near else f"There are: {', '.join(sorted(known))}."


def _fault(text: Text, line: int, message: str, remedy: str) -> TemplateError:
    return TemplateError(message, where=f"{text.path}:{line}", remedy=remedy, line=line)
