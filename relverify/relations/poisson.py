"""The Poisson kernel on the circle."""

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

RATIOS = "ratio, a number with 0 < rho < 1"


def make(rho: Any) -> Relation:
    if not (isinstance(rho, sp.Expr) and rho.is_positive and (1 - rho).is_positive):
        raise InputError("rho", f"{rho} is not accepted", RATIOS)
    second = 2 * rho * (1 + rho) / (1 - rho) ** 3
    fourth = 2 * rho * (1 + 11 * rho + 11 * rho**2 + rho**3) / (1 - rho) ** 5
    total = (1 + rho) / (1 - rho)

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        # |Σ ρ^k k² cos| is largest where all cosines are 1
        meet = max(x_box[0].lo, y_box[0].lo) <= min(x_box[0].hi, y_box[0].hi)
        return second if meet else None

    def expand(x_box: Box) -> Expansion:
        def remainder(k: int) -> sp.Expr:
            return 2 * rho ** (k + 1) / (1 - rho)

        return on_circle(lambda k: rho**k, remainder, total, x, x_box[0].lo, "rudin1987")

    return Relation(
        (1 - rho**2) / (1 - 2 * rho * sp.cos(x - y) + rho**2),
        f"poisson(rho={rho})",
        "poisson",
        True,
        "its Fourier coefficients rho^|k| are positive",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        expand=expand,
        facts={
            "kernel_barron": lambda x_box, y_box: sp.sqrt(fourth) * augmented_length(x_box[0]),
            "fourier_mass": lambda x_box, y_box: total,
            "fourier_frequency": lambda x_box, y_box: sp.sqrt(2 * second / total),
            "spectral_frequency": lambda x_box, y_box: sp.sqrt(second / total),
        },
    )


FAMILY = Family(
    name="poisson",
    title="(1-rho^2) / (1 - 2 rho cos(x-y) + rho^2)",
    parameters={"rho": RATIOS},
    make=make,
    example="poisson(rho=1/3)",
    box="[0,1]",
    measured=(Measured("poisson(rho=1/3)", "[0,1]"), Measured("poisson(rho=1/2)", "[0,1]")),
)
