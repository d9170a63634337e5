"""The ridge relation sin(a x + b y)."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.family import FalseClaim, Family, Measured, Member, number, quadratic_form
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, decide


def make(a: Any, b: Any) -> Relation:
    a, b = number(a, "a", "a number"), number(b, "b", "a number")
    expr = sp.sin(a * x + b * y)

    def largest(x_box: Box, y_box: Box) -> sp.Expr:
        """max|sin| over the phases: 1 if they contain π/2 + kπ."""
        phases = [a * s + b * t for s in (x_box[0].lo, x_box[0].hi) for t in (y_box[0].lo, y_box[0].hi)]
        low, high = sp.Min(*phases), sp.Max(*phases)
        if sp.floor(high / sp.pi - sp.Rational(1, 2)) >= sp.ceiling(low / sp.pi - sp.Rational(1, 2)):
            return sp.Integer(1)
        return sp.Max(sp.Abs(sp.sin(low)), sp.Abs(sp.sin(high)))

    zero = a == 0 and b == 0
    reason = "it is 0" if zero else "it is not symmetric" if a != b else "sin(a(x+y)) has one direction of each sign"
    return Relation(
        expr,
        f"sine(a={a},b={b})",
        "sine",
        zero,
        reason,
        sup_dxx=lambda x_box, y_box: a**2 * largest(x_box, y_box),
        sup_dyy=lambda x_box, y_box: b**2 * largest(x_box, y_box),
        facts={
            "fourier_mass": lambda x_box, y_box: sp.Integer(1),
            "fourier_frequency": lambda x_box, y_box: sp.sqrt(a**2 + b**2),
        },
    )


def _sum_of_angles() -> Decision:
    relation = make(sp.Integer(1), sp.Integer(1))
    return decide(sp.Ge(quadratic_form(relation, [0, sp.Rational(1, 2)], [-2, 1]), 0, evaluate=False))


FAMILY = Family(
    name="sine",
    title="sin(a x + b y)",
    parameters={"a": "frequency of x, a number", "b": "frequency of y, a number"},
    make=make,
    example="sine(a=3,b=1)",
    box="[-1,1]",
    members=(Member("sin(3*x + y)*exp(-y**2)", "[-1,1]"),),
    measured=(Measured("sine(a=3,b=1)", "[-1,1]"),),
    false_claims=(FalseClaim("sin(x + y) is PSD on [0,1/2]", _sum_of_angles),),
)
