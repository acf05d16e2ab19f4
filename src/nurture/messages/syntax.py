"""A template's syntax tree, read once: the names it gives away itself, and the chains in which it asks for others."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes

from nurture.errors import TemplateError
from nurture.messages.environment import make_environment
from nurture.messages.vocabulary import ANY, FACTS, JINJA

ENVIRONMENT = make_environment(html=True)
"""Not to be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A Jinja source and where it stands."""

    path: str
    line: int
    """The file's line where `source` begins, from 1."""
    source: str
    macro: str = ""
    """The only macro of it that counts; empty: all of it counts."""


@dataclass(slots=True)
class Tree:
    """A source as Jinja reads it."""

    text: Text
    root: nodes.Template
    assigned: set[str] = field(default_factory=set)
    local: set[int] = field(default_factory=set)
    """Which nodes are names that a macro is called with."""
    is_sound: bool = False
    """Whether nothing in it is forbidden: messages share trees, which is looked at once."""
    products: set[int] = field(default_factory=set)
    """Which nodes are names of what `recommend(…)` gives, one after the other."""


def local_names(source: str) -> frozenset[str]:
    """The names in `source` that are no facts: of a loop, a macro or a `set` around it."""
    root = ENVIRONMENT.parse(source)
    loaded = {name.name for name in root.find_all(nodes.Name) if name.ctx == "load"}
    return frozenset(name for name in loaded if (name not in FACTS and name not in JINJA) or name == "loop")


@lru_cache(maxsize=256)
def parse(text: Text) -> Tree:
    """Remembered, since messages share their layout and parts. Not to be changed."""
    try:
        root = ENVIRONMENT.parse("\n" * (text.line - 1) + text.source)
    except TemplateSyntaxError as error:
        raise fault(text, error.lineno, _said(error.message or ""), _remedy(error.message or "")) from None
    if text.macro:
        root.body = [it for it in root.body if isinstance(it, nodes.Macro) and it.name == text.macro]
    tree = Tree(text, root)
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


def _find_products(tree: Tree) -> None:
    """Names in loops over `recommend(…)`, or over what was put aside: `{% set goods = recommend(3) %}`."""
    goods: dict[str, bool] = {}
    for put in tree.root.find_all(nodes.Assign):
        if isinstance(put.target, nodes.Name):
            name = put.target.name
            goods[name] = goods.get(name, True) and chain_of(put.node) == ("recommend",)
    # Outer loops come first, so that the same name in a loop within says what it is there.
    for loop in tree.root.find_all(nodes.For):
        if not isinstance(loop.target, nodes.Name):
            continue
        chain, name = chain_of(loop.iter), loop.target.name
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


def chain_of(node: nodes.Node) -> tuple[str, ...]:
    """`orders.within("90 days").count` as ("orders", "within(90 days)", "count"); or nothing."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        inner = chain_of(node.node)
        return (*inner, node.attr) if inner else ()
    if isinstance(node, nodes.Getitem):
        inner = chain_of(node.node)
        if inner and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return (*inner, node.arg.value)
        return (*inner, ANY) if inner else ()
    if isinstance(node, nodes.Call):
        inner = chain_of(node.node)
        if len(inner) > 1 and node.args and isinstance(node.args[0], nodes.Const):
            return (*inner[:-1], f"{inner[-1]}({node.args[0].value})")
        return inner
    return ()


def spine(node: nodes.Node) -> Iterator[nodes.Node]:
    """The parts of a chain, from its end to the name that it begins with."""
    while isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Call):
        yield node
        node = node.node
    yield node


def call_in(node: nodes.Node) -> nodes.Call | None:
    """The call of a fact itself, as `recommend(…)`, at the root of a chain."""
    called = (it for it in spine(node) if isinstance(it, nodes.Call) and isinstance(it.node, nodes.Name))
    return next(called, None)


def near(name: str, known: Iterable[str]) -> str:
    """What was meant, else all that there is."""
    known = [it for it in known if not it.startswith("_")]
    close = difflib.get_close_matches(name, known, 1)
    return f'did you mean "{close[0]}"?' if close else f"There are: {', '.join(sorted(known))}."


def fault(text: Text, line: int, message: str, remedy: str) -> TemplateError:
    """A mistake in that line of the file."""
    return TemplateError(message, where=f"{text.path}:{line}", remedy=remedy, line=line)
