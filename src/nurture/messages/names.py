"""Reads a template's syntax tree: mistakes a person can put right, and the facts that it needs."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes

from nurture.audience.spans import SpanError, parse_span
from nurture.errors import TemplateError
from nurture.messages.environment import make_environment
from nurture.messages.macro_calls import wrong_calls
from nurture.messages.recommend_call import RECOMMEND_UP, asks_up, fault_in
from nurture.messages.vocabulary import ANY, CONTACT, FACTS, GROUPS, INSIDE, JINJA, PLAIN, PRODUCT, SETTLED

_ENVIRONMENT = make_environment(html=True)
_INTERNAL_FILTERS = frozenset({"_tagged", "_track"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A Jinja source and where it stands."""

    path: str
    line: int
    """The file's line where `source` begins, from 1."""
    source: str
    macro: str = ""
    """The only macro of it that counts; empty: all of it counts."""


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
    local: set[int] = field(default_factory=set)
    """Which nodes are names that a macro is called with."""
    is_sound: bool = False
    """Whether nothing in it is forbidden: messages share trees, which is looked at once."""
    products: set[int] = field(default_factory=set)
    """Which nodes are names of what `recommend(…)` gives, one after the other."""


def read(texts: Iterable[Text], parts: Mapping[str, str], macros: Collection[str] = ()) -> Read:
    """Check all texts of one message together. Raises TemplateError with file, line and remedy.

    `macros`: the names of those that every message knows; the ones that are called are among `texts`.
    """
    trees = [_parse(text) for text in texts]
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
        faults += [_fault(tree.text, *it) for it in wrong_calls(tree.root, defined, tree.assigned)]
        own = frozenset(macros) | tree.assigned if tree.text.macro else shared
        needs |= set(_facts(tree, own, faults, macros))
    if faults:
        faults[0].others = tuple(faults[1:])
        raise faults[0]
    return Read(needs=frozenset(needs), paths=frozenset(paths))


def references(text: Text, parts: Mapping[str, str]) -> tuple[str, ...]:
    """The files that `text` extends, includes or imports from. Raises TemplateError where one is missing."""
    return tuple(_references(_parse(text), parts))


def macros_called(text: Text, macros: Collection[str]) -> tuple[str, ...]:
    """Those of `macros` that `text` names, in order. Raises TemplateError."""
    tree = _parse(text)
    found = {it.name: None for it in tree.root.find_all(nodes.Name) if it.ctx == "load" and it.name in macros}
    return tuple(name for name in found if name not in tree.assigned or name == text.macro)


def local_names(source: str) -> frozenset[str]:
    """The names in `source` that are no facts: of a loop, a macro or a `set` around it."""
    root = _ENVIRONMENT.parse(source)
    loaded = {name.name for name in root.find_all(nodes.Name) if name.ctx == "load"}
    return frozenset(name for name in loaded if (name not in FACTS and name not in JINJA) or name == "loop")


@lru_cache(maxsize=256)
def _parse(text: Text) -> _Tree:
    """Remembered, since messages share their layout and parts. Not to be changed."""
    try:
        root = _ENVIRONMENT.parse("\n" * (text.line - 1) + text.source)
    except TemplateSyntaxError as error:
        raise _fault(text, error.lineno, _said(error.message or ""), _remedy(error.message or "")) from None
    if text.macro:
        root.body = [it for it in root.body if isinstance(it, nodes.Macro) and it.name == text.macro]
    tree = _Tree(text, root)
    for name in root.find_all(nodes.Name):
        if name.ctx == "store":
            tree.assigned.add(name.name)
    for block in root.find_all(nodes.With):
        tree.assigned.update(it.name for it in block.targets if isinstance(it, nodes.Name))
    for macro in root.find_all(nodes.Macro):
        tree.assigned.add(macro.name)
    scopes: list[nodes.Macro | nodes.CallBlock] = [
        *root.find_all(nodes.Macro),
        *root.find_all(nodes.CallBlock),
    ]
    for scope in scopes:
        own = {it.name for it in scope.args}
        tree.local.update(id(it) for it in scope.find_all(nodes.Name) if it.ctx == "load" and it.name in own)
    for imported in root.find_all(nodes.FromImport):
        tree.assigned.update(it if isinstance(it, str) else it[1] for it in imported.names)
    _find_products(tree)
    return tree


