"""Suprema of polynomials against values at many points and known extrema."""

from __future__ import annotations

import pytest
from flint import arb, ctx, fmpq, fmpq_mat, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from relverify.rigor.polynomials import hull, sup_abs, sup_error, sup_quadratic

small = st.fractions(-3, 3, max_denominator=6)


def rational(value: object) -> fmpq:
    return fmpq(value.numerator, value.denominator)  # type: ignore[attr-defined]


@given(st.lists(small, min_size=1, max_size=5))
def test_no_value_is_above_the_supremum(coefficients: list) -> None:
    p = fmpq_poly([rational(c) for c in coefficients])
    found = sup_abs(p, fmpq(-1), fmpq(2))
    for k in range(61):
        assert not abs(arb(p(fmpq(k, 20) - 1))) > found


@pytest.mark.parametrize("degree", [1, 2, 3, 5, 8])
def test_chebyshev_polynomials_have_size_one(degree: int) -> None:
    before, current = fmpq_poly([1]), fmpq_poly([0, 1])
    for _ in range(degree - 1):
        before, current = current, fmpq_poly([0, 2]) * current - before
    with ctx.workprec(200):
        found = sup_abs(current, fmpq(-1), fmpq(1), 200)
        assert found.contains(1) and found.rel_accuracy_bits() > 100


def test_multiple_critical_points() -> None:
    # x^3 has a double critical point inside, x^2 (x - 1)^2 a maximum at 1/2
    assert sup_abs(fmpq_poly([0, 0, 0, 1]), fmpq(-1), fmpq(1)).contains(1)
    assert sup_abs(fmpq_poly([0, 0, 1, -2, 1]), fmpq(0), fmpq(1)).contains(fmpq(1, 16))


@given(st.lists(small, min_size=9, max_size=9), st.lists(small, min_size=6, max_size=6))
def test_biquadratic_error_lies_between_the_bounds(coefficients: list, values: list) -> None:
    r = fmpq_mat(3, 3, [rational(c) for c in coefficients])
    xs, ys = [fmpq(0), fmpq(1, 3), fmpq(1)], [fmpq(-1, 2), fmpq(1)]
    nodal = fmpq_mat(3, 2, [rational(v) for v in values])
    lower, upper = sup_error(r, xs, ys, nodal, fmpq(1, 50))
    assert lower <= upper <= lower * fmpq(51, 50)
    for k in range(2):
        for a in range(5):
            for b in range(5):
                s, t = fmpq(a, 4), fmpq(b, 4)
                x, y = xs[k] + s * (xs[k + 1] - xs[k]), ys[0] + t * (ys[1] - ys[0])
                low = nodal[k, 0] + t * (nodal[k, 1] - nodal[k, 0])
                high = nodal[k + 1, 0] + t * (nodal[k + 1, 1] - nodal[k + 1, 0])
                value = sum(r[i, j] * x**i * y**j for i in range(3) for j in range(3))
                assert abs(value - low - s * (high - low)) <= upper


@given(small, small, small)
def test_quadratic_supremum_is_exact(c0: object, c1: object, c2: object) -> None:
    coefficients = [rational(c) for c in (c0, c1, c2)]
    found = sup_quadratic(*coefficients, fmpq(-1), fmpq(2))
    assert sup_abs(fmpq_poly(coefficients), fmpq(-1), fmpq(2)).overlaps(arb(found))


def test_hull_of_different_numbers_contains_both() -> None:
    ball = hull(fmpq(1, 3), fmpq(2, 3))
    assert ball.contains(arb(fmpq(1, 2))) and not ball.is_exact()


@pytest.mark.parametrize("along", [0, 1])
def test_cells_are_halved_along_the_axis_that_bends(along: int) -> None:
    """x² - x on [0,1] has the supremum 1/4, and the Bernstein coefficient 1/2 of the whole."""
    square = fmpq_mat(3, 3, [0, 0, 0, 0, 0, 0, 1, 0, 0] if along == 0 else [0, 0, 1, 0, 0, 0, 0, 0, 0])
    nodal = fmpq_mat(2, 2, [0, 0, 1, 1] if along == 0 else [0, 1, 0, 1])
    unit = [fmpq(0), fmpq(1)]
    assert sup_error(square, unit, unit, nodal, fmpq(1, 1000)) == (fmpq(1, 4), fmpq(1, 4))


def test_a_vertex_beside_the_interval_does_not_count() -> None:
    """(x - 5/2)² - 9 and its mirror image on [-1, 2] and [-2, 1]: 35/4 at the nearer end, -9 at the vertex outside."""
    assert sup_quadratic(fmpq(-11, 4), fmpq(-5), fmpq(1), fmpq(-1), fmpq(2)) == fmpq(35, 4)
    assert sup_quadratic(fmpq(-11, 4), fmpq(5), fmpq(1), fmpq(-2), fmpq(1)) == fmpq(35, 4)
    assert sup_quadratic(fmpq(-11, 4), fmpq(-5), fmpq(1), fmpq(-1), fmpq(3)) == 9
    assert sup_quadratic(fmpq(5), fmpq(2), fmpq(0), fmpq(-1), fmpq(3)) == 11
