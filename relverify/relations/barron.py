"""Total variations of slopes and curved Barron norms of functions of one variable, enclosed."""

from __future__ import annotations

import heapq
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.core.box import Interval
from relverify.relations.sup import round_up
from relverify.rigor.calculus import derivative
from relverify.rigor.enclose import arf_to_fmpq, compile_arb
from relverify.rigor.exact import from_fmpq, to_fmpq

CELLS, FINE = 16, 512
DEPTH = 24
PREC = 96
SLACK = fmpq(1, 40)
MAX_SECTIONS = 4000


def slope_variation(function: sp.Expr, symbol: sp.Symbol, side: Interval) -> arb:
    """Enclose ∫|h''|, the total variation of h' on an interval.

    Parameters
    ----------
    function : Expr
        h, twice differentiable.
    symbol : Symbol
        Its variable.
    side : Interval

    Returns
    -------
    arb
        Not finite where the second derivative is not bounded.

    Notes
    -----
    Where h'' keeps its sign its integral is a difference of values of h'; the other cells are bisected.

    Examples
    --------
    >>> t = sp.Symbol("t", real=True)
    >>> ball = slope_variation(sp.sin(3 * t), t, Interval(sp.Integer(0), sp.Integer(1)))
    >>> ball.overlaps(arb(3) * (1 - arb(3).cos())), float(ball.rad()) < 1e-3
    (True, True)
    """
    return _Curvature(function, symbol, None, curved=False).integral(side, CELLS, DEPTH)


def curved_barron(function: sp.Expr, symbol: sp.Symbol, side: Interval) -> arb:
    """Enclose V' = ∫|h''(s)| √(1+s²) ds, the curved part of the Barron norm for x̃ = (x, 1).

    Parameters
    ----------
    function, symbol, side
        See :func:`slope_variation`.

    Returns
    -------
    arb

    Examples
    --------
    >>> t = sp.Symbol("t", real=True)
    >>> ball = curved_barron(t**2, t, Interval(sp.Integer(0), sp.Integer(1)))
    >>> ball.overlaps(arb(2).sqrt() + arb(1).asinh()), float(ball.rad()) < 1e-3
    (True, True)
    """
    return _Curvature(function, symbol, None, curved=True).integral(side, FINE, DEPTH)


class _Curvature:
    """Integrals of |h''| with the weight 1 or √(1+s²), for h with one parameter at most."""

    def __init__(self, function: sp.Expr, symbol: sp.Symbol, parameter: sp.Symbol | None, curved: bool) -> None:
        arguments = (symbol,) if parameter is None else (symbol, parameter)
        self.value = compile_arb(function, arguments)
        self.slope = compile_arb(derivative(function, symbol), arguments)
        self.curvature = compile_arb(derivative(function, symbol, 2), arguments)
        self.curved = curved

    def integral(self, side: Interval, cells: int, depth: int, *parameter: arb) -> arb:
        """The integral over an interval: cells on which h'' has one sign exactly, the others bisected."""
        low, high = side.ends
        step = (high - low) / cells
        stack = [(low + step * i, low + step * (i + 1), 0) for i in reversed(range(cells))]
        total = arb(0)
        # a run is an interval on which h'' has one sign: without a weight, only the slopes at its ends count
        run: tuple[fmpq, int] | None = None
        with ctx.workprec(PREC):
            while stack:
                a, b, level = stack.pop()
                cell = arb(a).union(arb(b))
                bend = self.curvature(cell, *parameter)
                sign = 1 if bend >= 0 else -1 if bend <= 0 else 0
                if sign == 0 and level < depth:
                    middle = (a + b) / 2
                    stack += [(middle, b, level + 1), (a, middle, level + 1)]
                    continue
                if run is not None and run[1] != sign:
                    total += self._change(run, a, parameter)
                    run = None
                if sign == 0:
                    size = abs(bend).upper() * arb(b - a)
                    total += arb(0).union(size * (1 + cell * cell).sqrt() if self.curved else size)
                elif self.curved:
                    total += sign * self._weighted(a, b, parameter)
                else:
                    run = run or (a, sign)
            if run is not None:
                total += self._change(run, high, parameter)
        return total

    def _change(self, run: tuple[fmpq, int], end: fmpq, parameter: tuple[arb, ...]) -> arb:
        return run[1] * (self.slope(arb(end), *parameter) - self.slope(arb(run[0]), *parameter))

    def _weighted(self, a: fmpq, b: fmpq, parameter: tuple[arb, ...]) -> arb:
        """∫ h'' w with w = √(1+s²) expanded to first order at the middle; w'' is in [0, 1] and h'' has one sign."""
        length, middle = arb(b - a), arb((a + b) / 2)
        left, right = self.slope(arb(a), *parameter), self.slope(arb(b), *parameter)
        moment = (left + right) * length / 2 - (self.value(arb(b), *parameter) - self.value(arb(a), *parameter))
        w = (1 + middle * middle).sqrt()
        rest = (right - left) * length * length / 8
        return w * (right - left) + middle / w * moment + arb(0).union(rest)


