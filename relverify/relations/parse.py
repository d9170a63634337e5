"""Read a relation: a family by name, sums and products of relations, or an expression in x and y."""

from __future__ import annotations

import ast
import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

import sympy as sp

import relverify.relations
from relverify.core import symbols
from relverify.errors import InputError
from relverify.relations.family import Family
from relverify.relations.relation import Relation, from_expression
from relverify.rigor.parse import FUNCTIONS, Tree, parse_tree

ONE = ((symbols.x,), (symbols.y,))
MANY = ((symbols.x1, symbols.x2, symbols.x3), (symbols.y1, symbols.y2, symbols.y3))


@functools.cache
def families() -> Mapping[str, Family]:
    """All families by name, found by a walk over the folder."""
    found: dict[str, Family] = {}
    for info in pkgutil.iter_modules(relverify.relations.__path__):
        module = importlib.import_module(f"relverify.relations.{info.name}")
        family = getattr(module, "FAMILY", None)
        if isinstance(family, Family):
            found[family.name] = family
    return MappingProxyType(dict(sorted(found.items())))


def parse_relation(text: str | Relation, argument: str = "relation") -> Relation:
    """Read a relation from text.

    Parameters
    ----------
    text : str or Relation
        ``"gaussian(ell=1/2)"``, ``"2*brownian + bilinear(A=1)"``, or an expression such as ``"exp(-(x-y)**2)*cos(x)"``
        in x and y (or x1, x2, x3, y1, y2, y3). A relation is passed on.
    argument : str, optional
        How errors name the text.

    Returns
    -------
    Relation

    Raises
    ------
    InputError
        If the text cannot be read; it is never evaluated.

    Examples
    --------
    >>> parse_relation("gaussian(ell=1)*brownian").psd
    True
    >>> parse_relation("tanh(x - 2*y)").expr
    tanh(x - 2*y)
    """
    if isinstance(text, Relation):
        return text
    tree = parse_tree(text, argument)
    for node in ast.walk(tree.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            _require_known(node.func.id, argument)
    found = _build(tree)
    return from_expression(found) if isinstance(found, sp.Expr) else found


def _require_known(name: str, argument: str) -> None:
    if name not in FUNCTIONS and name not in families():
        shown = name if len(name) <= 40 else name[:37] + "..."
        raise InputError(argument, f"unknown function or family {shown!r}", ", ".join([*FUNCTIONS, *families()]))


def _build(tree: Tree) -> Relation | sp.Expr:
    if not _calls_family(tree.node):
        return _expression(tree)
    node = tree.node
    match node:
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) if name in families():
            return families()[name](tree.call()[1])
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
            return _combine(_build(tree.at(left)), op, _build(tree.at(right)))
        case ast.BinOp(left=left, op=ast.Div(), right=right) if not _calls_family(right):
            divisor = tree.at(right).expression({})
            if divisor.is_zero:
                raise InputError(tree.argument, "divides by zero")
            return _combine(_build(tree.at(left)), ast.Mult(), 1 / divisor)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _combine(sp.Integer(-1), ast.Mult(), _build(tree.at(operand)))
    raise InputError(tree.argument, "uses a family inside a function or a power", "sums and products of families")


def _combine(left: Relation | sp.Expr, op: ast.operator, right: Relation | sp.Expr) -> Relation:
    shape = next(p for p in (left, right) if isinstance(p, Relation))
    xs, ys = shape.x_symbols, shape.y_symbols
    left, right = (p if isinstance(p, Relation) else from_expression(p, xs, ys) for p in (left, right))
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
    return left * right


def _expression(tree: Tree) -> Relation | sp.Expr:
    names = {node.id for node in ast.walk(tree.node) if isinstance(node, ast.Name)}
    many = {s.name for group in MANY for s in group}
    xs, ys = ONE
    if names & many:
        width_x = max((i + 1 for i, s in enumerate(MANY[0]) if s.name in names), default=1)
        width_y = max((i + 1 for i, s in enumerate(MANY[1]) if s.name in names), default=1)
        width = max(width_x, width_y)
        xs, ys = MANY[0][:width], MANY[1][:width]
    expr = tree.expression({s.name: s for s in xs + ys})
    return expr if expr.is_number else from_expression(expr, xs, ys)


def _calls_family(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id in families() for part in ast.walk(node))
