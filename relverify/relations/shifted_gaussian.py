"""The Gaussian of a difference beside a shift: similar, but not symmetric."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.family import FalseClaim, Family, Measured, Member, number
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, decide


def make(ell: Any, s: Any) -> Relation:
    ell, s = number(ell, "ell", "a number > 0", positive=True), number(s, "s", "a number")

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr:
        """|t²/ell² - 1| exp(-t²/(2ell²))/ell², t = x-y-s: largest at 0, else at an end or at t² = 3ell²."""
        ends = (x_box[0].lo - y_box[0].hi - s, x_box[0].hi - y_box[0].lo - s)
        if ends[0] <= 0 <= ends[1]:
            return 1 / ell**2
        values = [sp.Abs(t**2 / ell**2 - 1) * sp.exp(-(t**2) / (2 * ell**2)) for t in ends]
        squares = sorted((t**2 for t in ends), key=float)
        if squares[0] <= 3 * ell**2 <= squares[1]:
            values.append(2 * sp.exp(sp.Rational(-3, 2)))
        return sp.Max(*values) / ell**2

    return Relation(
        sp.exp(-((x - y - s) ** 2) / (2 * ell**2)),
        f"shifted_gaussian(ell={ell},s={s})",
        "shifted_gaussian",
        bool(s == 0),
        "its Fourier transform is positive (Bochner)" if s == 0 else "it is not symmetric",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        facts={
            "fourier_mass": lambda x_box, y_box: sp.Integer(1),
            "fourier_frequency": lambda x_box, y_box: sp.sqrt(2) / ell,
        },
    )


def _symmetric() -> Decision:
    relation = make(sp.Rational(1, 2), sp.Rational(1, 3))
    one, other = (relation.expr.subs({x: p, y: q}, simultaneous=True) for p, q in ((0, 1), (1, 0)))
    return decide(sp.Eq(one, other, evaluate=False))


FAMILY = Family(
    name="shifted_gaussian",
    title="exp(-(x-y-s)^2 / (2 ell^2))",
    parameters={"ell": "length scale, a number > 0", "s": "shift, a number"},
    make=make,
    example="shifted_gaussian(ell=1/2,s=1/3)",
    box="[0,1]",
    members=(Member("shifted_gaussian(ell=1/2,s=1/3)", "[0,1]"),),
    measured=(Measured("shifted_gaussian(ell=1/2,s=1/3)", "[0,1]"),),
    false_claims=(FalseClaim("the shifted Gaussian is symmetric", _symmetric),),
)
