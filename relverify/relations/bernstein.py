"""Analytic relations: bounds on Bernstein ellipses."""

from __future__ import annotations

import heapq
import math
from typing import Any

import sympy as sp
from flint import acb, arb, ctx, fmpq

from relverify.core.box import Interval
from relverify.errors import InputError, UnknownNode
from relverify.relations.sup import round_up
from relverify.rigor.enclose import arf_to_fmpq
from relverify.rigor.exact import from_fmpq, to_fmpq
from relverify.rigor.quadrature import compile_acb

PREC = 64
SLACK = fmpq(1, 50)
MAX_CELLS = 6000
RATIOS = tuple(sp.Rational(*q) for q in ((5, 4), (3, 2), (2, 1), (3, 1), (4, 1), (6, 1), (9, 1), (14, 1)))


def ellipse_bound(
    function: sp.Expr, symbol: sp.Symbol, side: Interval, others: dict[sp.Symbol, Interval], rho: sp.Expr
) -> sp.Rational | None:
    """A rational M >= sup|r(z, y)| over the Bernstein ellipse E_ρ of an interval and all y.

    Parameters
    ----------
    function : Expr
        r.
    symbol : Symbol
        The variable that becomes complex.
    side : Interval
        Mapped to [-1, 1] by an affine function; E_ρ is bounded by the image of (ρe^{it} + e^{-it}/ρ)/2.
    others : dict of Symbol to Interval
        The real variables.
    rho : Expr
        Rational, greater than 1.

    Returns
    -------
    Rational or None
        None where r is not proved to be analytic and bounded on the filled ellipse.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> unit = Interval(sp.Integer(-1), sp.Integer(1))
    >>> bound = ellipse_bound(sp.exp(z), z, unit, {}, sp.Integer(2))
    >>> bool(bound >= sp.exp(sp.Rational(5, 4))), bool(bound <= 1.05 * sp.exp(sp.Rational(5, 4)))
    (True, True)
    """
    try:
        code = compile_acb(function, (symbol, *others))
    except UnknownNode:
        return None
    q = to_fmpq(rho, "rho")
    centre, radius = to_fmpq((side.lo + side.hi) / 2), to_fmpq(side.length / 2)
    wide, high = radius * (q + 1 / q) / 2, radius * (q - 1 / q) / 2
    with ctx.workprec(PREC):
        box = [(-wide, wide), (-high, high), *(o.ends for o in others.values())]
        if not _analytic(code, box, centre, (wide, high)):
            return None

        def on_ellipse(cell: tuple[tuple[fmpq, fmpq], ...]) -> arb:
            turn = _ball(*cell[0])
            z = acb(arb(centre) + arb(wide) * turn.cos_pi(), arb(high) * turn.sin_pi())
            return abs(code(z, *(acb(_ball(*end)) for end in cell[1:])))

        return _greatest(on_ellipse, ((fmpq(0), fmpq(2)), *(o.ends for o in others.values())))


def _ball(low: fmpq, high: fmpq) -> arb:
    return arb(low).union(arb(high))


def _halves(cell: tuple[tuple[fmpq, fmpq], ...], weights: list[fmpq]) -> list[tuple[tuple[fmpq, fmpq], ...]]:
    axis = max(range(len(cell)), key=lambda i: (cell[i][1] - cell[i][0]) * weights[i])
    low, high = cell[axis]
    middle = (low + high) / 2
    return [(*cell[:axis], part, *cell[axis + 1 :]) for part in ((low, middle), (middle, high))]


def _analytic(code: Any, box: list[tuple[fmpq, fmpq]], centre: fmpq, axes: tuple[fmpq, fmpq]) -> bool:
    """Whether the values are analytic and finite on a cover of the filled ellipse, by bisection."""
    cells, tried = [tuple(box)], 0
    while cells:
        cell = cells.pop()
        tried += 1
        (xa, xb), (ya, yb) = cell[:2]
        nearest = [max(a, -b, fmpq(0)) for a, b in ((xa, xb), (ya, yb))]
        if (nearest[0] / axes[0]) ** 2 + (nearest[1] / axes[1]) ** 2 > 1:
            continue
        z = acb(arb(centre) + _ball(xa, xb), _ball(ya, yb))
        if code(z, *(acb(_ball(*end)) for end in cell[2:]), analytic=True).is_finite():
            continue
        if tried > MAX_CELLS:
            return False
        cells += _halves(cell, [fmpq(1)] * len(cell))
    return True


def _greatest(function: Any, box: tuple[tuple[fmpq, fmpq], ...]) -> sp.Rational | None:
    """Branch and bound; the maximum over the filled ellipse is taken on its boundary."""
    best = fmpq(0)
    heap: list[tuple[float, int, arb, tuple[tuple[fmpq, fmpq], ...]]] = []
    count = 0

    def push(cell: tuple[tuple[fmpq, fmpq], ...]) -> None:
        nonlocal best, count
        middle = function(tuple(((a + b) / 2, (a + b) / 2) for a, b in cell))
        if middle.is_finite():
            best = max(best, arf_to_fmpq(middle.abs_lower()))
        size = function(cell).upper()
        count += 1
        heapq.heappush(heap, (-float(size) if size.is_finite() else -math.inf, count, size, cell))

    push(box)
    while True:
        _, _, size, cell = heap[0]
        if size.is_finite() and (size <= arb(best * (1 + SLACK)) or count >= MAX_CELLS):
            return from_fmpq(round_up(max(arf_to_fmpq(entry[2]) for entry in heap)))
        if count >= MAX_CELLS:
            return None
        heapq.heappop(heap)
        for half in _halves(cell, [fmpq(1)] * len(cell)):
            push(half)


def best_ellipse(
    function: sp.Expr, symbol: sp.Symbol, side: Interval, others: dict[sp.Symbol, Interval], text: str
) -> tuple[sp.Rational, sp.Rational]:
    """ρ from a fixed list and M, so that 2Mρ^{-(d-1)}/(ρ-1) reaches 1e-3 with few terms.

    Raises
    ------
    InputError
        If no ellipse of the list is one of analyticity.
    """
    found: list[tuple[float, sp.Rational, sp.Rational]] = []
    for rho in RATIOS:
        bound = ellipse_bound(function, symbol, side, others, rho)
        if bound is None:
            break
        terms = 1 + math.log(max(2e3 * float(bound) / (float(rho) - 1), 1.0)) / math.log(float(rho))
        if found and terms > 2 * found[-1][0]:
            break
        found.append((terms, rho, bound))
    if not found:
        problem = f"{text} is not proved to be analytic in {symbol} on an ellipse with rho >= {RATIOS[0]}"
        raise InputError("relation", problem, "a relation that is analytic around the box")
    _, rho, bound = min(found)
    return rho, bound
