"""Suprema over boxes by branch and bound, rounded up to a rational."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import sympy as sp
from flint import arb, ctx, fmpq

from relverify.rigor.enclose import arf_to_fmpq, compile_arb
from relverify.rigor.exact import from_fmpq

PREC = 64
MAX_CELLS = 20_000
SLACK = fmpq(1, 1000)


def supremum(
    expression: sp.Expr, box: Mapping[sp.Symbol, tuple[fmpq, fmpq]], slack: fmpq = SLACK
) -> sp.Rational:
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
    function = compile_arb(expression, tuple(box))
    with ctx.workprec(PREC):
        best = fmpq(0)
        heap: list[tuple[float, int, arb, tuple[tuple[fmpq, fmpq], ...]]] = []
        serial = 0

        def push(cell: tuple[tuple[fmpq, fmpq], ...]) -> None:
            nonlocal best, serial
            size = abs(function(*[arb(low).union(arb(high)) for low, high in cell])).upper()
            middle = function(*[arb((low + high) / 2) for low, high in cell])
            if middle.is_finite():
                best = max(best, arf_to_fmpq(abs(middle).abs_lower()))
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
        return from_fmpq(_short(arf_to_fmpq(heap[0][2].upper())))


def _short(value: fmpq) -> fmpq:
    """Round up to 20 significant bits, for the reader and for cheap exact arithmetic."""
    shift = 20 - (int(value.p).bit_length() - int(value.q).bit_length())
    scale = fmpq(2) ** shift
    return fmpq((value * scale).ceil()) / scale
