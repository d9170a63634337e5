"""The arc-cosine kernels of order 0 and 1: on the circle as relations of two angles, on spheres by their tails."""

from __future__ import annotations

from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.core.symbols import x, y
from relverify.relations.brownian import KINK
from relverify.relations.expansion import Expansion, on_circle
from relverify.relations.family import Family, Measured, whole
from relverify.relations.relation import Relation

HALF = sp.Rational(1, 2)


def frequency(order: int, k: int) -> int:
    """The k-th frequency with a coefficient that is not 0: the odd ones (order 0), 1 and the even ones (order 1)."""
    return 2 * k - 1 if order == 0 or k == 1 else 2 * (k - 1)


def circle_coefficient(order: int, k: int) -> sp.Expr:
    """λ at the k-th frequency, λ_0 of the constant."""
    n = frequency(order, k) if k else 0
    if order == 0:
        return 2 / (sp.pi**2 * n**2) if k else HALF
    return sp.Rational(1, 4) if k == 1 else 4 / (sp.pi**2 * (n**2 - 1) ** 2)


def circle_tail(order: int, k: int) -> sp.Expr:
    """What k frequencies and the constant leave."""
    if order == 0:
        return sp.polygamma(1, k + HALF) / sp.pi**2
    m = sp.Integer(max(k, 1))
    rest = sp.polygamma(1, m + HALF) / sp.pi**2 + 2 / sp.pi**2 * (1 / (2 * m - 1) ** 2 - 1 / (2 * m - 1))
    return rest if k else rest + HALF


def sphere_coefficient(order: int, dim: int, degree: int) -> sp.Expr:
    """b_k in κ(t) = Σ b_k P_k(t), P_k the Legendre polynomial of S^{dim-1} with P_k(1) = 1.

    Parameters
    ----------
    order : {0, 1}
    dim : int
        Of the space around the sphere, at least 2.
    degree : int

    Returns
    -------
    Expr
        Exact; b_k is N(dim, k) times the eigenvalue for the uniform probability measure.

    Examples
    --------
    >>> [sphere_coefficient(0, 3, k) for k in range(6)]
    [1/2, 3/8, 0, 7/128, 0, 11/512]
    """
    scale = 2 if order == 0 else 2 * dim
    return harmonics(dim, degree) * scale * _moment(order, dim, degree) ** 2


def harmonics(dim: int, degree: int) -> sp.Expr:
    """N(dim, k), the number of independent spherical harmonics of degree k."""
    if degree == 0:
        return sp.Integer(1)
    return sp.Rational(2 * degree + dim - 2, degree) * sp.binomial(degree + dim - 3, degree - 1)


def sphere_tail(order: int, dim: int, degree: int) -> sp.Expr:
    """The tail of the expansion on S^{dim-1} after all degrees up to a given one: 1 - Σ b_k, exactly.

    Examples
    --------
    >>> sphere_tail(1, 3, 2)
    1/128
    """
    return sp.expand(1 - sp.Add(*(sphere_coefficient(order, dim, k) for k in range(degree + 1))))


def _moment(order: int, dim: int, k: int) -> sp.Expr:
    """η_k, the mean of σ(t)^order P_k(t) over the sphere."""
    if k > order:
        j = k - order
        if j % 2 == 0:
            return sp.Integer(0)
        above = sp.factorial(order) * sp.gamma(sp.Rational(dim, 2)) * sp.factorial(j - 1)
        below = sp.sqrt(sp.pi) * 2**k * sp.factorial((j - 1) // 2) * sp.gamma(sp.Rational(k + order + dim, 2))
        return above / below
    if order == 0:
        return HALF
    if k == 0:
        return sp.gamma(sp.Rational(dim, 2)) / ((dim - 1) * sp.sqrt(sp.pi) * sp.gamma(sp.Rational(dim - 1, 2)))
    return sp.Rational(1, 2 * dim)


def make(order: Any) -> Relation:
    order = whole(order, "order", "0 or 1", 0, 1)
    u = sp.Abs(x - y)
    expr = 1 - u / sp.pi if order == 0 else (sp.sin(u) + (sp.pi - u) * sp.cos(u)) / sp.pi

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        # |sin - (π-θ)cos|/π <= 1, with equality at θ = 0
        return sp.Integer(1) if order == 1 and x_box == y_box and half(x_box) else None

    def expand(x_box: Box) -> Expansion | None:
        if not half(x_box):
            return None
        return on_circle(
            lambda k: circle_coefficient(order, k),
            lambda k: circle_tail(order, k),
            sp.Integer(1),
            x,
            x_box[0].lo,
            "cho2009",
            lambda k: frequency(order, k),
        )

    facts: dict[str, Any] = {"fourier_mass": lambda x_box, y_box: sp.Integer(1)}
    if order == 0:
        reason = "the coefficients decay like 1/k^2, so that k^2 is not summable"
        facts |= {"kernel_barron": KINK, "fourier_frequency": reason, "spectral_frequency": reason}
        # affine terms and 2/π min(x, y)
        facts["grid_slope"] = lambda x_box, y_box: 1 / (2 * sp.pi) if x_box == y_box else None
    else:
        facts["kernel_barron"] = "its third derivative jumps on the diagonal"
        facts["fourier_frequency"] = lambda x_box, y_box: sp.sqrt(2)
        facts["spectral_frequency"] = lambda x_box, y_box: sp.Integer(1)
    return Relation(
        expr,
        f"arc_cosine(order={order})",
        "arc_cosine",
        True,
        "it is 2 E s(w.x)^order s(w.y)^order with Gaussian w; for angles with |x-y| <= pi",
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        expand=expand,
        psd_where=(half,),
        facts=facts,
    )


def half(box: Box) -> bool:
    """Whether all differences are at most π, so that they are angles between the directions."""
    return bool(box[0].length <= sp.pi)


FAMILY = Family(
    name="arc_cosine",
    title="1 - u/pi or (sin u + (pi-u) cos u)/pi, u = |x-y| the angle between two directions",
    parameters={"order": "0 or 1"},
    make=make,
    example="arc_cosine(order=1)",
    box="[0,1]",
    measured=(Measured("arc_cosine(order=1)", "[0,1]"), Measured("arc_cosine(order=1)", "[0,3]")),
)
