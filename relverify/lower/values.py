"""Points of a box and the values of a relation there: for searches in float64, for proofs as rationals with a slack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flint
import numpy as np
from flint import arb, fmpq, fmpq_mat, fmpz

from relverify.core.box import Box
from relverify.errors import InputError
from relverify.relations.relation import Relation
from relverify.rigor.enclose import arf_to_fmpq, compile_arb
from relverify.rigor.exact import to_fmpq

Point = tuple[fmpq, ...]
BITS = 128
MAX_PRECISION = 4096


@dataclass(frozen=True)
class Values:
    """Rational numbers near the values of a relation.

    Parameters
    ----------
    matrix : fmpq_mat, shape (n, m)
        Multiples of ``2**-BITS``.
    slack : fmpq
        ``|r(x_i, y_j) - matrix[i, j]| <= slack``, proved in Arb.
    """

    matrix: fmpq_mat
    slack: fmpq


def enclosed_values(relation: Relation, xs: Sequence[Point], ys: Sequence[Point]) -> Values:
    """Rational values at exact points, with a proved slack.

    A lower bound of the error for the matrix of rationals, less the slack, is one for the relation.

    Parameters
    ----------
    relation : Relation
    xs, ys : sequence of tuple of fmpq

    Returns
    -------
    Values

    Raises
    ------
    InputError
        If a value cannot be enclosed.

    Examples
    --------
    >>> from relverify.relations import parse_relation
    >>> found = enclosed_values(parse_relation("x*y"), [(fmpq(1, 2),)], [(fmpq(3),), (fmpq(0),)])
    >>> found.matrix, found.slack
    ([3/2, 0], 0)
    """
    function = compile_arb(relation.expr, relation.x_symbols + relation.y_symbols)
    rows, slack = [], fmpq(0)
    for x in xs:
        row = []
        for y in ys:
            value, error = _rational(function, (*x, *y))
            row.append(value)
            slack = max(slack, error)
        rows.append(row)
    return Values(fmpq_mat(rows), slack)


def _rational(function: object, point: Point) -> tuple[fmpq, fmpq]:
    """A multiple of 2**-BITS near the value, and a bound of the difference."""
    prec = 2 * BITS
    while prec <= MAX_PRECISION:
        with flint.ctx.workprec(prec):
            ball: arb = function(*[arb(c) for c in point])  # type: ignore[operator]
        if ball.is_finite() and ball.rad() < arb(2) ** -BITS:
            middle = arf_to_fmpq(ball.mid())
            value = fmpq((middle * (fmpz(1) << BITS) + fmpq(1, 2)).floor(), fmpz(1) << BITS)
            return value, abs(middle - value) + arf_to_fmpq(ball.rad())
        prec *= 2
    where = ", ".join(str(c) for c in point)
    raise InputError("relation", f"has no value at ({where})", "a relation that is continuous on the box")


def float_values(relation: Relation, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Float64 values at the pairs of two lists of points: a guide for searches, no part of a proof.

    Parameters
    ----------
    relation : Relation
    xs, ys : ndarray, shapes (n, D_x), (m, D_y)

    Returns
    -------
    ndarray, shape (n, m)
        Not finite where r is undefined.
    """
    from relverify.rigor.pictures import compile_numpy

    function = compile_numpy(relation.expr, relation.x_symbols + relation.y_symbols)
    columns = [xs[:, None, k] for k in range(xs.shape[1])] + [ys[None, :, k] for k in range(ys.shape[1])]
    with np.errstate(all="ignore"):
        values = np.asarray(function(*columns), dtype=float)
    return np.broadcast_to(values, (len(xs), len(ys))).copy()


def grid(box: Box, count: int) -> np.ndarray:
    """About so many points of a box, ends included: equally spaced on every side.

    Parameters
    ----------
    box : Box
    count : int

    Returns
    -------
    ndarray, shape (n, D)

    Examples
    --------
    >>> from relverify.core.box import parse_box
    >>> grid(parse_box("[0,1]^2"), 9).shape, grid(parse_box("[0,1]"), 3).ravel().tolist()
    ((9, 2), [0.0, 0.5, 1.0])
    """
    side = max(2, int(np.floor(count ** (1 / box.dim) + 1e-9)))
    axes = [np.linspace(float(s.lo), float(s.hi), side) for s in box.sides]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def rational_points(points: np.ndarray, box: Box, denominator: int = 2**20) -> list[Point]:
    """Rationals with a small denominator near float64 points, inside the box.

    Parameters
    ----------
    points : ndarray, shape (n, D)
    box : Box
    denominator : int

    Returns
    -------
    list of tuple of fmpq
    """
    sides = [(to_fmpq(side.lo), to_fmpq(side.hi)) for side in box.sides]
    found = []
    for point in points.tolist():
        coordinates = []
        for value, (lo, hi) in zip(point, sides, strict=True):
            step = round((value - float(lo)) / float(hi - lo) * denominator)
            coordinates.append(lo + (hi - lo) * min(max(step, 0), denominator) / denominator)
        found.append(tuple(coordinates))
    return found
