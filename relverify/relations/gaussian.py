"""The Gaussian kernel of length scale ell."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.family import Family, Member, number
from relverify.relations.relation import Expansion, Relation


def make(ell: Any) -> Relation:
    ell = number(ell, "ell", "a number > 0", positive=True)

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr:
        # |∂²| = e^{-t²/2}|t²-1|/ell² with t = (x-y)/ell, largest at t = 0
        return 1 / ell**2

    def expand(x_box: Box) -> Expansion:
        """Damped Taylor features about the centre of the box; the kernel is invariant under shifts."""
        side = x_box[0]
        centre, radius = (side.lo + side.hi) / 2, side.length / 2

        def feature(i: int) -> sp.Expr:
            t = (x - centre) / ell
            return sp.exp(-(t**2) / 2) * t ** (i - 1) / sp.sqrt(sp.factorial(i - 1))

        def tail(d: int) -> sp.Expr:
            if d == 0:
                return sp.Integer(1)
            return sp.lowergamma(d, (radius / ell) ** 2, evaluate=False) / sp.gamma(d)

        return Expansion(feature, tail, sp.Integer(1), "steinwart2008")

    return Relation(
        sp.exp(-((x - y) ** 2) / (2 * ell**2)),
        f"gaussian(ell={ell})",
        "gaussian",
        True,
        "its Fourier transform is positive (Bochner)",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        expand=expand,
    )


FAMILY = Family(
    name="gaussian",
    title="exp(-(x-y)^2 / (2 ell^2))",
    parameters={"ell": "length scale, a number > 0"},
    make=make,
    example="gaussian(ell=1/2)",
    box="[0,1]",
    members=(Member("gaussian(ell=1/2)", "[0,1]"),),
)
