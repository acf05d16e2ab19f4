"""Calls of macros that do not fit what the macros are called with."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from jinja2 import nodes


def wrong_calls(
    root: nodes.Node, macros: Mapping[str, nodes.Macro], own: Collection[str]
) -> Iterator[tuple[int, str, str]]:
    """Line, message and remedy of each; `own` are names that the template gives a meaning of its own."""
    for call in root.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or call.dyn_args or call.dyn_kwargs:
            continue
        macro = macros.get(call.node.name)
        if macro is not None and (macro.name not in own or macro in root.body):  # type: ignore[attr-defined]
            said = _wrong(call, macro)
            if said:
                yield call.lineno, said, f"It is called as {macro.name}({_spelled(macro)})."


def _wrong(call: nodes.Call, macro: nodes.Macro) -> str:
    names = [it.name for it in macro.args]
    asked = {it.name for it in macro.find_all(nodes.Name)}
    given = [*names[: len(call.args)], *(it.key for it in call.kwargs)]
    if len(call.args) > len(names) and "varargs" not in asked:
        return f'"{macro.name}" takes {len(names)} values, and here are {len(call.args)}'
    strange = [it.key for it in call.kwargs if it.key not in names and it.key != "caller"]
    if strange and "kwargs" not in asked:
        near = difflib.get_close_matches(strange[0], names, 1)
        hint = f': did you mean "{near[0]}"?' if near else ""
        return f'"{macro.name}" knows no "{strange[0]}"{hint}'
    must = names[: len(names) - len(macro.defaults)]
    missing = next((name for name in must if name not in given), "")
    return f'"{macro.name}" is called without its "{missing}"' if missing else ""


def _spelled(macro: nodes.Macro) -> str:
    names = [it.name for it in macro.args]
    must = len(names) - len(macro.defaults)
    return ", ".join([*names[:must], *(f"{name}=…" for name in names[must:])])
