"""Bilinear forms xᵀAy."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core import symbols
from relverify.core.box import Box
from relverify.errors import InputError
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

    symmetric = matrix.is_square and matrix.is_symmetric()
    # None where the sign of a pivot could not be decided
    psd = matrix.is_positive_semidefinite if symmetric else False
    state = {True: "is", False: "is not", None: "is not known to be"}[psd]
    reason = f"A {state} symmetric positive semidefinite"
    text = f"bilinear(A=[{','.join('[' + ','.join(map(str, row)) + ']' for row in matrix.tolist())}])"
    return Relation(sp.expand(expr), text, "bilinear", psd, reason, xs, ys, sup_dxx=sup, sup_dyy=sup)


FAMILY = Family(
    name="bilinear",
    title="x' A y",
    parameters={"A": ACCEPTED},
    make=make,
    example="bilinear(A=2)",
    box="[0,1]",
)
