"""Why a relation has no finite bound on some cells: it divides by zero, or is undefined, at a point of the box.

A search asks when bounds are infinite. Points are tried in float64, and what is said of one is proved in balls.
Points beside the place are returned as well: an error that grows there may refute what it was to be at most.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import flint
import numpy as np
import sympy as sp
from flint import arb, fmpq

from relverify.errors import UnknownNode
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import dyadic
from relverify.rigor.pictures import compile_numpy

PREC = 128
SAMPLE = 4096


class Singular(NamedTuple):
    """A reason, and points beside the place, shape (n, p)."""

    reason: str
    beside: np.ndarray


class Part(NamedTuple):
    """A subexpression on whose sign the relation depends."""

    expr: sp.Expr
    action: str  # what the relation does with it
    zero: bool  # whether it may be 0
    negative: bool  # whether it may be negative
    floats: Callable[..., np.ndarray]
    ball: Callable[..., arb]


@lru_cache(maxsize=64)
def _parts(expr: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> tuple[Part, ...]:
    found: dict[tuple[sp.Expr, str], tuple[bool, bool]] = {}
    for node in sp.preorder_traversal(expr):
        if isinstance(node, sp.Pow):
            base, exponent = node.args
            if exponent.is_Integer and exponent.is_negative:
                found[base, "divides by"] = False, True
            elif exponent.is_Rational and exponent.is_negative:
                found[base, "divides by a root of"] = False, False
            elif exponent.is_Rational and not exponent.is_Integer:
                found[base, "takes a root of"] = True, False
            elif not exponent.is_Rational and base != sp.E:
                found[base, "takes a power of"] = False, False
        elif isinstance(node, sp.log):
            found[node.args[0], "takes the logarithm of"] = False, False
        elif isinstance(node, sp.tan):
            found[sp.cos(node.args[0]), "divides by"] = False, True
        elif isinstance(node, sp.cot):
            found[sp.sin(node.args[0]), "divides by"] = False, True
    parts = []
    for (part, action), (zero, negative) in found.items():
        if part.free_symbols:
            try:
                code = compile_numpy(part, symbols), compile_arb(part, symbols)
            except UnknownNode:
                continue
            parts.append(Part(part, action, zero, negative, *code))
    return tuple(parts)


def undefined(
    expr: sp.Expr, symbols: Sequence[sp.Symbol], points: np.ndarray, ends: Sequence[tuple[fmpq, fmpq]]
) -> Singular | None:
    """Say why an expression is unbounded or undefined, if that shows at some of the points of a box.

    Parameters
    ----------
    expr : Expr
    symbols : sequence of Symbol
    points : ndarray, shape (n, p)
        They are moved into the box.
    ends : sequence of (fmpq, fmpq)
        The box.

    Returns
    -------
    Singular or None
        None if nothing was found, which proves nothing.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> box = [(fmpq(0), fmpq(1))] * 2
    >>> undefined(sp.log(x - y), (x, y), grid(box), box).reason
    'r takes the logarithm of x - y, which is negative at (x, y) = (0, 1)'
    >>> undefined(1 / (x - y + sp.Rational(1, 3)), (x, y), grid(box), box).reason
    'r divides by x - y + 1/3, which has both signs'
    """
    for part in _parts(expr, tuple(symbols)):
        with np.errstate(all="ignore"):
            values = part.floats(*points.T)
        known = np.flatnonzero(np.isfinite(values))
        if not len(known):
            continue
        chosen = values[known].argmin(), values[known].argmax(), np.abs(values[known]).argmin()
        lowest, highest, nearest = (_inside(points[known[k]], ends) for k in chosen)
        ways = points[known[list(chosen[:2])]]
        said = f"r {part.action} {str(part.expr).replace('**', '^')}, which"
        below = _sign(part, lowest) == -1
        if below and not part.negative:
            return Singular(f"{said} is negative at {_place(symbols, lowest)}", _between(part, *ways))
        if not part.zero and _sign(part, nearest) == 0:
            zero = points[known[chosen[2]]]
            away = np.concatenate([ways, points.mean(axis=0)[None]]) - zero
            beside = zero + 2.0 ** -np.arange(60.0)[:, None, None] * away
            return Singular(f"{said} is 0 at {_place(symbols, nearest)}", beside.reshape(-1, len(ends)))
        if not part.zero and below and _sign(part, highest) == 1:
            return Singular(f"{said} has both signs", _between(part, *ways))
    return None


def _between(part: Part, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Points of a segment that close in on a change of sign, if there is one."""
    tried = []
    for _ in range(60):
        middle = 0.5 * (low + high)
        tried.append(middle)
        with np.errstate(all="ignore"):
            value = part.floats(*middle[:, None])[0]
        if value > 0:
            high = middle
        else:
            low = middle
    return np.array(tried)


def grid(ends: Sequence[tuple[fmpq, fmpq]]) -> np.ndarray:
    """Points of a box, its corners among them, shape (n, p)."""
    count = max(2, int(SAMPLE ** (1 / len(ends)) + 1e-9))
    lines: list[Any] = [np.linspace(int(a.p) / int(a.q), int(b.p) / int(b.q), count) for a, b in ends]
    return np.stack([v.ravel() for v in np.meshgrid(*lines, indexing="ij")], axis=1)


def corners(lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """The corners and centres of cells, shape (n (2^p + 1), p)."""
    choices = [np.where(np.array(bits) == 1, hi, lo) for bits in itertools.product((0, 1), repeat=lo.shape[1])]
    return np.concatenate([*choices, lo + 0.5 * (hi - lo)])


def _inside(point: np.ndarray, ends: Sequence[tuple[fmpq, fmpq]]) -> list[fmpq]:
    return [min(max(dyadic(float(v)), a), b) for v, (a, b) in zip(point, ends, strict=True)]


def _sign(part: Part, point: list[fmpq]) -> int | None:
    with flint.ctx.workprec(PREC):
        ball = part.ball(*(arb(v) for v in point))
        if ball.is_zero():
            return 0
        return 1 if ball > 0 else -1 if ball < 0 else None


def _place(symbols: Sequence[sp.Symbol], point: list[fmpq]) -> str:
    names = ", ".join(s.name for s in symbols)
    return f"({names}) = ({', '.join(f'{int(v.p) / int(v.q):.6g}' for v in point)})"
