"""Features that an error needs."""

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.lower.features import features_needed, one_network_bound, root_below, tail_bound
from relverify.lower.values import enclosed_values, rational_points
from relverify.relations import parse_relation
from relverify.strategies.matrices import general

UNIT = parse_box("[0,1]")


@pytest.mark.parametrize(("text", "rank"), [("x*y", 1), ("1 + x*y", 2), ("(1 + x*y)^2", 3), ("x*y - x^2", 2)])
def test_relations_of_finite_rank_need_their_rank_and_no_more(text, rank):
    found = features_needed(parse_relation(text), UNIT, UNIT, fmpq(1, 10**6))
    assert found.d + 1 == rank and found.bound > fmpq(1, 10**6)


@pytest.mark.parametrize(("eps", "needed"), [("1/10", 2), ("1/100", 3), ("1/1000", 4), ("1/10000", 5)])
def test_gaussian(eps, needed):
    found = features_needed(parse_relation("gaussian(ell=1/2)"), UNIT, UNIT, fmpq(*map(int, eps.split("/"))))
    assert found.d + 1 >= needed


def test_min_by_exact_minors():
    # on d+1 equal steps of [0,1] the inverse of min is tridiagonal: its sum of entries is 4(d+1)² − 2(d+1) + ...
    found = features_needed(parse_relation("brownian"), UNIT, UNIT, fmpq(1, 1000))
    assert found.d + 1 >= 20


def test_several_coordinates():
    square = parse_box("[0,1]^2")
    found = features_needed(parse_relation("x1*y1 + x2*y2"), square, square, fmpq(1, 1000))
    assert found.d + 1 == 2


@given(general(4, 4), st.integers(0, 3))
def test_bounds_by_singular_values_are_those_of_numpy(R, d):
    values = np.array([[float(v) for v in row] for row in R.tolist()])
    tail = np.sqrt((np.linalg.svd(values, compute_uv=False)[d:] ** 2).sum() / values.size)
    bound = float(tail_bound(R, d, fmpq(1, 100)))
    assert bound <= tail + 1e-9 and tail - bound < 1e-3
    if R.nrows() == R.ncols():
        # one network does no better than two
        assert float(one_network_bound(R, d, fmpq(1, 100))) >= tail - 1e-3


def test_eigenvalues_of_the_negative_part_stay():
    R = fmpq_mat([[0, 1], [1, 0]])
    assert [round(float(one_network_bound(R, d, fmpq(1, 10))), 4) for d in (0, 1, 2)] == [0.7071, 0.5, 0.5]


@given(st.fractions(0, 1000, max_denominator=1000))
def test_roots_are_rounded_down(square):
    q = fmpq(*square.as_integer_ratio())
    root = root_below(q)
    assert root * root <= q < (root + fmpq(1, 10**15)) ** 2


def test_rational_values_are_within_their_slack():
    points = rational_points(np.array([[0.1], [0.7]]), UNIT)
    found = enclosed_values(parse_relation("gaussian(ell=1/2)"), points, points)
    assert found.slack < fmpq(1, 2**100)
    with ctx.workprec(300):
        for i, (a,) in enumerate(points):
            for j, (b,) in enumerate(points):
                assert abs((-2 * (arb(a) - arb(b)) ** 2).exp() - arb(found.matrix[i, j])) <= arb(found.slack)


def test_values_that_do_not_exist():
    with pytest.raises(InputError, match="no value at"):
        enclosed_values(parse_relation("1/(x-y)"), [(fmpq(1),)], [(fmpq(1),)])
