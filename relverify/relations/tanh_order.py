"""A smooth order relation: the hyperbolic tangent of a difference."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.family import Family, Measured, Member, number
from relverify.relations.relation import Relation


def make(c: Any) -> Relation:
    c = number(c, "c", "a number")

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr:
        """|∂²| = 2c² tanh(u) sech²(u), u = |c(x-y)|, increasing up to artanh(1/√3) and decreasing from there."""
        reach = sp.Abs(c) * sp.Max(sp.Abs(x_box[0].hi - y_box[0].lo), sp.Abs(y_box[0].hi - x_box[0].lo))
        top = sp.log((sp.sqrt(3) + 1) / (sp.sqrt(3) - 1)) / 2
        if sp.Ge(reach, top) == sp.true:
            return 4 * c**2 / (3 * sp.sqrt(3))
        return 2 * c**2 * sp.tanh(reach) / sp.cosh(reach) ** 2

    return Relation(
        sp.tanh(c * (x - y)),
        f"tanh_order(c={c})",
        "tanh_order",
        False if c != 0 else None,
        "it is antisymmetric" if c != 0 else "",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
    )


FAMILY = Family(
    name="tanh_order",
    title="tanh(c (x-y))",
    parameters={"c": "steepness, a number"},
    make=make,
    example="tanh_order(c=4)",
    box="[-1,1]",
    members=(Member("tanh_order(c=4)", "[-1,1]"),),
    measured=(Measured("tanh_order(c=4)", "[-1,1]"),),
)
