"""A proof that a symmetric relation is not positive semidefinite: points and weights with a negative quadratic form."""

from __future__ import annotations

import itertools
from typing import Any

import flint
import numpy as np
from flint import arb, fmpq

from relverify.core.box import Box
from relverify.errors import UnknownNode
from relverify.relations.relation import Relation
from relverify.rigor.decimals import decimal_string
from relverify.rigor.enclose import compile_arb
from relverify.rigor.exact import dyadic, to_fmpq
from relverify.rigor.intervals import float_above
from relverify.rigor.pictures import compile_numpy

PREC = 128
POINTS = {1: 9, 2: 4, 3: 3}  # an axis


def negative_form(relation: Relation, box: Box) -> str:
    """Say at which points the matrix r(x_i, x_j) has a negative form, if it has one at points of a grid.

    Parameters
    ----------
    relation : Relation
        Symmetric.
    box : Box

    Returns
    -------
    str
        Empty if nothing was found, which proves nothing.

    Examples
    --------
    >>> from relverify.core.box import parse_box
    >>> from relverify.relations import parse_relation
    >>> negative_form(parse_relation("x + y"), parse_box("[0,1]"))
    'Σ v_i v_j r(x_i, x_j) < -0.856 for unit weights v at 9 points'
    >>> negative_form(parse_relation("x*y"), parse_box("[0,1]"))
    ''
    """
    count = POINTS.get(box.dim, 2)
    lines: list[Any] = []
    for side in box.sides:
        lo, hi = to_fmpq(side.lo), to_fmpq(side.hi)
        lines.append([lo + (hi - lo) * k / (count - 1) for k in range(count)])
    points = list(itertools.product(*lines))
    symbols = relation.x_symbols + relation.y_symbols
    try:
        value = compile_arb(relation.expr, symbols)
        floats = np.array([[int(v.p) / int(v.q) for v in point] for point in points])
        with np.errstate(all="ignore"):
            matrix = compile_numpy(relation.expr, symbols)(*(c[:, None] for c in floats.T), *floats.T)
            least, vectors = np.linalg.eigh(matrix)
    except (UnknownNode, np.linalg.LinAlgError):
        return ""
    if not least[0] < -1e-9 * np.abs(least).max():
        return ""
    weights = [dyadic(round(float(w) * 2**30) / 2**30) for w in vectors[:, 0]]
    with flint.ctx.workprec(PREC):
        form = arb(0)
        for (p, v), (q, w) in itertools.product(zip(points, weights, strict=True), repeat=2):
            form += v * w * value(*(arb(c) for c in (*p, *q)))
        form /= arb(sum((w * w for w in weights), fmpq(0)))
    if not form < 0:
        return ""
    most = decimal_string(dyadic(float_above(form)), 3, "up")
    return f"Σ v_i v_j r(x_i, x_j) < {most} for unit weights v at {len(points)} points"
