"""What a template asks for: mistakes a person can put right, and the facts that it needs."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from jinja2 import nodes

from nurture.audience.spans import SpanError, parse_span
from nurture.errors import TemplateError
from nurture.messages.environment import OUR_FILTERS
from nurture.messages.macro_calls import wrong_calls
from nurture.messages.recommend_call import RECOMMEND_UP, asks_up, fault_in
from nurture.messages.syntax import ENVIRONMENT, Text, Tree, call_in, chain_of, fault, near, parse, spine
from nurture.messages.vocabulary import ANY, CONTACT, FACTS, GROUPS, INSIDE, JINJA, PLAIN, PRODUCT, SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the texts of one message say."""

    needs: frozenset[str]
    paths: frozenset[str]
    """Other files that they name."""


def read(texts: Iterable[Text], parts: Mapping[str, str], macros: Collection[str] = ()) -> Read:
    """Check all texts of one message together. Raises TemplateError with file, line and remedy.

    `macros`: the names of those that every message knows; the ones that are called are among `texts`.
    """
    trees = [parse(text) for text in texts]
    shared = frozenset[str](macros).union(*(tree.assigned for tree in trees if not tree.text.macro))
    defined = {
        it.name: it
        for tree in trees
        for it in tree.root.body
        if isinstance(it, nodes.Macro) and tree.text.macro
    }
    paths = {path for tree in trees for path in _references(tree, parts)}
    needs: set[str] = set()
    faults: list[TemplateError] = []
    for tree in trees:
        _constructs(tree)
        faults += [fault(tree.text, *it) for it in wrong_calls(tree.root, defined, tree.assigned)]
        own = frozenset(macros) | tree.assigned if tree.text.macro else shared
        needs |= set(_facts(tree, own, faults, macros))
    if faults:
        faults[0].others = tuple(faults[1:])
        raise faults[0]
    return Read(needs=frozenset(needs), paths=frozenset(paths))


def references(text: Text, parts: Mapping[str, str]) -> tuple[str, ...]:
    """The files that `text` extends, includes or imports from. Raises TemplateError where one is missing."""
    return tuple(_references(parse(text), parts))


def macros_called(text: Text, macros: Collection[str]) -> tuple[str, ...]:
    """Those of `macros` that `text` names, in order. Raises TemplateError."""
    tree = parse(text)
    found = {it.name: None for it in tree.root.find_all(nodes.Name) if it.ctx == "load" and it.name in macros}
    return tuple(name for name in found if name not in tree.assigned or name == text.macro)


def _references(tree: Tree, parts: Mapping[str, str]) -> Iterator[str]:
    for node in tree.root.find_all((nodes.Extends, nodes.Include, nodes.FromImport)):
        named = getattr(node, "template", None)
        if not isinstance(named, nodes.Const) or not isinstance(named.value, str):
            raise fault(
                tree.text,
                node.lineno,
                "the name of another file must be written out",
                'As in "parts/x.html".',
            )
        if named.value not in parts:
            close = difflib.get_close_matches(named.value, list(parts), 1)
            hint = f'did you mean "{close[0]}"?' if close else "Paths count from templates/email/."
            raise fault(tree.text, node.lineno, f'there is no file "{named.value}"', hint)
        yield named.value


def _constructs(tree: Tree) -> None:
    if tree.is_sound:
        return
    for found in tree.root.find_all((nodes.Import, nodes.NSRef)):
        raise fault(
            tree.text,
            found.lineno,
            "this is not possible in a message",
            "Use {% from … import … %} or {% set %}.",
        )
    for name in tree.root.find_all(nodes.Name):
        if name.ctx != "load" and name.name in SETTLED:
            message = f'"{name.name}" says the same to everybody and cannot be given another value'
            raise fault(tree.text, name.lineno, message, "Take another name.")
    for it in tree.root.find_all(nodes.Filter):
        if it.name not in ENVIRONMENT.filters or it.name in OUR_FILTERS:
            raise fault(
                tree.text, it.lineno, f'there is no filter "{it.name}"', near(it.name, ENVIRONMENT.filters)
            )
    for test in tree.root.find_all(nodes.Test):
        if test.name not in ENVIRONMENT.tests:
            raise fault(
                tree.text,
                test.lineno,
                f'there is no test "is {test.name}"',
                near(test.name, ENVIRONMENT.tests),
            )
    for got in tree.root.find_all(nodes.Getattr):
        if got.attr.startswith("_"):
            raise fault(
                tree.text, got.lineno, f'"{got.attr}" cannot be asked for', "No name that begins with _ can."
            )
    tree.is_sound = True


