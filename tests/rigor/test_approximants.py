"""The rounding errors of Horner's rule by hand, and against exact evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from relverify.rigor.approximants import _NEGLIGIBLE, U, approximant, horner, horner_error, relative_constant
from relverify.rigor.exact import dyadic


def test_errors_of_short_polynomials_by_hand() -> None:
    r = fmpq(1, 2)
    assert horner_error([3.0], r, fmpq(0)) == (_NEGLIGIBLE, 3)
    # 3 - 2z: the product is at most 2·r, off by u of that; the sum by u of both
    product = 2 * r * (1 + U)
    error = U * product + U * (3 + product)
    assert horner_error([3.0, -2.0], r, fmpq(0)) == (error + _NEGLIGIBLE, 4)
    # 1 + z(3 - 2z): what was off before is multiplied by r
    following = (4 + error) * r * (1 + U)
    total = error * r + U * following + U * (1 + following)
    assert horner_error([1.0, 3.0, -2.0], r, fmpq(0)) == (total + _NEGLIGIBLE, 3)
    # an argument off by a relative 1/100: twice the slope 3 + 4 r, times r
    moved, _ = horner_error([1.0, 3.0, -2.0], r, fmpq(1, 100))
    assert moved == total + fmpq(1, 100) * 5 * r * 2 + _NEGLIGIBLE


@pytest.mark.parametrize("degree", [1, 4, 9])
def test_computed_values_are_within_the_error(degree: int) -> None:
    rng = np.random.default_rng(degree)
    coefficients = rng.normal(size=degree + 1).tolist()
    error, size = horner_error(coefficients, fmpq(3, 4), fmpq(0))
    z = rng.uniform(-0.75, 0.75, 300)
    worst = fmpq(0)
    for point, value in zip(z.tolist(), horner(coefficients, z).tolist(), strict=True):
        exact = sum((dyadic(c) * dyadic(point) ** k for k, c in enumerate(coefficients)), fmpq(0))
        assert abs(exact) <= size
        worst = max(worst, abs(dyadic(value) - exact))
    assert worst <= error <= 100 * worst


def test_approximants_have_the_accuracy_that_is_asked() -> None:
    geometric = approximant(lambda k: fmpq(1), fmpq(1, 8), fmpq(1, 8), accuracy=30, argument_error=fmpq(0))
    for k in range(41):
        z = fmpq(k, 320)
        value = sum((dyadic(c) * z**i for i, c in enumerate(geometric.coefficients)), fmpq(0))
        assert abs(value - 1 / (1 - z)) <= geometric.truncation <= fmpq(1, 2**30) + 4 * U
    longer = approximant(lambda k: fmpq(1), fmpq(1, 8), fmpq(1, 8), accuracy=60)
    assert len(geometric.coefficients) == 7 and len(longer.coefficients) == 13


def test_the_constant_of_a_relative_error_covers_its_own_rounding() -> None:
    for error in (fmpq(1, 2**50), fmpq(1, 1000), fmpq(0)):
        found, least = dyadic(relative_constant(error)), error / (1 - error) + U
        assert least * (1 + 8 * U) <= found <= least * (1 + 11 * U) + U / 2**39
