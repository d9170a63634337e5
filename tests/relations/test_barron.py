"""Variations of slopes and curved Barron norms against closed forms."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings

from relverify.core.box import Box, Interval
from relverify.relations.barron import (
    augmented_length,
    curved_barron,
    greatest_section,
    integral_bound,
    slope_variation,
)
from relverify.rigor.enclose import enclose
from relverify.rigor.quadrature import integral
from relverify.strategies.boxes import boxes
from relverify.strategies.numbers import rationals

t, x, y = sp.symbols("t x y", real=True)
UNIT = Interval(sp.Integer(0), sp.Integer(1))


def _wave_variation(omega: sp.Expr, theta: sp.Expr, side: Interval) -> sp.Expr:
    """|ω| ∫|cos| between the phases at the ends; ∫_0^u |cos| = 2k + sin(u - kπ), k = floor(u/π + 1/2)."""

    def primitive(u: sp.Expr) -> sp.Expr:
        k = sp.floor(u / sp.pi + sp.Rational(1, 2))
        return 2 * k + sp.sin(u - k * sp.pi)

    low, high = sorted((omega * side.lo + theta, omega * side.hi + theta), key=float)
    return abs(omega) * (primitive(high) - primitive(low))


@settings(max_examples=15)
@given(rationals(-6, 6), rationals(-3, 3), boxes())
def test_waves(omega, theta, box: Box) -> None:
    omega, theta = (sp.Rational(v.numerator, v.denominator) for v in (omega, theta))
    found = slope_variation(sp.cos(omega * t + theta), t, box[0])
    assert found.overlaps(enclose(_wave_variation(omega, theta, box[0]))) and found.rad() < 1e-3
    assert (
        slope_variation(sp.cos(omega * t + theta), t, box[0])
        <= curved_barron(sp.cos(omega * t + theta), t, box[0]) + arb(1) / 100
    )


@settings(max_examples=10)
@given(boxes())
def test_quadratics_in_closed_form(box: Box) -> None:
    found = curved_barron(t**2, t, box[0])
    assert found.overlaps(enclose(2 * augmented_length(box[0]))) and found.rad() < 1e-3
    assert slope_variation(t**2, t, box[0]).overlaps(enclose(2 * box[0].length))


@pytest.mark.parametrize("function", [sp.exp(t), sp.sin(5 * t), t**3 - t, sp.tanh(4 * t)], ids=str)
def test_curved_norms_against_quadrature(function: sp.Expr) -> None:
    side = Interval(sp.Integer(-1), sp.Rational(3, 2))
    size = integral(abs(function.diff(t, 2)) * sp.sqrt(1 + t**2), t, side.lo, side.hi, prec=53)
    assert curved_barron(function, t, side).overlaps(size)


@pytest.mark.parametrize("curved", [False, True])
def test_the_largest_section(curved: bool) -> None:
    """The sections y sin(3x) are largest at y = 1."""
    bound = greatest_section(y * sp.sin(3 * x), x, y, UNIT, UNIT, curved)
    true = (curved_barron if curved else slope_variation)(sp.sin(3 * t), t, UNIT)
    assert arb(1) <= arb(bound.p) / arb(bound.q) / true.lower() <= arb(104) / 100


def test_infinite_variations_are_refused() -> None:
    with pytest.raises(ArithmeticError):
        greatest_section(abs(x - y), x, y, UNIT, UNIT, curved=False)


def test_bounds_are_rounded_up() -> None:
    bound = integral_bound(arb(2).sqrt())
    assert bound**2 >= 2 and bound < 1.42
