"""The properties of a relation on boxes that theorems ask for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from relverify.core.box import Box
from relverify.core.theorem import Theorem
from relverify.errors import InputError
from relverify.relations.relation import Relation
from relverify.relations.sup import supremum

Property = Callable[[Relation, Box, Box], sp.Expr]


def _diagonal_root(relation: Relation, x: Box, y: Box) -> sp.Expr:
    (symbol,), (other,) = relation.x_symbols, relation.y_symbols
    return sp.sqrt(supremum(relation.expr.subs(other, symbol), {symbol: x[0].ends}))


def _third_derivative(relation: Relation, x: Box, y: Box) -> sp.Expr:
    """The larger of sup|∂³r/∂x³| and sup|∂³r/∂x²∂y|."""
    (symbol,), (other,) = relation.x_symbols, relation.y_symbols
    second, cell = relation.expr.diff(symbol, 2), {symbol: x[0].ends, other: y[0].ends}
    try:
        return max(supremum(second.diff(s), cell) for s in (symbol, other))
    except ArithmeticError:
        problem = f"{relation.text} has no bounded third derivative on {x} x {y}"
        raise InputError("relation", problem, "a relation that is three times differentiable there") from None


PROPERTIES: Mapping[str, Property] = {
    "length_x": lambda r, x, y: x[0].length,
    "length_y": lambda r, x, y: y[0].length,
    "second_derivative_x": lambda r, x, y: r.second_derivative_sup("x", x, y),
    "second_derivative_y": lambda r, x, y: r.second_derivative_sup("y", x, y),
    "sup": lambda r, x, y: r.sup(x, y),
    "third_derivative": _third_derivative,
    "diagonal_root": _diagonal_root,
}


def constants(theorem: Theorem, relation: Relation, x: Box, y: Box, wanted: set[str]) -> dict[str, sp.Expr]:
    """The values of the quantities of a theorem that a relation on boxes determines.

    Parameters
    ----------
    theorem : Theorem
    relation : Relation
    x, y : Box
        One-dimensional.
    wanted : set of str
        The names of the symbols to compute.

    Returns
    -------
    dict
        Exact upper bounds, by the name of the symbol.

    Raises
    ------
    InputError
        If the relation does not have a property that the theorem needs.

    Examples
    --------
    >>> from relverify.core.box import parse_box
    >>> from relverify.core.registry import theorem
    >>> from relverify.relations import parse_relation
    >>> unit = parse_box("[0,1]")
    >>> constants(theorem("grid-neurons"), parse_relation("gaussian(ell=1/2)"), unit, unit, {"L", "M"})
    {'L': 1, 'M': 4}
    """
    symmetric_only = any(isinstance(h, str) and "PSD" in h for h in theorem.formal().hypotheses)
    if symmetric_only and not (relation.symmetric and x == y and relation.psd_on(x) is not False):
        raise InputError(
            "relation", f"{relation.text} is not symmetric positive semidefinite", f"a PSD kernel for {theorem.label}"
        )
    found: dict[str, sp.Expr] = {}
    for quantity in theorem.formal().quantities:
        if quantity.symbol.name in wanted and quantity.of_relation:
            found[quantity.symbol.name] = PROPERTIES[quantity.of_relation](relation, x, y)
    return found
