"""Strategies of matrices: definiteness proved by exact principal minors and exact elimination."""

from __future__ import annotations

from itertools import combinations

from flint import fmpq, fmpq_mat
from hypothesis import find, given, settings

from relverify.strategies.matrices import general, positive_semidefinite, symmetric_indefinite


def submatrix(a: fmpq_mat, chosen: tuple[int, ...]) -> fmpq_mat:
    return fmpq_mat([[a[i, j] for j in chosen] for i in chosen])


def has_nonnegative_minors(a: fmpq_mat) -> bool:
    """Positive semidefinite, by all principal minors."""
    n = a.nrows()
    return all(submatrix(a, c).det() >= 0 for k in range(1, n + 1) for c in combinations(range(n), k))


def pivots(a: fmpq_mat) -> list[fmpq] | None:
    """The diagonal of an exact L D L^T; None if a zero pivot stands before a nonzero column."""
    rest, found = fmpq_mat(a), []
    n = rest.nrows()
    for k in range(n):
        pivot = rest[k, k]
        found.append(pivot)
        column = [rest[i, k] for i in range(k + 1, n)]
        if pivot == 0:
            if any(v != 0 for v in column):
                return None
            continue
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                rest[i, j] -= column[i - k - 1] * column[j - k - 1] / pivot
    return found


@given(positive_semidefinite())
def test_positive_semidefinite(a: fmpq_mat) -> None:
    assert a == a.transpose()
    assert has_nonnegative_minors(a)
    diagonal = pivots(a)
    assert diagonal is not None and all(v >= 0 for v in diagonal)


@given(symmetric_indefinite())
def test_symmetric_indefinite(a: fmpq_mat) -> None:
    assert a == a.transpose()
    assert not has_nonnegative_minors(a)
    assert not has_nonnegative_minors(-1 * a)


@given(general(max_rows=3, max_columns=2, bound=2))
def test_general(a: fmpq_mat) -> None:
    assert 1 <= a.nrows() <= 3 and 1 <= a.ncols() <= 2
    assert all(abs(v) <= 2 for v in a.entries())


def test_shrinking() -> None:
    quiet = settings(database=None, max_examples=100)
    assert find(positive_semidefinite(2), lambda a: True, settings=quiet) == fmpq_mat([[0]])
    singular = find(positive_semidefinite(2), lambda a: a.rank() == 1 and a.nrows() == 2, settings=quiet)
    assert sorted(map(abs, singular.entries()))[-1] == 1
    small = find(symmetric_indefinite(2), lambda a: True, settings=quiet)
    assert small.nrows() == 2 and small[1, 0] == 0
    assert find(general(2, 2), lambda a: a.nrows() != a.ncols(), settings=quiet).entries() == [fmpq(0)] * 2
