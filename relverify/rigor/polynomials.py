"""Suprema of polynomials over intervals and cells, from exact coefficients."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise

from flint import arb, ctx, fmpq, fmpq_mat, fmpq_poly

MAX_CELLS = 200_000


def sup_abs(polynomial: fmpq_poly, lo: fmpq, hi: fmpq, prec: int = 128) -> arb:
    """Enclose sup|p| over an interval.

    Parameters
    ----------
    polynomial : fmpq_poly
    lo, hi : fmpq
        ``lo <= hi``.
    prec : int
        Working precision in bits.

    Returns
    -------
    arb
        Contains the supremum: the largest value at the ends and at the isolated critical points.

    Examples
    --------
    >>> sup_abs(fmpq_poly([0, -1, 0, 1]), fmpq(0), fmpq(1)).overlaps(2 / arb(27).sqrt())
    True
    """
    with ctx.workprec(prec):
        best = abs(arb(polynomial(lo))).max(abs(arb(polynomial(hi))))
        slope = polynomial.derivative()
        if slope.degree() < 1:
            return best
        for root, _ in slope.numer().complex_roots():
            # real roots come with an imaginary part that is exactly zero
            if root.imag.contains(0) and not (root.real < arb(lo)) and not (root.real > arb(hi)):
                best = best.max(abs(_horner(polynomial, root.real)))
        return best


def _horner(polynomial: fmpq_poly, x: arb) -> arb:
    value = arb(0)
    for coefficient in reversed(polynomial.coeffs()):
        value = value * x + arb(coefficient)
    return value


def sup_error(
    coefficients: fmpq_mat, xs: Sequence[fmpq], ys: Sequence[fmpq], nodal: fmpq_mat, tolerance: fmpq
) -> tuple[fmpq, fmpq]:
    """Bound sup|r - B| from both sides, for a biquadratic r and a function B that is bilinear on every cell.

    Parameters
    ----------
    coefficients : fmpq_mat, shape (3, 3)
        ``r(x, y) = sum_ab coefficients[a, b] x^a y^b``.
    xs, ys : sequence of fmpq, increasing, lengths n + 1 and m + 1
        The grid.
    nodal : fmpq_mat, shape (n + 1, m + 1)
        The values of B at the grid points.
    tolerance : fmpq
        The search ends when ``upper <= (1 + tolerance) * lower``.

    Returns
    -------
    lower, upper : fmpq
        Proved in exact arithmetic, by Bernstein coefficients and bisection.

    Examples
    --------
    >>> square = fmpq_mat(3, 3, [0, 0, 0, 0, 0, 0, 1, 0, 0])
    >>> sup_error(square, [fmpq(0), fmpq(1)], [fmpq(0), fmpq(1)], fmpq_mat(2, 2, [0, 0, 1, 1]), fmpq(1, 100))
    (1/4, 1/4)
    """
    lower, serial = fmpq(0), 0
    heap: list[tuple[fmpq, int, fmpq_mat, tuple[fmpq, fmpq, fmpq, fmpq]]] = []

    def push(error: fmpq_mat, cell: tuple[fmpq, fmpq, fmpq, fmpq]) -> None:
        nonlocal lower, serial
        bernstein = _blossoms(*cell[:2]) * error * _blossoms(*cell[2:]).transpose()
        sizes = [abs(v) for v in bernstein.entries()]
        middle = (cell[0] + cell[1]) / 2, (cell[2] + cell[3]) / 2
        lower = max(lower, sizes[0], sizes[2], sizes[6], sizes[8], abs(_value(error, *middle)))
        serial += 1
        heapq.heappush(heap, (-max(sizes), serial, error, cell))

    for i, (xa, xb) in enumerate(pairwise(xs)):
        for j, (ya, yb) in enumerate(pairwise(ys)):
            corners = fmpq_mat(2, 2, [nodal[i, j], nodal[i, j + 1], nodal[i + 1, j], nodal[i + 1, j + 1]])
            push(coefficients - _bilinear(corners, xa, xb, ya, yb), (xa, xb, ya, yb))
    while -heap[0][0] > (1 + tolerance) * lower and serial < MAX_CELLS:
        _, _, error, (xa, xb, ya, yb) = heapq.heappop(heap)
        if xb - xa >= yb - ya:
            parts = [(xa, (xa + xb) / 2, ya, yb), ((xa + xb) / 2, xb, ya, yb)]
        else:
            parts = [(xa, xb, ya, (ya + yb) / 2), (xa, xb, (ya + yb) / 2, yb)]
        for part in parts:
            push(error, part)
    return lower, -heap[0][0]


def hull(lower: fmpq, upper: fmpq) -> arb:
    """The smallest ball that contains two rational numbers, at the current precision.

    Examples
    --------
    >>> hull(fmpq(1), fmpq(1)).is_exact()
    True
    """
    return arb(lower) if lower == upper else arb(lower).union(arb(upper))


def sup_quadratic(c0: fmpq, c1: fmpq, c2: fmpq, lo: fmpq, hi: fmpq) -> fmpq:
    """The exact value of sup|c0 + c1 x + c2 x^2| over an interval.

    Examples
    --------
    >>> sup_quadratic(fmpq(-1), fmpq(0), fmpq(1), fmpq(-1, 2), fmpq(1))
    1
    """
    points = [lo, hi]
    if c2 != 0 and lo < -c1 / (2 * c2) < hi:
        points.append(-c1 / (2 * c2))
    return max(abs(c0 + c1 * x + c2 * x * x) for x in points)


def _blossoms(a: fmpq, b: fmpq) -> fmpq_mat:
    """Monomials of degree at most 2 to Bernstein coefficients on [a, b]."""
    return fmpq_mat(3, 3, [1, a, a * a, 1, (a + b) / 2, a * b, 1, b, b * b])


def _bilinear(corners: fmpq_mat, xa: fmpq, xb: fmpq, ya: fmpq, yb: fmpq) -> fmpq_mat:
    """Coefficients of the bilinear function with given values at the corners."""
    left = fmpq_mat(2, 2, [xb, -xa, -1, 1]) * corners
    part = left * fmpq_mat(2, 2, [yb, -1, -ya, 1])
    scale = (xb - xa) * (yb - ya)
    full = fmpq_mat(3, 3)
    for a in range(2):
        for b in range(2):
            full[a, b] = part[a, b] / scale
    return full


def _value(coefficients: fmpq_mat, x: fmpq, y: fmpq) -> fmpq:
    return (fmpq_mat(1, 3, [1, x, x * x]) * coefficients * fmpq_mat(3, 1, [1, y, y * y]))[0, 0]
