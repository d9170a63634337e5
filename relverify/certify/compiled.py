"""What certificates share: relations compiled with their derivatives, interval ends, outward rounding to float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import sympy
from flint import arb, fmpq

from relverify.core.box import Box, parse_box
from relverify.errors import InputError, UnknownNode
from relverify.relations.relation import Relation
from relverify.rigor.calculus import derivative
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import dyadic

INFINITY = math.inf
FINITE = math.nextafter(INFINITY, 0.0)  # the most that a target may be: every bound would meet an infinite one
# squares of lengths, times curvatures, must not leave the range of float64
FARTHEST = 10**50
# nodes whose SymPy derivative forgets a jump or a kink, so that no remainder rule may rely on it
_FORGETFUL = (sympy.Piecewise, sympy.floor, sympy.ceiling, sympy.frac, sympy.Mod, sympy.atan2)


def rational_ends(box: Box | str, argument: str) -> tuple[fmpq, fmpq]:
    """Rational ends of a one-dimensional box.

    Parameters
    ----------
    box : Box or str
        For example ``"[0,1]"``.
    argument : str
        Name used in the error message.

    Returns
    -------
    tuple of fmpq

    Examples
    --------
    >>> rational_ends("[-1,1/3]", "x")
    (-1, 1/3)
    """
    parsed = parse_box(box, argument) if isinstance(box, str) else box
    if parsed.dim != 1:
        raise InputError(argument, f"has {parsed.dim} dimensions", "an interval such as [0,1]")
    low, high = parsed[0].ends
    if max(abs(low), abs(high)) > FARTHEST:
        raise InputError(argument, "has an end beyond 1e50", "ends from -1e50 to 1e50")
    return low, high


@dataclass(frozen=True)
class Compiled:
    """A relation as Arb code: value(x, y) is r, first(x, y) is (r_x, r_y), second(x, y) is (r_xx, r_yy)."""

    value: Callable[..., arb]
    first: Callable[..., tuple[arb, arb]]
    second: Callable[..., tuple[arb, arb]]


def compiled(relation: Relation) -> Compiled:
    """Compile a relation of two numbers and its derivatives along the axes.

    Parameters
    ----------
    relation : Relation

    Returns
    -------
    Compiled

    Raises
    ------
    InputError
        If x or y has several coordinates, or the derivative of the expression would hide a kink.
    """
    if not relation.one_dimensional:
        raise InputError("relation", "has several coordinates a side", "a relation of two numbers x and y")
    if relation.expr.has(*_FORGETFUL):
        raise InputError("relation", "has piecewise parts", "an expression of smooth functions, abs, min and max")
    try:
        return _compiled(relation.expr, relation.x_symbols[0], relation.y_symbols[0])
    except UnknownNode as error:
        raise InputError("relation", f"has a derivative without rigorous evaluation ({error.name})") from error


@lru_cache(maxsize=64)
def _compiled(expr: sympy.Expr, x: sympy.Symbol, y: sympy.Symbol) -> Compiled:
    first = (derivative(expr, x), derivative(expr, y))
    second = (derivative(expr, x, 2), derivative(expr, y, 2))
    return Compiled(*(compile_arb(e, (x, y)) for e in (expr, first, second)))


@dataclass(frozen=True)
class Kink:
    """A relation with a kink on x = y: (r_xx, r_yy, r_xy) of its smooth parts for x <= y and for x >= y."""

    below: Callable[..., tuple[arb, arb, arb]]
    above: Callable[..., tuple[arb, arb, arb]]


def diagonal_kink(relation: Relation) -> Kink | None:
    """Split a relation that contains min(x, y), max(x, y) or abs(x - y) into its parts beside the diagonal.

    Parameters
    ----------
    relation : Relation
        One variable each side.

    Returns
    -------
    Kink or None
        None if the relation contains none of these. Other kinks stay in the parts.

    Notes
    -----
    Each part is the relation itself on its closed side, and is extended across the diagonal by the same formula.
    """
    return _diagonal_kink(relation.expr, relation.x_symbols[0], relation.y_symbols[0])


@lru_cache(maxsize=64)
def _diagonal_kink(expr: sympy.Expr, x: sympy.Symbol, y: sympy.Symbol) -> Kink | None:
    def on_side(node: sympy.Expr, less: sympy.Symbol, more: sympy.Symbol) -> sympy.Expr:
        if isinstance(node, sympy.Min) and set(node.args) == {x, y}:
            return less
        if isinstance(node, sympy.Max) and set(node.args) == {x, y}:
            return more
        if isinstance(node, sympy.Abs):
            factor = sympy.cancel(node.args[0] / (x - y))
            if factor.is_Rational:
                return abs(factor) * (more - less)
        return node

    kinds = (sympy.Min, sympy.Max, sympy.Abs)
    sides = [
        expr.replace(lambda e: isinstance(e, kinds), lambda e, a=a, b=b: on_side(e, a, b)) for a, b in ((x, y), (y, x))
    ]
    if expr in sides:
        return None
    return Kink(*(compile_arb((p.diff(x, 2), p.diff(y, 2), p.diff(x, y)), (x, y)) for p in sides))


def up(value: arb) -> float:
    """Float64 at least as large as every number in the ball."""
    if value.is_zero():
        return 0.0
    bound = float(value.upper())
    return INFINITY if math.isnan(bound) else math.nextafter(bound, INFINITY)


def down(value: arb) -> float:
    """Float64 at most as large as every number in the ball."""
    return -up(-value)


def float_floor(value: fmpq) -> float:
    """Largest float64 that is at most a rational."""
    guess = int(value.p) / int(value.q)
    return guess if dyadic(guess) <= value else math.nextafter(guess, -INFINITY)