def greatest_section(
    function: sp.Expr, symbol: sp.Symbol, other: sp.Symbol, side: Interval, others: Interval, curved: bool
) -> sp.Rational:
    """A rational upper bound of the largest :func:`slope_variation` or :func:`curved_barron` of a section r(·, y).

    Parameters
    ----------
    function : Expr
        r.
    symbol, other : Symbol
        x and y.
    side, others : Interval
        Of x and y.
    curved : bool
        Whether the curved Barron norm is meant.

    Returns
    -------
    Rational
        Within 3 percent of the supremum unless the number of sections runs out.

    Raises
    ------
    ArithmeticError
        If it is not finite, as far as balls can tell.
    """
    curvature = _Curvature(function, symbol, other, curved)
    # more of them would add up what each loses on an interval of sections
    cells = max(4, int(-(-side.length // sp.Rational(1, 4)))) if curved else CELLS

    def size(low: fmpq, high: fmpq) -> arb:
        with ctx.workprec(PREC):
            section = arb(low).union(arb(high))
        return curvature.integral(side, cells, 12 if low == high else 6, section)

    low, high = others.ends
    best = fmpq(0)
    heap: list[tuple[float, int, Any, fmpq, fmpq]] = []
    count = 0

    def push(a: fmpq, b: fmpq) -> None:
        nonlocal best, count
        middle, whole = size((a + b) / 2, (a + b) / 2), size(a, b)
        if middle.is_finite():
            best = max(best, arf_to_fmpq(middle.abs_lower()))
        count += 1
        key = -float(whole.upper()) if whole.is_finite() else float("-inf")
        heapq.heappush(heap, (key, count, whole.upper(), a, b))

    push(low, high)
    while True:
        _, _, top, a, b = heap[0]
        if top.is_finite() and (top <= arb(best * (1 + SLACK)) or count >= MAX_SECTIONS):
            return from_fmpq(round_up(max(arf_to_fmpq(entry[2]) for entry in heap)))
        if count >= MAX_SECTIONS // 8 and not top.is_finite():
            raise ArithmeticError("the variation of the slope is not finite")
        heapq.heappop(heap)
        push(a, (a + b) / 2)
        push((a + b) / 2, b)


def augmented_length(side: Interval) -> sp.Expr:
    """∫ √(1+s²) ds over an interval, in closed form."""

    def primitive(s: sp.Expr) -> sp.Expr:
        return (s * sp.sqrt(1 + s**2) + sp.asinh(s)) / 2

    return primitive(side.hi) - primitive(side.lo)


def integral_bound(ball: arb) -> sp.Rational:
    """A rational number at least as large as a ball that is finite."""
    return from_fmpq(round_up(to_fmpq(arf_to_fmpq(ball.upper()))))
