"""Bilinear forms xᵀAy."""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp

from relverify.core import symbols
from relverify.core.box import Box
from relverify.errors import InputError
from relverify.relations.expansion import Expansion, Point
from relverify.relations.family import Family
from relverify.relations.relation import Relation

ACCEPTED = "a matrix of exact numbers such as [[1,2],[3,4]], at most 3 x 3, or one number"


def make(A: Any) -> Relation:
    rows = [[A]] if isinstance(A, sp.Expr) else A
    if isinstance(rows, list) and rows and not isinstance(rows[0], list):
        rows = [rows]
    shape_ok = isinstance(rows, list) and 1 <= len(rows) <= 3 and all(isinstance(row, list) for row in rows)
    if not shape_ok or len({len(row) for row in rows}) != 1 or not 1 <= len(rows[0]) <= 3:
        raise InputError("A", "is not a matrix of accepted shape", ACCEPTED)
    if not all(isinstance(entry, sp.Expr) for row in rows for entry in row):
        raise InputError("A", "has an entry that is not a number", ACCEPTED)
    matrix = sp.Matrix(rows)
    xs = (symbols.x,) if matrix.rows == 1 else (symbols.x1, symbols.x2, symbols.x3)[: matrix.rows]
    ys = (symbols.y,) if matrix.cols == 1 else (symbols.y1, symbols.y2, symbols.y3)[: matrix.cols]
    expr = sum((matrix[i, j] * xs[i] * ys[j] for i in range(matrix.rows) for j in range(matrix.cols)), sp.Integer(0))

    def sup(x_box: Box, y_box: Box) -> sp.Expr:
        return sp.Integer(0)

    def expand(x_box: Box) -> Expansion | None:
        """The squares of an exact elimination; what is left of them is convex, so largest at a corner."""
        if not psd:
            return None
        features = [sp.sqrt(pivot) * (row * sp.Matrix(xs))[0] for pivot, row in squares(matrix)]

        def remainder(d: int, corner: Point) -> sp.Expr:
            return sp.Add(*(f.subs(dict(zip(xs, corner, strict=True))) ** 2 for f in features[d:]))

        corners: list[Point] = list(product(*((side.lo, side.hi) for side in x_box.sides)))

        def worst(d: int) -> Point:
            return max(corners, key=lambda corner: float(remainder(d, corner)))

        def feature(i: int) -> sp.Expr:
            return features[i - 1] if i <= len(features) else sp.Integer(0)

        def tail(d: int) -> sp.Expr:
            return sp.Max(*(remainder(d, corner) for corner in corners))

        return Expansion(feature, tail, tail(0), "boyd2004", attained=worst, size=len(features))

    symmetric = matrix.is_square and matrix.is_symmetric()
    # None where the sign of a pivot could not be decided
    psd = matrix.is_positive_semidefinite if symmetric else False
    state = {True: "is", False: "is not", None: "is not known to be"}[psd]
    reason = f"A {state} symmetric positive semidefinite"
    text = f"bilinear(A=[{','.join('[' + ','.join(map(str, row)) + ']' for row in matrix.tolist())}])"
    return Relation(sp.expand(expr), text, "bilinear", psd, reason, xs, ys, sup_dxx=sup, sup_dyy=sup, expand=expand)


def squares(matrix: sp.Matrix) -> list[tuple[sp.Expr, sp.Matrix]]:
    """Pivots p > 0 and rows l with A = Σ p lᵀl, of a PSD matrix.

    Examples
    --------
    >>> squares(sp.Matrix([[2, 1], [1, 3]]))
    [(2, Matrix([[1, 1/2]])), (5/2, Matrix([[0, 1]]))]
    """
    rest, found = sp.Matrix(matrix), []
    for k in range(matrix.rows):
        pivot = sp.simplify(rest[k, k])
        if pivot != 0:
            row = (rest[k, :] / pivot).applyfunc(sp.simplify)
            found.append((pivot, row))
            rest = (rest - pivot * row.T * row).applyfunc(sp.simplify)
    return found


FAMILY = Family(
    name="bilinear",
    title="x' A y",
    parameters={"A": ACCEPTED},
    make=make,
    example="bilinear(A=2)",
    box="[0,1]",
)
