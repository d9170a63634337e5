"""The Matérn kernels of smoothness 3/2 and 5/2 on the line."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.errors import InputError
from relverify.relations.barron import augmented_length
from relverify.relations.family import Family, Measured, number
from relverify.relations.relation import Relation

SMOOTHNESS = "smoothness, 3/2 or 5/2 (1/2 is laplace)"
ROUGH = "its third derivative jumps on the diagonal"


def profile(nu: sp.Expr, rate: sp.Expr, distance: sp.Expr) -> sp.Expr:
    """The kernel as a function of the distance, with rate = √(2nu)/ell."""
    u = rate * distance
    polynomial = {sp.Rational(3, 2): 1 + u, sp.Rational(5, 2): 1 + u + u**2 / 3}[nu]
    return sp.expand(polynomial) * sp.exp(-u)


def make(nu: Any, ell: Any) -> Relation:
    ell = number(ell, "ell", "a number > 0", positive=True)
    if nu not in (sp.Rational(3, 2), sp.Rational(5, 2)):
        raise InputError("nu", f"{nu} is not accepted", SMOOTHNESS)
    rough = nu == sp.Rational(3, 2)
    curvature = (3 if rough else sp.Rational(5, 3)) / ell**2

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        # |∂²| is largest on the diagonal
        meet = max(x_box[0].lo, y_box[0].lo) <= min(x_box[0].hi, y_box[0].hi)
        return curvature if meet else None

    facts: dict[str, Any] = {
        "kernel_barron": ROUGH if rough else lambda x_box, y_box: 5 / ell**2 * augmented_length(x_box[0]),
        "fourier_mass": lambda x_box, y_box: sp.Integer(1),
        "fourier_frequency": lambda x_box, y_box: sp.sqrt(2 * curvature),
        "spectral_frequency": lambda x_box, y_box: sp.sqrt(curvature),
    }
    if rough:
        facts["third_derivative"] = lambda x_box, y_box: 6 * sp.sqrt(3) / ell**3 if x_box == y_box else None
    return Relation(
        profile(nu, sp.sqrt(2 * nu) / ell, sp.Abs(x - y)),
        f"matern(nu={nu},ell={ell})",
        "matern",
        True,
        "its Fourier transform, a power of 1/(1 + ell^2 w^2/(2nu)), is positive (Bochner)",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        facts=facts,
    )


FAMILY = Family(
    name="matern",
    title="(1+u) exp(-u) or (1+u+u^2/3) exp(-u), u = sqrt(2 nu) |x-y| / ell",
    parameters={"nu": SMOOTHNESS, "ell": "length scale, a number > 0"},
    make=make,
    example="matern(nu=3/2,ell=1/2)",
    box="[0,1]",
    measured=(Measured("matern(nu=3/2,ell=1)", "[0,1]"), Measured("matern(nu=5/2,ell=1/2)", "[0,1]")),
)
