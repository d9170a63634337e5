"""The von Mises kernel exp(kappa cos(x-y)) on the circle."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.errors import InputError
from relverify.relations.barron import augmented_length
from relverify.relations.expansion import Expansion, on_circle
from relverify.relations.family import Family, Measured
from relverify.relations.relation import Relation

_J = sp.Symbol("j", integer=True, positive=True)


def make(kappa: Any) -> Relation:
    if not isinstance(kappa, sp.Expr) or kappa.is_positive is not True:
        raise InputError("kappa", f"{kappa} is not accepted", "concentration, a number > 0")

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        # |∂²| = |κ² sin² - κ cos| exp(κ cos) is largest where cos = 1
        meet = max(x_box[0].lo, y_box[0].lo) <= min(x_box[0].hi, y_box[0].hi)
        return kappa * sp.exp(kappa) if meet else None

    def expand(x_box: Box) -> Expansion:
        """λ_k = I_k(κ); the tail is what the kept ones leave of e^κ."""

        def remainder(k: int) -> sp.Expr:
            kept = sp.Sum(sp.besseli(_J, kappa), (_J, 1, k)) if k else sp.Integer(0)
            return sp.exp(kappa) - sp.besseli(0, kappa) - 2 * kept

        return on_circle(lambda k: sp.besseli(k, kappa), remainder, sp.exp(kappa), x, x_box[0].lo, "abramowitz1964")

    return Relation(
        sp.exp(kappa * sp.cos(x - y)),
        f"von_mises(kappa={kappa})",
        "von_mises",
        True,
        "its Fourier coefficients I_k(kappa) are positive",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        expand=expand,
        facts={
            "kernel_barron": lambda x_box, y_box: (
                sp.sqrt(sp.exp(kappa) * (kappa + 3 * kappa**2)) * augmented_length(x_box[0])
            ),
            "fourier_mass": lambda x_box, y_box: sp.exp(kappa),
            "fourier_frequency": lambda x_box, y_box: sp.sqrt(2 * kappa),
            "spectral_frequency": lambda x_box, y_box: sp.sqrt(kappa),
        },
    )


def quick_tail(k: int, kappa: sp.Expr) -> sp.Expr:
    """The bound 2 I_{K+1}(κ)/(1 - κ/(2(K+2))) of the tail, for κ < 2(K+2)."""
    return 2 * sp.besseli(k + 1, kappa) / (1 - kappa / (2 * (k + 2)))


FAMILY = Family(
    name="von_mises",
    title="exp(kappa cos(x-y))",
    parameters={"kappa": "concentration, a number > 0"},
    make=make,
    example="von_mises(kappa=1)",
    box="[0,1]",
    measured=(Measured("von_mises(kappa=1)", "[0,1]"), Measured("von_mises(kappa=2)", "[0,1]")),
)
