"""Sampled units of two networks, against integrals of the features in floating point."""

import math

import numpy as np
import pytest
from flint import fmpq

from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.networks.asymmetric import asymmetric_units, polynomial_features
from relverify.networks.sampled_pairs import Bounds, sampled_pairs
from relverify.relations import parse_relation

RELATION = parse_relation("sin(x+2*y)")
X, Y = parse_box("[0,1]"), parse_box("[-1,1/2]")
EPS = fmpq(1, 100)
chebyshev = np.polynomial.chebyshev
Z = np.linspace(-1, 1, 20_001)


def integrals(coefficients, length):
    """sup|h|, sup|h''| L²/8, V' about the middle, ∫|h''| and the least |h'| of a feature on an interval."""
    half = length / 2
    h, slope, bend = (chebyshev.chebval(Z, chebyshev.chebder(coefficients, m=k)) / half**k for k in range(3))
    weight = np.sqrt(1 + (half * Z) ** 2)
    return (np.abs(h).max(), np.abs(bend).max() * length**2 / 8, half * np.trapezoid(np.abs(bend) * weight, Z),
            half * np.trapezoid(np.abs(bend), Z), np.abs(slope).min())  # fmt: skip


def test_the_bounds_hold_for_every_feature():
    sides, energy = polynomial_features(RELATION, X, Y, EPS, 2)
    for (sizes, curves, coefficients), length in zip(sides, (1.0, 1.5), strict=True):
        squares = np.zeros_like(Z)
        for i in range(2):
            size, curve, curved, variation, slope = integrals(coefficients[:, i], length)
            assert size <= float(sizes[i]) <= 1.1 * size and curve <= float(curves[i]) <= 1.1 * curve
            bounds = Bounds(sizes[i], curves[i], fmpq(int(2 * length), 2))
            radius = math.sqrt(1 + length**2 / 4)
            assert 4 * (curved + slope * radius) * radius <= float(bounds.barron())
            assert 2 * curved * radius <= float(bounds.curved()) <= 10 * curved * radius
            assert length * variation / 4 <= float(bounds.knots()) <= length * variation
            squares += chebyshev.chebval(Z, coefficients[:, i]) ** 2
        assert squares.max() <= float(energy)


@pytest.mark.parametrize(("cost", "extra"), [(Bounds.barron, 0), (Bounds.curved, 1), (Bounds.knots, 1)])
def test_counts_by_hand(cost, extra):
    units, d = sampled_pairs(RELATION, X, Y, EPS, cost, extra)
    splines = asymmetric_units(RELATION, X, Y, "1/100", "vector")
    sides, energy = polynomial_features(RELATION, X, Y, EPS, d)
    costs = [float(cost(Bounds(size, curve, length)))
             for (sizes, curves, _), length in zip(sides, (fmpq(1), fmpq(3, 2)), strict=True)
             for size, curve in zip(sizes, curves, strict=True)]  # fmt: skip
    t = 0.01 - float(splines.tail)
    delta = t / (math.sqrt(float(energy) + t) + math.sqrt(float(energy)))
    assert d == splines.d == 2
    # the least of Σ n_i with Σ c_i²/n_i <= 2 δ² over real numbers, and each is rounded up
    least = sum(costs) ** 2 / (2 * delta**2)
    assert least <= units <= least * (1 + 1e-9) + len(costs) * (1 + extra)


def test_constant_features_cost_nothing():
    flat, d = sampled_pairs(parse_relation("exp(y)"), X, X, EPS, Bounds.knots, 1)
    both, _ = sampled_pairs(parse_relation("exp(y)*(1+x**2)"), X, X, EPS, Bounds.knots, 1)
    assert d == 1 and 0 < flat < both


def test_rough_relations_are_refused():
    with pytest.raises(InputError, match="polynomials"):
        sampled_pairs(parse_relation("abs(x-y/3)"), X, X, fmpq(1, 1000), Bounds.knots, 1)
