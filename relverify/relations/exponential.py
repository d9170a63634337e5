"""The exponential kernel exp(w x y), and exp(x' W y) in several dimensions."""

from __future__ import annotations

from math import comb
from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.relations.bilinear import make as bilinear
from relverify.relations.expansion import Expansion
from relverify.relations.family import FalseClaim, Family, Measured, Member, quadratic_form
from relverify.relations.gaussian import degree_of
from relverify.relations.polynomial import by_degree
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, decide


def make(w: Any) -> Relation:
    form = bilinear(w)
    xs, ys = form.x_symbols, form.y_symbols
    matrix = sp.Matrix(len(xs), len(ys), lambda i, j: form.expr.diff(xs[i], ys[j]))
    scale = matrix[0, 0] if form.one_dimensional else None

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        """w²y² exp(wxy), largest at a corner: log of it is convex in x, and in y beside 0."""
        if scale is None:
            return None
        corners = [(a, b) for a in (x_box[0].lo, x_box[0].hi) for b in (y_box[0].lo, y_box[0].hi)]
        if any(scale * a * b < -2 for a, b in corners):
            # y² exp(wxy) has a maximum inside, at wxy = -2
            return None
        return sp.Max(*(scale**2 * b**2 * sp.exp(scale * a * b) for a, b in corners))

    def expand(x_box: Box) -> Expansion | None:
        """The Taylor series; in several dimensions for W a multiple of the identity."""
        factor = matrix[0, 0]
        if not (matrix.is_square and matrix == factor * sp.eye(matrix.rows) and factor.is_positive):
            return None
        radius = sp.Add(*(max(abs(side.lo), abs(side.hi)) ** 2 for side in x_box.sides))
        corner = tuple(max(side.lo, side.hi, key=abs) for side in x_box.sides)
        exponents, n = by_degree(len(xs)), len(xs)

        def feature(i: int) -> sp.Expr:
            a = exponents(i)
            size = sp.Mul(*(sp.factorial(k) for k in a))
            return sp.sqrt(factor ** sum(a) / size) * sp.Mul(*(s**k for s, k in zip(xs, a, strict=True)))

        def cut(k: int) -> int:
            return comb(n + k - 1, n)

        def tail(d: int) -> sp.Expr:
            degree, top = degree_of(d, cut), factor * radius
            if degree == 0:
                return sp.exp(top)
            return sp.exp(top) * sp.lowergamma(degree, top, evaluate=False) / sp.gamma(degree)

        return Expansion(feature, tail, sp.exp(factor * radius), "steinwart2008", cut, lambda k: corner)

    state = {
        True: ("its Taylor series is a sum of powers of the PSD form x'Wy (Schur)"),
        False: "W is not symmetric" if not form.symmetric else "W has a negative direction",
        None: "",
    }
    return Relation(
        sp.exp(form.expr),
        f"exponential(w={scale})" if scale is not None else form.text.replace("bilinear(A", "exponential(w"),
        "exponential",
        form.psd,
        state[form.psd],
        xs,
        ys,
        sup_dxx=sup_dxx,
        sup_dyy=lambda x_box, y_box: sup_dxx(y_box, x_box),
        expand=expand,
    )


def _negative() -> Decision:
    return decide(sp.Ge(quadratic_form(make(sp.Integer(-1)), [0, 1], [-1, 1]), 0, evaluate=False))


FAMILY = Family(
    name="exponential",
    title="exp(w x y), or exp(x' W y)",
    parameters={"w": "a number, or a matrix such as [[1,2],[0,1]], at most 3 x 3; PSD for w >= 0"},
    make=make,
    example="exponential(w=1)",
    box="[0,1]",
    members=(Member("exponential(w=1)", "[0,1]"),),
    measured=(
        Measured("exponential(w=1)", "[0,1]"),
        Measured("exponential(w=1)", "[-1,1]"),
        Measured("exponential(w=3)", "[0,1]"),
    ),
    false_claims=(FalseClaim("exp(-xy) is PSD on [0,1]", _negative),),
)
