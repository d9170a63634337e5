"""The periodic Sobolev kernels of period 1 in Bernoulli's normalisation, λ_0 = 1 and λ_k = (2πk)^(-2m)."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.brownian import KINK
from relverify.relations.expansion import Expansion, on_circle
from relverify.relations.family import Family, Measured, Member, whole
from relverify.relations.relation import Relation

ORDERS = "number of derivatives in the norm, an integer from 1 to 8"

_T = sp.Symbol("t", real=True)


def make(m: Any) -> Relation:
    m = whole(m, "m", ORDERS, 1, 8)
    distance = sp.Abs(x - y)
    sign = (-1) ** (m - 1)
    polynomial = sp.expand(1 + sign * sp.bernoulli(2 * m, _T) / sp.factorial(2 * m))
    expr = polynomial.subs(_T, distance)

    def curvature(order: int) -> sp.Expr:
        """sup of the derivative of an even order, at 0: the Bernoulli number B_{2m - order}."""
        return sp.Abs(sp.bernoulli(2 * m - order)) / sp.factorial(2 * m - order)

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        if m == 1 or not within(x_box, y_box):
            return None
        meet = max(x_box[0].lo, y_box[0].lo) <= min(x_box[0].hi, y_box[0].hi)
        return curvature(2) if meet else None

    def expand(x_box: Box) -> Expansion | None:
        if x_box[0].length > 1:
            return None

        def coefficient(k: int) -> sp.Expr:
            return (2 * sp.pi * k) ** (-2 * m) if k else sp.Integer(1)

        def remainder(k: int) -> sp.Expr:
            return 2 * (2 * sp.pi) ** (-2 * m) * sp.zeta(2 * m, k + 1, evaluate=False)

        total = polynomial.subs(_T, 0)
        return on_circle(coefficient, remainder, total, 2 * sp.pi * x, x_box[0].lo, "wahba1990", period=sp.Integer(1))

    total = 1 + curvature(0)
    facts: dict[str, Any] = {"fourier_mass": lambda x_box, y_box: total}
    if m == 1:
        reason = "the coefficients decay like 1/k^2, so that k^2 is not summable"
        facts |= {"kernel_barron": KINK, "fourier_frequency": reason, "spectral_frequency": reason}
        # min(x, y) + (x-y)²/2 and affine terms: errors in [0, h/4] and in [-h²/4, 0]
        facts["grid_slope"] = lambda x_box, y_box: sp.Rational(1, 4) if x_box == y_box else None
    else:
        facts["fourier_frequency"] = lambda x_box, y_box: sp.sqrt(2 * curvature(2) / total)
        facts["spectral_frequency"] = lambda x_box, y_box: sp.sqrt(curvature(2) / total)
        if m == 2:
            facts["kernel_barron"] = "its third derivative jumps on the diagonal"
    return Relation(
        expr,
        f"periodic_sobolev(m={m})",
        "periodic_sobolev",
        True,
        "its Fourier coefficients are positive; for |x-y| <= 1",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        expand=expand,
        psd_where=(lambda box: bool(box[0].length <= 1),),
        facts=facts,
    )


def within(x_box: Box, y_box: Box) -> bool:
    """Whether all differences are at most one period."""
    return bool(max(x_box[0].hi, y_box[0].hi) - min(x_box[0].lo, y_box[0].lo) <= 1)


FAMILY = Family(
    name="periodic_sobolev",
    title="1 + (-1)^(m-1) B_2m(|x-y|) / (2m)!, of period 1",
    parameters={"m": ORDERS},
    make=make,
    example="periodic_sobolev(m=2)",
    box="[0,1]",
    members=(Member("periodic_sobolev(m=2)", "[0,1]", "1/1000"),),
    measured=(Measured("100*periodic_sobolev(m=2)", "[0,1]"), Measured("1000*periodic_sobolev(m=3)", "[0,1]")),
)
