"""Suprema over boxes by branch and bound, rounded up to a rational."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.errors import UnknownNode
from relverify.rigor.calculus import derivative
from relverify.rigor.enclose import arf_to_fmpq, compile_arb
from relverify.rigor.exact import from_fmpq

PREC = 64
TIE = 1e-12
MAX_CELLS = 20_000
SLACK = fmpq(1, 1000)
# enough to know that a function is bounded
ROUGHLY = fmpq(100)


def supremum(expression: sp.Expr, box: Mapping[sp.Symbol, tuple[fmpq, fmpq]], slack: fmpq = SLACK) -> sp.Rational:
    """A rational number that is at least sup|f| over a box, and close to it.

    Parameters
    ----------
    expression : Expr
    box : mapping of Symbol to (lower, upper)
        Rational ends.
    slack : fmpq
        The search ends when the bound is within this relative distance of a value that is taken.

    Returns
    -------
    Rational
        Within `slack` of the supremum unless the number of cells runs out; an upper bound in any case.

    Raises
    ------
    ArithmeticError
        If the expression is not bounded on the box, as far as balls can tell.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> float(supremum(sp.sin(x), {x: (fmpq(0), fmpq(3))}))  # doctest: +ELLIPSIS
    1.000...
    """
    if expression == 0:
        return sp.Integer(0)
    function, slopes = compile_arb(expression, tuple(box)), _slopes(expression, tuple(box))
    with ctx.workprec(PREC):
        best = fmpq(0)
        heap: list[tuple[float, int, arb, tuple[tuple[fmpq, fmpq], ...]]] = []
        serial = 0

        def push(cell: tuple[tuple[fmpq, fmpq], ...]) -> None:
            nonlocal best, serial
            sides, centre = (
                [arb(low).union(arb(high)) for low, high in cell],
                [arb((low + high) / 2) for low, high in cell],
            )
            size, middle = abs(function(*sides)).upper(), function(*centre)
            if middle.is_finite():
                best = max(best, arf_to_fmpq(abs(middle).abs_lower()))
                if slopes is not None and size.is_finite():
                    # the mean value form, whose excess is quadratic in the sides
                    moves = zip(slopes(*sides), sides, centre, strict=True)
                    form = abs(sum((slope * (side - mid) for slope, side, mid in moves), middle)).upper()
                    size = form if form < size else size
            serial += 1
            key = -float(size) if size.is_finite() else float("-inf")
            heapq.heappush(heap, (key, serial, size, cell))

        push(tuple(box.values()))
        while True:
            _, _, size, cell = heap[0]
            finite = size.is_finite()
            if finite and size <= arb(best * (1 + slack)):
                break
            if serial >= MAX_CELLS or (not finite and serial >= MAX_CELLS // 10):
                if not finite:
                    raise ArithmeticError(f"{expression} is not bounded")
                break
            heapq.heappop(heap)
            axis = max(range(len(cell)), key=lambda i: cell[i][1] - cell[i][0])
            low, high = cell[axis]
            half = (low + high) / 2
            push((*cell[:axis], (low, half), *cell[axis + 1 :]))
            push((*cell[:axis], (half, high), *cell[axis + 1 :]))
        # the heap is ordered by rounded sizes, so the cells that tie with the first are compared exactly
        first = heap[0][0] * (1 - TIE)
        return from_fmpq(round_up(max(arf_to_fmpq(size) for key, _, size, _ in heap if key <= first)))


def _slopes(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> Callable[..., tuple[arb, ...]] | None:
    """The partial derivatives, or None where the mean value theorem may fail: at jumps that they do not show."""
    if expression.has(sp.Piecewise, sp.floor, sp.ceiling, sp.sign, sp.Heaviside, sp.DiracDelta):
        return None
    try:
        return compile_arb([derivative(expression, symbol) for symbol in symbols], symbols)
    except UnknownNode:
        return None


def round_up(value: fmpq) -> fmpq:
    """Round a positive number up to 20 significant bits, for the reader and for cheap exact arithmetic.

    Examples
    --------
    >>> round_up(fmpq(1, 3))
    699051/2097152
    """
    if value == 0:
        return value
    shift = 20 - (int(value.p).bit_length() - int(value.q).bit_length())
    scale = fmpq(2) ** shift
    return fmpq((value * scale).ceil()) / scale
