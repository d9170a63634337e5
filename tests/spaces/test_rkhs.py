"""Exact Gram matrices, norms and interpolants."""

from __future__ import annotations

import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.spaces.rkhs import gram, interpolant, ldlt, matrix, norm_squared, quadratic_form

entries = st.fractions(-3, 3, max_denominator=4)


def tables(rows: int, columns: int) -> st.SearchStrategy[list[list[object]]]:
    return st.lists(st.lists(entries, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


@given(tables(4, 3))
def test_gram_matrices_factor(features: list) -> None:
    G = gram(features)
    factors = ldlt(G)
    assert factors.psd and factors.rank == G.rank()
    D = fmpq_mat(4, 4)
    for k, pivot in enumerate(factors.pivots):
        D[k, k] = pivot
    assert factors.lower * D * factors.lower.transpose() == G


@given(tables(3, 3))
def test_every_matrix_is_decided_with_a_reason(table: list) -> None:
    A = matrix(table)
    S = A + A.transpose()
    factors = ldlt(S)
    if factors.psd:
        minors = [S[0, 0], S[1, 1], S[2, 2], S.det()]
        minors += [S[i, i] * S[j, j] - S[i, j] ** 2 for i, j in ((0, 1), (0, 2), (1, 2))]
        assert all(minor >= 0 for minor in minors)
    else:
        assert factors.negative is not None and quadratic_form(S, factors.negative) < 0


@given(tables(3, 2), st.lists(entries, min_size=2, max_size=2))
def test_no_function_with_the_same_values_is_shorter(features: list, w: list) -> None:
    phi, vector = matrix(features), matrix([w]).transpose()
    values = (phi * vector).entries()
    G = gram(features)
    a = interpolant(G, values)
    assert (G * fmpq_mat(3, 1, list(a))).entries() == values
    least = norm_squared(G, values)
    assert least == quadratic_form(G, a)
    assert least <= (vector.transpose() * vector)[0, 0]


def test_the_norm_of_a_section_is_its_diagonal_value() -> None:
    G = gram([[1, 2], ["1/3", -1], [4, 1]])
    for j in range(3):
        assert norm_squared(G, [G[i, j] for i in range(3)]) == G[j, j]


def test_known_matrices() -> None:
    # 1 - 2d/pi with the geodesic distance d on the circle, at four points; three unit vectors cannot be opposite
    assert ldlt(matrix([[1, 0, -1, 0], [0, 1, 0, -1], [-1, 0, 1, 0], [0, -1, 0, 1]])).psd
    assert not ldlt(matrix([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]])).psd


@pytest.mark.parametrize(
    ("G", "values", "problem"),
    [
        ([[1, 1], [1, 1]], [1, 2], "not taken"),
        ([[1, 2], [2, 1]], [1, 2], "not positive semidefinite"),
        ([[1, 0], [0, 1]], [1], "1 entries"),
        ([[1, 0], [1, 1]], [1, 2], "not symmetric"),
    ],
)
def test_errors(G: list, values: list, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        norm_squared(matrix(G), values)


def test_ragged_tables_and_floats_are_refused() -> None:
    with pytest.raises(InputError, match="not a matrix"):
        matrix([[1], [1, 2]])
    with pytest.raises(InputError, match="float"):
        matrix([[0.5]])
    assert matrix([["0.5"]])[0, 0] == fmpq(1, 2)
