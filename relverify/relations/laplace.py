"""The Laplace kernel exp(-|x-y|/ell), the covariance of the Ornstein–Uhlenbeck process."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.brownian import KINK
from relverify.relations.expansion import Expansion, Spectrum
from relverify.relations.family import Family, number
from relverify.relations.relation import Relation
from relverify.rigor.roots import IsolatedRoot

NOTE = (
    "f_i^2 = 2 lambda_i/(1 + lambda_i) cos^2 (i odd) or sin^2 (i even) of w_i (x - 1/2) on [0,1], lambda_i = "
    "2c/(w_i^2 + c^2), w_i the root of w = (i-1) pi + 2 arctan(c/w) in ((i-1) pi, i pi), c = length/ell; the tail is "
    "at least the rest at an end, and exceeds it by at most c times the sum of lambda_i^2 beyond the cut"
)
_W = sp.Symbol("w", real=True)


def frequency(i: int, c: sp.Expr) -> sp.Expr:
    """ω_i, the only root of ω = (i-1)π + 2 arctan(c/ω) in ((i-1)π, iπ): left minus right increases."""
    equation = _W - (i - 1) * sp.pi - 2 * sp.atan2(c, _W)
    return IsolatedRoot(sp.Lambda(_W, equation), (i - 1) * sp.pi, i * sp.pi)


@lru_cache(maxsize=4096)
def eigenvalue(i: int, c: sp.Expr) -> sp.Expr:
    """λ_i = 2c/(ω_i² + c²) on [0, 1]."""
    return 2 * c / (frequency(i, c) ** 2 + c**2)


def lower_tail(d: int, c: sp.Expr) -> sp.Expr:
    """The rest of the expansion at an end of the interval, where e_i² = 2(1 - cλ_i/2)/(1 + λ_i)."""
    kept = (eigenvalue(i, c) for i in range(1, d + 1))
    return 1 - sp.Add(*(2 * v * (1 - c * v / 2) / (1 + v) for v in kept))


def upper_tail(d: int, c: sp.Expr) -> sp.Expr:
    """The lower bound and c Σ_{i>d} λ_i², with Σ λ_i² = (2c - 1 + e^{-2c})/(2c²)."""
    if d == 0:
        return sp.Integer(1)
    squares = (2 * c - 1 + sp.exp(-2 * c)) / (2 * c**2)
    return lower_tail(d, c) + c * (squares - sp.Add(*(eigenvalue(i, c) ** 2 for i in range(1, d + 1))))


def make(ell: Any) -> Relation:
    ell = number(ell, "ell", "a number > 0", positive=True)

    def expand(x_box: Box) -> Expansion:
        """The Karhunen–Loève expansion; the interval is scaled to [0, 1], with c its length over ell."""
        side = x_box[0]
        c = side.length / ell
        place = (x - side.lo) / side.length

        def feature(i: int) -> sp.Expr:
            value, phase = eigenvalue(i, c), frequency(i, c) * (place - sp.Rational(1, 2))
            wave = sp.cos(phase) if i % 2 else sp.sin(phase)
            return sp.sqrt(2 * value / (1 + value)) * wave

        spectrum = Spectrum(lambda i: eigenvalue(i, c), (side.lo, side.hi), 1 / side.length)
        return Expansion(
            feature,
            lambda d: upper_tail(d, c),
            sp.Integer(1),
            "vantrees1968",
            lower=lambda d: lower_tail(d, c),
            spectrum=spectrum,
            note=NOTE,
        )

    def variation(x_box: Box, y_box: Box) -> sp.Expr | None:
        """(2 - e^{-(y-a)/ell} - e^{-(b-y)/ell})/ell beside a jump of 2/ell, largest in the middle."""
        if x_box != y_box:
            return None
        return (4 - 2 * sp.exp(-x_box[0].length / (2 * ell))) / ell

    def grid_slope(x_box: Box, y_box: Box) -> sp.Expr | None:
        """r is 2/ell min(x, y) and a part with ∂² = r/ell²: errors in [0, h/(2ell)] and in [-h²/(4ell²), 0]."""
        if x_box != y_box:
            return None
        # where the second is not smaller, the concave modulus w(h) = 1 - exp(-h/ell) gives 2 w(h/2)
        return 1 / (2 * ell) if (2 * ell - x_box[0].length).is_nonnegative else 1 / ell

    return Relation(
        sp.exp(-sp.Abs(x - y) / ell),
        f"laplace(ell={ell})",
        "laplace",
        True,
        "its Fourier transform 2ell/(1 + ell^2 w^2) is positive (Bochner)",
        expand=expand,
        facts={
            "slope_variation_x": variation,
            "slope_variation_y": variation,
            "kernel_barron": KINK,
            "fourier_mass": lambda x_box, y_box: sp.Integer(1),
            "fourier_frequency": "the spectral density decays like 1/w^2, so that w^2 is not integrable",
            "spectral_frequency": "the spectral density decays like 1/w^2, so that w^2 is not integrable",
            "grid_slope": grid_slope,
        },
    )


FAMILY = Family(
    name="laplace",
    title="exp(-|x-y| / ell)",
    parameters={"ell": "length scale, a number > 0"},
    make=make,
    example="laplace(ell=1)",
    box="[0,1]",
)