def _find_products(tree: _Tree) -> None:
    """Names in loops over `recommend(…)`, or over what was put aside: `{% set goods = recommend(3) %}`."""
    goods: dict[str, bool] = {}
    for put in tree.root.find_all(nodes.Assign):
        if isinstance(put.target, nodes.Name):
            name = put.target.name
            goods[name] = goods.get(name, True) and _chain(put.node) == ("recommend",)
    # Outer loops come first, so that the same name in a loop within says what it is there.
    for loop in tree.root.find_all(nodes.For):
        if not isinstance(loop.target, nodes.Name):
            continue
        chain, name = _chain(loop.iter), loop.target.name
        inside = [it for part in loop.body for it in _names(part) if it.name == name]
        runs = chain == ("recommend",) or (len(chain) == 1 and goods.get(chain[0], False))
        if runs and all(it.ctx == "load" for it in inside):
            tree.products.update(map(id, inside))
        else:
            tree.products.difference_update(map(id, inside))


def _names(node: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(node, nodes.Name):
        yield node
    yield from node.find_all(nodes.Name)


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
    if tree.is_sound:
        return
    for found in tree.root.find_all((nodes.Import, nodes.NSRef)):
        raise _fault(
            tree.text,
            found.lineno,
            "this is not possible in a message",
            "Use {% from … import … %} or {% set %}.",
        )
    for name in tree.root.find_all(nodes.Name):
        if name.ctx != "load" and name.name in SETTLED:
            message = f'"{name.name}" says the same to everybody and cannot be given another value'
            raise _fault(tree.text, name.lineno, message, "Take another name.")
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
    tree.is_sound = True


def _facts(
    tree: _Tree, assigned: frozenset[str], faults: list[TemplateError], macros: Collection[str]
) -> Iterator[str]:
    """The facts that are asked for; what is no fact goes to `faults`."""
    seen: set[int] = set()
    for node in tree.root.find_all((nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Name)):
        if id(node) in seen or (isinstance(node, nodes.Name) and node.ctx != "load"):
            continue
        chain = _chain(node)
        if not chain:
            continue
        spine = [id(inner) for inner in _spine(node)]
        seen.update(spine)
        root = chain[0]
        if spine[-1] in tree.local:
            continue
        if root in assigned or root in JINJA:
            if spine[-1] in tree.products and len(chain) > 1 and chain[1] not in PRODUCT:
                hint = _near(chain[1], PRODUCT)
                faults.append(_fault(tree.text, node.lineno, f'"{root}" has no "{chain[1]}"', hint))
            continue
        try:
            _check(tree.text, node.lineno, chain, macros)
            asked = _question(tree.text, node) if root == "question" else ""
            if root == "recommend" and _goes_up(tree.text, node):
                yield RECOMMEND_UP
        except TemplateError as fault:
            faults.append(fault)
            continue
        yield f"question.{asked}" if asked else ".".join(chain[: _depth(chain)])


def _check(text: Text, line: int, chain: tuple[str, ...], macros: Collection[str]) -> None:
    root = chain[0]
    if root not in FACTS:
        raise _no_fact(text, line, root, macros)
    if root == "brand" and (len(chain) == 1 or chain[1] == ANY):
        raise _fault(text, line, "what of the brand must be written out", "As in brand.color.")
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


def _no_fact(text: Text, line: int, name: str, macros: Collection[str]) -> TemplateError:
    if name.startswith("_"):
        return _fault(text, line, f'"{name}" cannot be used', "No name that begins with _ can.")
    holder = next(
        (group for group, names in (("contact", CONTACT), *GROUPS.items()) if names and name in names), ""
    )
    hint = f'did you mean "{holder}.{name}"?' if holder else _near(name, FACTS | set(macros))
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


def _goes_up(text: Text, node: nodes.Node) -> bool:
    """Whether a call of `recommend` asks for the next step up. Raises TemplateError where it cannot be so called."""
    call = next(
        (it for it in _spine(node) if isinstance(it, nodes.Call) and isinstance(it.node, nodes.Name)), None
    )
    fault = fault_in(call) if call is not None else None
    if fault is not None:
        raise _fault(text, node.lineno, *fault)
    return call is not None and asks_up(call)


def _question(text: Text, node: nodes.Node) -> str:
    """Which question `question("…")` puts; there is no other way to ask one."""
    call = next(
        (it for it in _spine(node) if isinstance(it, nodes.Call) and isinstance(it.node, nodes.Name)), None
    )
    if call is not None and len(call.args) == 1 and isinstance(call.args[0], nodes.Const):
        return str(call.args[0].value)
    raise _fault(text, node.lineno, "the question must be written out", 'As in question("how-was-it").')


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
