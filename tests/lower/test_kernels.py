"""The distance to the kernels of one network: found by a solver, proved in rational arithmetic."""

import numpy as np
import pytest
import sympy as sp
from flint import fmpq, fmpq_mat
from hypothesis import given, settings

from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.lower.kernels import certify_distance, distance, distance_bound, nearest_kernel, rationalized
from relverify.relations import parse_relation
from relverify.rigor.enclose import enclose, endpoints
from relverify.spaces.rkhs import ldlt
from relverify.strategies.matrices import general, positive_semidefinite

CIRCLE = fmpq_mat([[(0, -1, 1, 1, -1)[(i - j) % 5] for j in range(5)] for i in range(5)])


def floats(matrix):
    return np.array([[float(v) for v in row] for row in matrix.tolist()])


def test_five_points_on_a_circle_within_1e_12():
    W, A = rationalized(nearest_kernel(floats(CIRCLE))[1])
    exact = endpoints(enclose(sp.sqrt(5) / (1 + sp.sqrt(5)), prec=200))
    found = distance_bound(CIRCLE, W, A)
    assert ldlt(W).psd and exact[0] - fmpq(1, 10**12) <= found <= exact[1]


def test_multipliers_that_are_not_quite_psd_lose_little():
    angles = 2 * np.pi * np.subtract.outer(range(5), range(5)) / 5
    W, A = rationalized(np.cos(angles) / np.abs(np.cos(angles)).sum() - 1e-9 * np.ones((5, 5)))
    exact = enclose(sp.sqrt(5) / (1 + sp.sqrt(5)), prec=200)
    assert ldlt(W).psd and exact - distance_bound(CIRCLE, W, A) < fmpq(1, 10**13)


@settings(max_examples=25)
@given(positive_semidefinite(4))
def test_kernels_have_no_distance(G):
    _, multipliers = nearest_kernel(floats(G))
    found = rationalized(multipliers)
    assert found is None or distance_bound(G, *found) <= 0


@settings(max_examples=25)
@given(general(4, 4))
def test_the_bound_holds_for_the_nearest_kernel_that_the_solver_gives(R):
    if R.nrows() != R.ncols():
        return
    kernel, multipliers = nearest_kernel(floats(R))
    found = rationalized(multipliers)
    if found is None:
        return
    bound = distance_bound(R, *found)
    # lifted until it is PSD beyond rounding, the kernel cannot be nearer than the bound, and duality makes them meet
    lifted = kernel + max(0.0, -np.linalg.eigvalsh(kernel)[0]) * np.eye(len(kernel))
    nearest = np.abs(floats(R) - lifted).max()
    assert (float(bound) <= nearest + 1e-7 and nearest <= float(bound) + 1e-5) or float(bound) <= 0


def test_matrices_that_prove_nothing_are_refused():
    with pytest.raises(InputError, match="not positive semidefinite"):
        distance_bound(CIRCLE, -CIRCLE, fmpq_mat(5, 5))
    with pytest.raises(InputError, match="not antisymmetric"):
        distance_bound(CIRCLE, fmpq_mat(5, 5), CIRCLE)
    with pytest.raises(InputError, match="both 0"):
        distance_bound(CIRCLE, fmpq_mat(5, 5), fmpq_mat(5, 5))


def test_asymmetry_alone():
    found = certify_distance(parse_relation("x - y"), [(fmpq(0),), (fmpq(1),)])
    assert fmpq(1) - fmpq(1, 10**9) < found.bound <= 1
    assert certify_distance(parse_relation("x*y"), [(fmpq(0),), (fmpq(1),)]) is None


@pytest.mark.parametrize(
    ("text", "box", "value"),
    [("x - y", "[0,1]", 1), ("x*y - 1/4", "[-1,1]", fmpq(1, 4)), ("x1*y2 - x2*y1", "[-1,1]^2", 2)],
)
def test_relations_of_known_distance(text, box, value):
    found = distance(parse_relation(text), parse_box(box))
    assert value - fmpq(1, 10**6) < found.lower <= value
    if found.upper is not None:
        assert value <= found.upper < value + fmpq(1, 100)


def test_kernels_are_known_to_have_distance_zero():
    found = distance(parse_relation("gaussian(ell=1/2)"), parse_box("[0,1]"))
    assert found.lower == found.upper == 0 and found.certificate is None
