"""Bounds on Bernstein ellipses: never below a value, and not far above the largest."""

from __future__ import annotations

import cmath
import math

import pytest
import sympy as sp

from relverify.core.box import Interval
from relverify.errors import InputError
from relverify.relations.bernstein import best_ellipse, ellipse_bound

x, y = sp.symbols("x y", real=True)
UNIT = Interval(sp.Integer(0), sp.Integer(1))
CASES = {
    "gaussian": (sp.exp(-2 * (x - y) ** 2), lambda z, q: cmath.exp(-2 * (z - q) ** 2)),
    "exponential": (sp.exp(x * y), lambda z, q: cmath.exp(z * q)),
    "pole": (1 / (3 - x * y), lambda z, q: 1 / (3 - z * q)),
    "polynomial": ((x * y + 1) ** 3, lambda z, q: (z * q + 1) ** 3),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("rho", [sp.Rational(3, 2), sp.Integer(3)])
def test_bounds_against_a_sample(name: str, rho: sp.Expr) -> None:
    expression, function = CASES[name]
    bound = ellipse_bound(expression, x, UNIT, {y: UNIT}, rho)
    assert bound is not None
    q = float(rho)
    points = [
        0.5 + 0.25 * (q * cmath.exp(1j * t) + cmath.exp(-1j * t) / q) for t in (k * math.pi / 60 for k in range(121))
    ]
    largest = max(abs(function(z, k / 40)) for z in points for k in range(41))
    assert 1 - 1e-9 <= float(bound) / largest <= 1.05


def test_poles_and_kinks_inside_are_seen() -> None:
    assert ellipse_bound(1 / (1 + x**2), x, Interval(sp.Integer(-1), sp.Integer(1)), {}, sp.Rational(5, 2)) is None
    inside = ellipse_bound(1 / (1 + x**2), x, Interval(sp.Integer(-1), sp.Integer(1)), {}, sp.Integer(2))
    assert inside is not None and inside >= 1 / (1 - sp.Rational(9, 16))
    assert ellipse_bound(abs(x - y), x, UNIT, {y: UNIT}, sp.Integer(2)) is None
    assert ellipse_bound(sp.sqrt(x), x, UNIT, {}, sp.Integer(2)) is None
    assert ellipse_bound(sp.Heaviside(x), x, UNIT, {}, sp.Integer(2)) is None


def test_the_chosen_ellipse() -> None:
    rho, bound = best_ellipse(sp.exp(x * y), x, UNIT, {y: UNIT}, "exp(x*y)")
    assert rho > 2 and bound >= sp.E
    assert best_ellipse(1 / (1 + 25 * x**2), x, Interval(sp.Integer(-1), sp.Rational(-1, 2)), {}, "")[0] > 1
    with pytest.raises(InputError, match="not proved to be analytic in x"):
        best_ellipse(abs(x - y), x, UNIT, {y: UNIT}, "abs(x - y)")