def _facts(
    tree: Tree, assigned: frozenset[str], faults: list[TemplateError], macros: Collection[str]
) -> Iterator[str]:
    """The facts that are asked for; what is no fact goes to `faults`."""
    seen: set[int] = set()
    for node in tree.root.find_all((nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Name)):
        if id(node) in seen or (isinstance(node, nodes.Name) and node.ctx != "load"):
            continue
        chain = chain_of(node)
        if not chain:
            continue
        passed = [id(inner) for inner in spine(node)]
        seen.update(passed)
        root = chain[0]
        if passed[-1] in tree.local:
            continue
        if root in assigned or root in JINJA:
            if passed[-1] in tree.products and len(chain) > 1 and chain[1] not in PRODUCT:
                hint = near(chain[1], PRODUCT)
                faults.append(fault(tree.text, node.lineno, f'"{root}" has no "{chain[1]}"', hint))
            continue
        try:
            _check(tree.text, node.lineno, chain, macros)
            asked = _question(tree.text, node) if root == "question" else ""
            if root == "recommend" and _goes_up(tree.text, node):
                yield RECOMMEND_UP
        except TemplateError as error:
            faults.append(error)
            continue
        yield f"question.{asked}" if asked else ".".join(chain[: _depth(chain)])


def _check(text: Text, line: int, chain: tuple[str, ...], macros: Collection[str]) -> None:
    root = chain[0]
    if root not in FACTS:
        raise _no_fact(text, line, root, macros)
    if root == "brand" and (len(chain) == 1 or chain[1] == ANY):
        raise fault(text, line, "what of the brand must be written out", "As in brand.color.")
    if root == "lines" and (len(chain) == 1 or chain[1] == ANY):
        raise fault(text, line, "the line must be written out", 'As in lines["FLORAL"].')
    _check_spans(text, line, chain)
    kind = root
    for at, step in enumerate(chain[1:], 1):
        name = step.partition("(")[0]
        known = GROUPS.get(kind)
        if known is not None and name not in known:
            raise fault(text, line, f'"{".".join(chain[:at])}" has no "{name}"', near(name, known))
        kind = INSIDE.get((kind, name)) or INSIDE.get((kind, ANY)) or ""


def _no_fact(text: Text, line: int, name: str, macros: Collection[str]) -> TemplateError:
    if name.startswith("_"):
        return fault(text, line, f'"{name}" cannot be used', "No name that begins with _ can.")
    holder = next(
        (group for group, names in (("contact", CONTACT), *GROUPS.items()) if names and name in names), ""
    )
    hint = f'did you mean "{holder}.{name}"?' if holder else near(name, FACTS | set(macros))
    return fault(text, line, f'there is no fact called "{name}"', hint)


def _check_spans(text: Text, line: int, chain: tuple[str, ...]) -> None:
    for part in chain[1:]:
        if part == "within":
            raise fault(text, line, "the length of time must be written out", 'As in within("90 days").')
        if part.startswith("within("):
            try:
                parse_span(part[7:-1])
            except SpanError as error:
                raise fault(text, line, error.message, error.hint) from None


def _goes_up(text: Text, node: nodes.Node) -> bool:
    """Whether a call of `recommend` asks for the next step up. Raises TemplateError where it cannot be so called."""
    call = call_in(node)
    wrong = fault_in(call) if call is not None else None
    if wrong is not None:
        raise fault(text, node.lineno, *wrong)
    return call is not None and asks_up(call)


def _question(text: Text, node: nodes.Node) -> str:
    """Which question `question("…")` puts; there is no other way to ask one."""
    call = call_in(node)
    if call is not None and len(call.args) == 1 and isinstance(call.args[0], nodes.Const):
        return str(call.args[0].value)
    raise fault(text, node.lineno, "the question must be written out", 'As in question("how-was-it").')


def _depth(chain: tuple[str, ...]) -> int:
    """How much of a chain names a fact: one step, more where a window or a line stands in between."""
    if chain[0] in PLAIN and chain[0] != "lines":
        return 1
    windows = sum(part.startswith("within(") for part in chain)
    return (3 if chain[0] in ("line", "lines") else 2) + min(windows, 1)
