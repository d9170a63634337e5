"""Functions of least norm: enclosures against exact algebra and against other functions with the same values."""

import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.relations import parse_relation
from relverify.spaces.interpolation import least_norm
from relverify.spaces.rkhs import interpolant, matrix, norm_squared
from relverify.strategies.numbers import rationals

GAUSSIAN = parse_relation("gaussian(ell=1/2)")


@given(st.lists(rationals(-2, 2), min_size=2, max_size=2))
def test_polynomial_kernels_agree_with_rational_algebra(values):
    kernel, points = parse_relation("1 + x*y"), [fmpq(0), fmpq(1, 2)]
    G = matrix([[1 + p * q for q in points] for p in points])
    found, exact = least_norm(kernel, points, values), [fmpq(*v.as_integer_ratio()) for v in values]
    # at a precision where the exact values become narrower balls
    with ctx.workprec(4 * found.prec):
        assert found.norm_squared.contains(norm_squared(G, exact))
        assert all(ball.contains(a) for ball, a in zip(found.coefficients, interpolant(G, exact), strict=True))


def test_values_are_reproduced_and_the_norm_is_the_least():
    points, values = [fmpq(k, 7) for k in range(8)], [fmpq((-1) ** k, k + 1) for k in range(8)]
    found = least_norm(GAUSSIAN, points, values)
    for point, value in zip(points, values, strict=True):
        assert found.at(point).contains(value) and found.power_squared(point).contains(0)
    # fewer conditions leave a smaller norm
    assert least_norm(GAUSSIAN, points[:5], values[:5]).norm_squared < found.norm_squared
    with ctx.workprec(300):
        assert found.at("1/3").is_finite() and found.power_squared("1/3") > 0


def test_a_section_of_the_kernel_has_norm_one_and_stays_within_the_deviation():
    # g = k(1/3, .) has norm 1; its values at three points determine it up to the deviation
    points = ["0", "1/2", "1"]
    section = parse_relation("gaussian(ell=1/2)").functions.value
    with ctx.workprec(200):
        exact = [section(arb(fmpq(1, 3)), arb(fmpq(p))) for p in (0, fmpq(1, 2), 1)]
        values = [fmpq((ball * 2**100).floor().unique_fmpz()) / 2**100 for ball in exact]
    found = least_norm(GAUSSIAN, points, values)
    assert found.norm_squared < 1
    # the rounded values belong to a function of norm at most 1 + 2^-40
    allowed = found.deviation(1 + fmpq(1, 2**40), "1/3")
    assert abs(found.at("1/3") - 1) <= allowed * (1 + arb(2) ** -20)


def test_refusals():
    with pytest.raises(InputError, match="not symmetric"):
        least_norm(parse_relation("x - y"), ["0"], [1])
    with pytest.raises(InputError, match="positive definite"):
        least_norm(GAUSSIAN, ["0", "0"], [1, 1])
    with pytest.raises(InputError, match="one a point"):
        least_norm(GAUSSIAN, ["0"], [1, 2])
    with pytest.raises(InputError, match="less than the least norm"):
        least_norm(GAUSSIAN, ["0"], [1]).deviation("1/2", "1")
    with pytest.raises(InputError, match="coordinates"):
        least_norm(GAUSSIAN, [["0", "1"]], [1])
