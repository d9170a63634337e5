"""Polynomial kernels (x·y + c)^p."""

from __future__ import annotations

from itertools import count
from math import comb
from typing import Any

import sympy as sp

from relverify.core.box import Box
from relverify.relations.expansion import Expansion
from relverify.relations.family import FalseClaim, Family, Measured, coordinates, number, quadratic_form, whole
from relverify.relations.relation import Relation
from relverify.rigor.decide import Decision, decide

POWERS = "degree, an integer from 0 to 20"


def make(p: Any, c: Any, dim: Any) -> Relation:
    p, c = whole(p, "p", POWERS, 0, 20), number(c, "c", "a number")
    xs, ys = coordinates(whole(dim, "dim", "1, 2 or 3", 1, 3))
    product = sum((s * t for s, t in zip(xs, ys, strict=True)), sp.Integer(0))

    def sup_dxx(x_box: Box, y_box: Box) -> sp.Expr | None:
        """p(p-1)|y|²|x·y + c|^{p-2}, where the box has a corner at which both factors are largest."""
        if p < 2:
            return sp.Integer(0)
        if len(xs) > 1 or c.is_nonnegative is not True:
            return None
        tops = [{end for end in (box[0].lo, box[0].hi) if abs(end) == largest(box)} for box in (x_box, y_box)]
        if not any(a * b >= 0 for a in tops[0] for b in tops[1]):
            return None
        return p * (p - 1) * largest(y_box) ** 2 * (largest(x_box) * largest(y_box) + c) ** (p - 2)

    def sup_dyy(x_box: Box, y_box: Box) -> sp.Expr | None:
        return sup_dxx(y_box, x_box)

    def expand(x_box: Box) -> Expansion | None:
        """Monomials, by total degree; the degree k has the weight C(p,k) c^{p-k}."""
        if c.is_nonnegative is not True:
            return None
        degrees = [k for k in range(p + 1) if c != 0 or k == p]
        indices = [a for k in degrees for a in multi_indices(len(xs), k)]
        radius = sp.Add(*(max(abs(side.lo), abs(side.hi)) ** 2 for side in x_box.sides))

        def feature(i: int) -> sp.Expr:
            if i > len(indices):
                return sp.Integer(0)
            a = indices[i - 1]
            weight = sp.binomial(p, sum(a)) * c ** (p - sum(a)) * multinomial(a)
            return sp.sqrt(weight) * sp.Mul(*(s**k for s, k in zip(xs, a, strict=True)))

        def cut(k: int) -> int:
            return sum(comb(len(xs) + j - 1, j) for j in degrees[:k])

        def tail(d: int) -> sp.Expr:
            kept = max(k for k in range(len(degrees) + 1) if cut(k) <= d)
            return sp.Add(*(sp.binomial(p, k) * c ** (p - k) * radius**k for k in degrees[kept:]))

        corner = tuple(max(side.lo, side.hi, key=abs) for side in x_box.sides)
        return Expansion(feature, tail, (radius + c) ** p, "steinwart2008", cut, lambda k: corner, size=len(indices))

    if c.is_nonnegative or p == 0:
        psd, reason = True, "its monomials have coefficients C(p,k) c^(p-k) >= 0"
    elif c.is_negative:
        psd, reason = False, "for c < 0 the monomial of degree p-1 has a negative coefficient"
    else:
        psd, reason = None, ""
    given = f"p={p},c={c}" if len(xs) == 1 else f"p={p},c={c},dim={len(xs)}"
    expr = (product + c) ** p
    return Relation(
        expr, f"polynomial({given})", "polynomial", psd, reason, xs, ys, sup_dxx=sup_dxx, sup_dyy=sup_dyy, expand=expand
    )


def multi_indices(dim: int, degree: int) -> list[tuple[int, ...]]:
    """The exponents of the monomials of a degree.

    Examples
    --------
    >>> multi_indices(2, 2)
    [(2, 0), (1, 1), (0, 2)]
    """
    if dim == 1:
        return [(degree,)]
    return [(k, *rest) for k in range(degree, -1, -1) for rest in multi_indices(dim - 1, degree - k)]


def multinomial(exponents: tuple[int, ...]) -> sp.Expr:
    """The multinomial coefficient of a monomial."""
    return sp.factorial(sum(exponents)) / sp.Mul(*(sp.factorial(k) for k in exponents))


def by_degree(dim: int) -> Any:
    """From i >= 1 to the exponents of the i-th monomial of all degrees."""
    found: list[tuple[int, ...]] = []
    degrees = count()

    def exponents(i: int) -> tuple[int, ...]:
        while len(found) < i:
            found.extend(multi_indices(dim, next(degrees)))
        return found[i - 1]

    return exponents


def largest(box: Box) -> sp.Rational:
    """The largest absolute value in an interval."""
    return max(abs(box[0].lo), abs(box[0].hi))


def _negative_shift() -> Decision:
    relation = make(sp.Integer(2), sp.Rational(-1, 2), sp.Integer(1))
    return decide(sp.Ge(quadratic_form(relation, [0, sp.Rational(1, 4)], [-1, 1]), 0, evaluate=False))


FAMILY = Family(
    name="polynomial",
    title="(x·y + c)^p",
    parameters={"p": POWERS, "c": "shift, a number; PSD for c >= 0", "dim": "coordinates of x and of y, 1, 2 or 3"},
    make=make,
    example="polynomial(p=3,c=1)",
    box="[0,1]",
    defaults={"c": sp.Integer(0), "dim": sp.Integer(1)},
    measured=(Measured("polynomial(p=3,c=1)", "[0,1]"), Measured("polynomial(p=6,c=0)", "[0,1]")),
    false_claims=(FalseClaim("(xy - 1/2)^2 is PSD on [0,1]", _negative_shift),),
)
