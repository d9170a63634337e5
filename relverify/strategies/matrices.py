"""Exact rational matrices whose definiteness is known by construction."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat
from hypothesis import strategies as st

from relverify.strategies.numbers import rationals


def to_matrix(rows: list[list[Fraction]]) -> fmpq_mat:
    """A FLINT matrix of rows of fractions.

    Examples
    --------
    >>> to_matrix([[Fraction(1, 2)]])[0, 0]
    1/2
    """
    return fmpq_mat([[fmpq(v.numerator, v.denominator) for v in row] for row in rows])


@st.composite
def general(draw: Any, max_rows: int = 4, max_columns: int = 4, bound: int = 3) -> fmpq_mat:
    """Rational matrices of any shape.

    Parameters
    ----------
    max_rows, max_columns : int
    bound : int
        Of the magnitude of the entries.

    Returns
    -------
    SearchStrategy of fmpq_mat
    """
    rows, columns = draw(st.integers(1, max_rows)), draw(st.integers(1, max_columns))
    return _draw_matrix(draw, rows, columns, bound)


@st.composite
def positive_semidefinite(draw: Any, max_size: int = 4, bound: int = 3) -> fmpq_mat:
    """Symmetric positive semidefinite matrices B B^T of any rank, exactly.

    Parameters
    ----------
    max_size : int
    bound : int
        Of the magnitude of the entries of B.

    Returns
    -------
    SearchStrategy of fmpq_mat
        Shrinks towards the zero matrix of size one.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(positive_semidefinite(), lambda a: a[0, 0] > 0)
    [1]
    """
    size = draw(st.integers(1, max_size))
    factor = _draw_matrix(draw, size, draw(st.integers(1, size)), bound)
    return factor * factor.transpose()


@st.composite
def symmetric_indefinite(draw: Any, max_size: int = 4, bound: int = 3) -> fmpq_mat:
    """Symmetric matrices with an eigenvalue of each sign, exactly.

    They are congruent to a diagonal matrix with entries of both signs, so Sylvester's law gives the signs.

    Parameters
    ----------
    max_size : int
        At least 2.
    bound : int
        Of the magnitude of the entries of the factors.

    Returns
    -------
    SearchStrategy of fmpq_mat
    """
    size = draw(st.integers(2, max_size))
    positive, negative = draw(rationals("1/4", bound)), -draw(rationals("1/4", bound))
    diagonal = draw(st.permutations([positive, negative, *[draw(rationals(-bound, bound)) for _ in range(size - 2)]]))
    lower = fmpq_mat(size, size)
    for i in range(size):
        lower[i, i] = 1
        for j in range(i):
            lower[i, j] = _fmpq(draw(rationals(-bound, bound)))
    middle = fmpq_mat(size, size)
    for i, entry in enumerate(diagonal):
        middle[i, i] = _fmpq(entry)
    return lower * middle * lower.transpose()


@st.composite
def orthogonal(draw: Any, size: int) -> fmpq_mat:
    """Orthogonal matrices of a given size, exactly: products of two rational reflections.

    Parameters
    ----------
    size : int

    Returns
    -------
    SearchStrategy of fmpq_mat

    Examples
    --------
    >>> from hypothesis import find
    >>> Q = find(orthogonal(2), lambda Q: Q[0, 1] != 0)
    >>> Q * Q.transpose()
    [1, 0]
    [0, 1]
    """
    identity = fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
    product = identity
    for _ in range(2):
        v = _draw_matrix(draw, size, 1, 3)
        # the last entry keeps the vector away from 0
        v[size - 1, 0] = abs(v[size - 1, 0]) + 1
        length = (v.transpose() * v)[0, 0]
        product = product * (identity - v * v.transpose() * (2 / length))
    return product


def _draw_matrix(draw: Any, rows: int, columns: int, bound: int) -> fmpq_mat:
    return to_matrix([[draw(rationals(-bound, bound)) for _ in range(columns)] for _ in range(rows)])


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)
