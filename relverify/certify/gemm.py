"""Matrix products through BLAS with an a-priori bound of their rounding.

For every order of summation, with or without fused operations, a product of float64 matrices with k terms an entry
satisfies (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.5)

    |fl(AB) - AB| <= gamma_k |A||B| + k t,    gamma_k = k u/(1 - k u),  u = 2**-53,

where t = 2**-1075 bounds what a product loses to gradual underflow. The code takes t = 2**-1000, enough for results
that are flushed to zero as well. Strassen-like algorithms do not satisfy the bound; OpenBLAS, MKL, BLIS and numpy's own
loops use none. The bounds themselves are computed in float64 and rounded up.
"""

from __future__ import annotations

import functools

import numpy as np
from flint import fmpq

from relverify.rigor.intervals import float_above

UNIT = fmpq(1, 2**53)
UNDERFLOW = 2.0**-1000
MAX_TERMS = 2**24


@functools.lru_cache(maxsize=256)
def gamma(terms: int) -> float:
    """Float64 at least gamma_k = k u/(1 - k u).

    Parameters
    ----------
    terms : int
        k, at most 2**24.

    Examples
    --------
    >>> gamma(1) > 2.0**-53, gamma(100) < 1.2e-14
    (True, True)
    """
    return float_above(_gamma(terms))


def _gamma(terms: int) -> fmpq:
    if not 0 <= terms <= MAX_TERMS:
        raise ValueError(f"matrix products of {terms} terms are not bounded")
    return terms * UNIT / (1 - terms * UNIT)


@functools.lru_cache(maxsize=256)
def _upward(terms: int) -> float:
    # fl(s) >= s (1 - gamma_k) for a sum of nonnegative products; the factor and the two roundings of its use
    return float_above((1 + 4 * UNIT) / (1 - _gamma(terms)))


def upper_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Float64 upper bounds of the entries of AB, for matrices without negative entries.

    Parameters
    ----------
    a : ndarray, shape (..., n, k)
    b : ndarray, shape (..., k, m)

    Returns
    -------
    ndarray, shape (..., n, m)
        NaN or infinite where an operand is not finite.
    """
    return raised(np.matmul(a, b), a.shape[-1])


def raised(result: np.ndarray, terms: int) -> np.ndarray:
    """Upper bounds from the computed entries of a product of matrices without negative entries, in place.

    Parameters
    ----------
    result : ndarray
        Computed on any device that satisfies the bound above.
    terms : int
        Products an entry.
    """
    result += terms * UNDERFLOW
    result *= _upward(terms)
    return result


def product(
    a: np.ndarray, b: np.ndarray, a_radius: np.ndarray | None = None, b_radius: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Enclose the product of two matrices, exact or given by midpoints and radii.

    Parameters
    ----------
    a : ndarray, shape (..., n, k)
    b : ndarray, shape (..., k, m)
    a_radius, b_radius : ndarray, optional
        Bounds of the distance of the true entries from a and b, not negative.

    Returns
    -------
    middle, radius : ndarray, shape (..., n, m)
        The true product differs from `middle` by at most `radius` in each entry.

    Examples
    --------
    >>> a = np.full((1, 3), 0.1)
    >>> middle, radius = product(a, a.T)
    >>> bool(abs(middle[0, 0] - 0.03) < 1e-15), bool(0 < radius[0, 0] < 1e-16)
    (True, True)
    """
    terms = a.shape[-1]
    size_a, size_b = np.abs(a), np.abs(b)
    # what is unknown of A against all of B, and all of A, its rounding included, against what is unknown of B
    unknown = inflate(size_a * gamma(terms) if a_radius is None else a_radius + size_a * gamma(terms), 2)
    whole = size_b if b_radius is None else inflate(size_b + b_radius, 1)
    radius = upper_product(unknown, whole)
    if b_radius is not None:
        radius = inflate(radius + upper_product(size_a, b_radius), 1)
    return np.matmul(a, b), inflate(radius + terms * UNDERFLOW, 1)


@functools.lru_cache(maxsize=256)
def _inflation(operations: int) -> float:
    return float_above(1 + 2 * (operations + 1) * UNIT)


def inflate(values: np.ndarray, operations: int) -> np.ndarray:
    """Float64 upper bounds of an expression of which `values` are the roundings.

    Parameters
    ----------
    values : ndarray
        Results of sums and products of numbers that are not negative, without underflow that matters (see the
        callers' terms).
    operations : int
        Roundings on the longest path of the expression, at most 2**20.
    """
    return values * _inflation(operations)
