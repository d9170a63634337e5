"""Matérn kernels on the circle of length 2π, periodised: the sums over n of M(θ + 2πn).

With the distance along the circle in place of the sum, smoothness 3/2 and 5/2 are not PSD.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import sympy as sp
from flint import arb

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.errors import InputError
from relverify.relations.barron import augmented_length
from relverify.relations.brownian import KINK
from relverify.relations.expansion import Expansion, on_circle
from relverify.relations.family import FalseClaim, Family, Measured, number
from relverify.relations.matern import ROUGH, profile
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, compare
from relverify.rigor.quadrature import integral

SMOOTHNESS = "smoothness, 1/2, 3/2 or 5/2"
ORDERS = {sp.Rational(1, 2): 1, sp.Rational(3, 2): 2, sp.Rational(5, 2): 3}
_A, _K = sp.Symbol("a", positive=True), sp.Symbol("k", integer=True, positive=True)


def circle_profile(nu: sp.Expr, rate: sp.Expr, distance: sp.Expr) -> sp.Expr:
    """S, S - a ∂S and S - a ∂S + a²/3 ∂²S with S = cosh(a(π - θ))/sinh(aπ), ∂ by the rate a; 0 <= θ <= 2π."""
    simple = sp.cosh(_A * (sp.pi - distance)) / sp.sinh(_A * sp.pi)
    terms = [simple, -_A * simple.diff(_A), _A**2 / 3 * simple.diff(_A, 2)]
    return sp.expand(sp.Add(*terms[: ORDERS[nu]])).subs(_A, rate)


def coefficient(nu: sp.Expr, rate: sp.Expr, k: Any) -> sp.Expr:
    """λ_k."""
    weight = {1: rate, 2: 2 * rate**3, 3: sp.Rational(8, 3) * rate**5}[ORDERS[nu]]
    return weight / (sp.pi * (rate**2 + k**2) ** ORDERS[nu])


def make(nu: Any, ell: Any) -> Relation:
    ell = number(ell, "ell", "a number > 0", positive=True)
    if nu not in ORDERS:
        raise InputError("nu", f"{nu} is not accepted", SMOOTHNESS)
    a, order = sp.sqrt(2 * nu) / ell, ORDERS[nu]
    hyperbolic, square = sp.coth(a * sp.pi), 1 / sp.sinh(a * sp.pi) ** 2
    total = [
        hyperbolic,
        hyperbolic + a * sp.pi * square,
        hyperbolic + a * sp.pi * square + 2 * a**2 * sp.pi**2 / 3 * hyperbolic * square,
    ][order - 1]
    curvature = [
        sp.oo,
        a**2 * (hyperbolic - a * sp.pi * square),
        a**2 / 3 * (hyperbolic + a * sp.pi * square - 2 * a**2 * sp.pi**2 * hyperbolic * square),
    ][order - 1]

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        meet = max(x_box[0].lo, y_box[0].lo) <= min(x_box[0].hi, y_box[0].hi)
        return curvature if order > 1 and meet and x_box == y_box and short(x_box) else None

    def expand(x_box: Box) -> Expansion | None:
        if not short(x_box):
            return None

        def remainder(k: int) -> sp.Expr:
            kept = sp.Sum(coefficient(nu, a, _K), (_K, 1, k)) if k else sp.Integer(0)
            return total - coefficient(nu, a, 0) - 2 * kept

        return on_circle(lambda k: coefficient(nu, a, k), remainder, total, x, x_box[0].lo, "rasmussen2006")

    def grid_slope(x_box: Box, y_box: Box) -> sp.Expr | None:
        """As for the Laplace kernel: 2a min(x, y) and a part with ∂² = a² r >= 0."""
        if x_box != y_box:
            return None
        return a / 2 if (2 - x_box[0].length * a * hyperbolic).is_nonnegative else a

    facts: dict[str, Any] = {"fourier_mass": lambda x_box, y_box: total}
    if order == 1:
        reason = "the coefficients decay like 1/k^2, so that k^2 is not summable"
        facts |= {"kernel_barron": KINK, "fourier_frequency": reason, "spectral_frequency": reason}
        facts["grid_slope"] = grid_slope
    else:
        facts["fourier_frequency"] = lambda x_box, y_box: sp.sqrt(2 * curvature / total)
        facts["spectral_frequency"] = lambda x_box, y_box: sp.sqrt(curvature / total)
        fourth = circle_profile(nu, a, x).diff(x, 4).subs(x, 0)
        facts["kernel_barron"] = (
            ROUGH if order == 2 else lambda x_box, y_box: sp.sqrt(fourth) * augmented_length(x_box[0])
        )
    return Relation(
        circle_profile(nu, a, sp.Abs(x - y)),
        f"periodic_matern(nu={nu},ell={ell})",
        "periodic_matern",
        True,
        "its Fourier coefficients, multiples of powers of 1/(a^2 + k^2), are positive; for |x-y| <= 2 pi",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        expand=expand,
        psd_where=(short,),
        facts=facts,
    )


def short(box: Box) -> bool:
    """Whether all differences are at most one period."""
    return bool(box[0].length <= 2 * sp.pi)


def quick_tail(nu: sp.Expr, rate: sp.Expr, k: int) -> sp.Expr:
    """A bound of the tail after the frequency K >= 1, by integrals."""
    return {
        1: 2 / sp.pi * sp.atan(rate / k),
        2: 4 * rate**3 / (3 * sp.pi * (k + sp.Rational(1, 2)) ** 3),
        3: 16 * rate**5 / (15 * sp.pi * (k + sp.Rational(1, 2)) ** 5),
    }[ORDERS[nu]]


def geodesic_coefficient(nu: sp.Expr, rate: sp.Expr, k: int, prec: int) -> Any:
    """λ_k of M(d), d the distance along the circle, by certified quadrature."""
    return integral(profile(nu, rate, x) * sp.cos(k * x) / sp.pi, x, 0, sp.pi, prec=prec)


def _geodesic(nu: sp.Expr) -> Decision:
    """A PSD kernel of the circle has λ_2 >= 0."""
    return compare(lambda p: geodesic_coefficient(nu, sp.Rational(1, 2), 2, p), ">=", lambda _: arb(0))


FAMILY = Family(
    name="periodic_matern",
    title="sum over n of the Matérn kernel at x - y + 2 pi n, of period 2 pi",
    parameters={"nu": SMOOTHNESS, "ell": "length scale, a number > 0"},
    make=make,
    example="periodic_matern(nu=3/2,ell=1)",
    box="[0,1]",
    measured=(Measured("periodic_matern(nu=3/2,ell=1)", "[0,1]"), Measured("periodic_matern(nu=5/2,ell=1)", "[0,1]")),
    false_claims=tuple(
        FalseClaim(f"the Matérn kernel {nu} of the distance along the circle is PSD", partial(_geodesic, nu))
        for nu in (sp.Rational(3, 2), sp.Rational(5, 2))
    ),
)
