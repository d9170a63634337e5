"""The Gaussian kernel of length scale ell."""

from __future__ import annotations

from math import comb
from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.relations.expansion import Expansion
from relverify.relations.family import Family, Measured, Member, coordinates, number, whole
from relverify.relations.polynomial import by_degree
from relverify.relations.relation import Relation


def make(ell: Any, dim: Any) -> Relation:
    ell = number(ell, "ell", "a number > 0", positive=True)
    xs, ys = coordinates(whole(dim, "dim", "1, 2 or 3", 1, 3))

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        # |∂²| = e^{-t²/2}|t²-1|/ell² with t = (x-y)/ell, largest at t = 0, if that is reached
        meet = all(max(a.lo, b.lo) <= min(a.hi, b.hi) for a, b in zip(x_box.sides, y_box.sides, strict=True))
        return 1 / ell**2 if meet or len(xs) > 1 else None

    def expand(x_box: Box) -> Expansion:
        """Damped Taylor features about the centre of the box; the kernel is invariant under shifts."""
        centre = [(side.lo + side.hi) / 2 for side in x_box.sides]
        corner = tuple(side.hi for side in x_box.sides)
        radius = sp.sqrt(sp.Add(*(side.length**2 for side in x_box.sides))) / 2
        exponents, n = by_degree(len(xs)), len(xs)

        def feature(i: int) -> sp.Expr:
            t = [(s - m) / ell for s, m in zip(xs, centre, strict=True)]
            a = exponents(i)
            size = sp.sqrt(sp.Mul(*(sp.factorial(k) for k in a)))
            power = sp.Mul(*(u**k for u, k in zip(t, a, strict=True)))
            return sp.exp(-sp.Add(*(u**2 for u in t)) / 2) * power / size

        def cut(k: int) -> int:
            return comb(n + k - 1, n)

        def tail(d: int) -> sp.Expr:
            degree = degree_of(d, cut)
            if degree == 0:
                return sp.Integer(1)
            return sp.lowergamma(degree, (radius / ell) ** 2, evaluate=False) / sp.gamma(degree)

        return Expansion(feature, tail, sp.Integer(1), "steinwart2008", cut, lambda k: corner)

    square = sum(((s - t) ** 2 for s, t in zip(xs, ys, strict=True)), sp.Integer(0))
    root = sp.sqrt(len(xs))
    return Relation(
        sp.exp(-square / (2 * ell**2)),
        f"gaussian(ell={ell})" if len(xs) == 1 else f"gaussian(ell={ell},dim={len(xs)})",
        "gaussian",
        True,
        "its Fourier transform is positive (Bochner)",
        xs,
        ys,
        sup_dxx=sup_dxx,
        sup_dyy=sup_dxx,
        expand=expand,
        facts={
            "fourier_mass": lambda x, y: sp.Integer(1),
            "fourier_frequency": lambda x, y: sp.sqrt(2) * root / ell,
            "spectral_frequency": lambda x, y: root / ell,
        },
    )


def degree_of(d: int, cut: Any) -> int:
    """The number of whole blocks among d features."""
    k = 0
    while cut(k + 1) <= d:
        k += 1
    return k


FAMILY = Family(
    name="gaussian",
    title="exp(-|x-y|^2 / (2 ell^2))",
    parameters={"ell": "length scale, a number > 0", "dim": "coordinates of x and of y, 1, 2 or 3"},
    make=make,
    example="gaussian(ell=1/2)",
    box="[0,1]",
    defaults={"dim": sp.Integer(1)},
    members=(Member("gaussian(ell=1/2)", "[0,1]"),),
    measured=(Measured("gaussian(ell=1/2)", "[0,1]"), Measured("gaussian(ell=1/4)", "[0,1]")),
)
