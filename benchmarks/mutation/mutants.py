"""What cosmic-ray would change in a program."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code


def annotated(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The places of annotations, which are never evaluated."""
    nodes = [n for node in ast.walk(ast.parse(source)) for field in ("annotation", "returns")
             if (n := getattr(node, field, None)) is not None]  # fmt: skip
    return [((n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset)) for n in nodes]


def mutants(source: str) -> Iterator[tuple[str, int, int]]:
    """Operator, occurrence and line of everything that cosmic-ray would change, annotations apart."""
    nodes, apart = list(ast_nodes(get_ast(source))), annotated(source)
    for name in plugins.operator_names():
        if not (kind := plugins.get_operator(name)).arguments():
            places = (begin for node in nodes for begin, _ in kind().mutation_positions(node))
            for k, place in enumerate(places):
                if not any(a <= place < b for a, b in apart):
                    yield name, k, place[0]


def mutated(source: str, operator: str, occurrence: int) -> str | None:
    """The mutated source; None if it is no program, or the same program."""
    code = mutate_code(source, plugins.get_operator(operator)(), occurrence)
    try:
        same = ast.dump(ast.parse(code)) == ast.dump(ast.parse(source))
        compile(code, "mutant", "exec")
    except (SyntaxError, ValueError):
        return None
    return None if same else code
