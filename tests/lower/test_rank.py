from itertools import product

import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.lower.rank import eigenvalues, minor_bound, sign_norm
from relverify.spaces.rkhs import matrix
from relverify.strategies.matrices import general, orthogonal


@given(general(5, 5))
def test_the_sign_norm_is_the_largest_of_all_sums(P):
    norm, signs = sign_norm(P)
    rows = [[P[i, j] for j in range(P.ncols())] for i in range(P.nrows())]
    sums = [
        sum(abs(sum(v * s for v, s in zip(row, t, strict=True))) for row in rows)
        for t in product((1, -1), repeat=P.ncols())
    ]
    assert norm == max(sums)
    assert norm == sum(abs(sum(v * s for v, s in zip(row, signs, strict=True))) for row in rows)


def test_large_matrices_take_the_sum_of_all_entries():
    P = fmpq_mat(13, 13, [(-1) ** (i * j) * fmpq(1, 3) for i in range(13) for j in range(13)])
    assert sign_norm(P) == (fmpq(169, 3), [])


@given(general(3, 3), st.integers(1, 3))
def test_no_singular_matrix_is_nearer_than_the_bound(R, size):
    if R.nrows() != R.ncols():
        return
    bound = minor_bound(R)
    if bound == 0:
        assert R.det() == 0
        return
    # a matrix that is nearer by any factor keeps the sign of its determinant
    n = R.nrows()
    for signs in product((1, -1), repeat=n * n):
        nearer = R + fmpq_mat(n, n, list(signs)) * (bound * fmpq(99, 100))
        assert (nearer.det() > 0) == (R.det() > 0) and nearer.det() != 0


@given(st.integers(1, 4).flatmap(orthogonal), st.lists(st.fractions(-3, 3, max_denominator=4), min_size=4, max_size=4))
def test_eigenvalues_are_enclosed_with_multiplicity(Q, values):
    n = Q.nrows()
    known = sorted((fmpq(*v.as_integer_ratio()) for v in values[:n]), reverse=True)
    D = fmpq_mat(n, n)
    for i, value in enumerate(known):
        D[i, i] = value
    found = eigenvalues(Q * D * Q.transpose(), fmpq(1, 2**40))
    assert len(found) == n
    assert all(low <= value <= high for (low, high), value in zip(found, known, strict=True))


def test_eigenvalues_of_matrices_that_are_not_symmetric_are_refused():
    with pytest.raises(InputError, match="not symmetric"):
        eigenvalues(matrix([[0, 1], [2, 0]]), fmpq(1))
