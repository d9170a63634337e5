"""Reproducing kernel Hilbert spaces on finite point sets: exact Gram matrices, norms and interpolants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpq_mat

from relverify.errors import InputError
from relverify.rigor.exact import to_fmpq


@dataclass(frozen=True)
class Factorization:
    """``G = L D Lᵀ`` with unit lower triangular L, or a vector that shows that G is not PSD.

    Parameters
    ----------
    lower : fmpq_mat, shape (n, n)
    pivots : tuple of fmpq, length n
        The diagonal of D; all nonnegative if and only if G is PSD.
    negative : tuple of fmpq or None
        A vector v with ``vᵀGv < 0``, if there is one.
    """

    lower: fmpq_mat
    pivots: tuple[fmpq, ...]
    negative: tuple[fmpq, ...] | None

    @property
    def psd(self) -> bool:
        """Whether the matrix is positive semidefinite: decided, in rational arithmetic."""
        return self.negative is None

    @property
    def rank(self) -> int:
        """The rank of a PSD matrix."""
        return sum(pivot > 0 for pivot in self.pivots)


def matrix(rows: Sequence[Sequence[Any]], argument: str = "G") -> fmpq_mat:
    """A rational matrix from exact entries.

    Examples
    --------
    >>> matrix([["1/2", 1]])
    [1/2, 1]
    """
    if not rows or len({len(row) for row in rows}) != 1 or not rows[0]:
        raise InputError(argument, "is not a matrix", "rows of equal positive length")
    return fmpq_mat([[to_fmpq(entry, argument) for entry in row] for row in rows])


def gram(features: Sequence[Sequence[Any]]) -> fmpq_mat:
    """The Gram matrix of ``k(x, y) = <phi(x), phi(y)>``.

    Parameters
    ----------
    features : sequence of rows, shape (n, d)
        The exact feature vector of each point.

    Examples
    --------
    >>> gram([[1, 2], [0, 1]])
    [5, 2]
    [2, 1]
    """
    phi = matrix(features, "features")
    return phi * phi.transpose()


def ldlt(G: fmpq_mat) -> Factorization:
    """Factor a symmetric rational matrix, or find a direction in which it is negative.

    Parameters
    ----------
    G : fmpq_mat, shape (n, n)
        Symmetric.

    Returns
    -------
    Factorization

    Raises
    ------
    InputError
        If the matrix is not symmetric.

    Examples
    --------
    >>> ldlt(matrix([[1, 2], [2, 4]])).rank
    1
    >>> v = ldlt(matrix([[1, 2], [2, 3]])).negative
    >>> quadratic_form(matrix([[1, 2], [2, 3]]), v) < 0
    True
    """
    n = G.nrows()
    if G.ncols() != n or G.transpose() != G:
        raise InputError("G", "is not symmetric", "a symmetric matrix")
    lower, rest = _identity(n), fmpq_mat(G)
    pivots: list[fmpq] = []
    for k in range(n):
        pivot = rest[k, k]
        column = [rest[i, k] for i in range(k + 1, n)]
        if pivot < 0:
            return Factorization(lower, tuple(pivots), _lifted(lower, {k: fmpq(1)}))
        if pivot == 0:
            for i, entry in enumerate(column, k + 1):
                if entry != 0:
                    # on span(e_k, e_i) the form is 2 t entry + rest[i, i]
                    step = -(rest[i, i] + 1) / (2 * entry)
                    return Factorization(lower, tuple(pivots), _lifted(lower, {k: step, i: fmpq(1)}))
        else:
            for i, entry in enumerate(column, k + 1):
                lower[i, k] = entry / pivot
            for i in range(k + 1, n):
                for j in range(k + 1, n):
                    rest[i, j] = rest[i, j] - lower[i, k] * column[j - k - 1]
        pivots.append(pivot)
    return Factorization(lower, tuple(pivots), None)


def quadratic_form(G: fmpq_mat, v: Sequence[fmpq]) -> fmpq:
    """``vᵀGv``."""
    column = fmpq_mat(len(v), 1, list(v))
    return (column.transpose() * G * column)[0, 0]


def interpolant(G: fmpq_mat, values: Sequence[Any]) -> tuple[fmpq, ...]:
    """Coefficients a of the function ``Σ a_j k(x_j, ·)`` of least norm with given values.

    Parameters
    ----------
    G : fmpq_mat, shape (n, n)
        A PSD Gram matrix.
    values : sequence of exact rational numbers, length n

    Returns
    -------
    tuple of fmpq
        With ``G a = values``; the function does not depend on which solution is taken.

    Raises
    ------
    InputError
        If the matrix is not PSD, or no function of the space takes the values.

    Examples
    --------
    >>> interpolant(matrix([[2, 1], [1, 2]]), [1, 0])
    (2/3, -1/3)
    """
    n = G.nrows()
    if len(values) != n:
        raise InputError("values", f"has {len(values)} entries", f"{n}, one a point")
    factors = ldlt(G)
    if not factors.psd:
        raise InputError("G", "is not positive semidefinite", "a Gram matrix of a kernel")
    middle = [to_fmpq(v, "values") for v in values]
    for i in range(n):
        for j in range(i):
            middle[i] -= factors.lower[i, j] * middle[j]
    for i, pivot in enumerate(factors.pivots):
        if pivot == 0 and middle[i] != 0:
            raise InputError("values", "are not taken by any function of the space", "values in the range of G")
        middle[i] = middle[i] / pivot if pivot != 0 else fmpq(0)
    return _lifted(factors.lower, dict(enumerate(middle)))


def norm_squared(G: fmpq_mat, values: Sequence[Any]) -> fmpq:
    """The square of the least norm of a function with given values at the points.

    Parameters
    ----------
    G : fmpq_mat, shape (n, n)
    values : sequence of exact rational numbers, length n

    Returns
    -------
    fmpq

    Raises
    ------
    InputError
        As for :func:`interpolant`.

    Examples
    --------
    >>> norm_squared(gram([[1, 0], [1, 1]]), [1, 3])
    5
    """
    a = interpolant(G, values)
    return sum((c * to_fmpq(v, "values") for c, v in zip(a, values, strict=True)), fmpq(0))


def _identity(n: int) -> fmpq_mat:
    return fmpq_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])


def _lifted(lower: fmpq_mat, entries: dict[int, fmpq]) -> tuple[fmpq, ...]:
    """Solve ``Lᵀ v = u`` for a vector u with the given entries."""
    n = lower.nrows()
    v = [entries.get(i, fmpq(0)) for i in range(n)]
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            v[i] -= lower[j, i] * v[j]
    return tuple(v)
