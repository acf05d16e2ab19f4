"""What Jinja makes Python of, but nothing is worked out when a template is compiled, and `~` makes no endless text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

from nurture.messages.bounds import LONGEST, too_long


class Generator(CodeGenerator):
    """Constants stay as they are written: `"a"|replace("a", …)` would cost its time and memory in compiling."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.optimizer = None

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        if not isinstance(node, nodes.TemplateData | nodes.Const):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        """`a ~ b`, as Jinja writes it, through `chained`."""
        join = "markup_join" if frame.eval_ctx.autoescape else "str_join"
        if frame.eval_ctx.volatile:
            join = "(markup_join if context.eval_ctx.volatile else str_join)"
        self.write(f"environment.chained({join}, (")
        for it in node.nodes:
            self.visit(it, frame)
            self.write(", ")
        self.write("))")


def chained(join: Callable[[Any], str], pieces: tuple[Any, ...]) -> str:
    """The pieces of `a ~ b` as one text of at most LONGEST characters. Raises TooMuch."""
    if sum(len(it) for it in pieces if isinstance(it, str)) > LONGEST:
        raise too_long()
    return join(pieces)
