"""Polynomials with float64 coefficients and a proved error, truncation and rounding together.

A Taylor polynomial, long enough that its tail is negligible, is shortened by exact rational arithmetic: as long as the
bound allows, the leading term is removed with a multiple of the Chebyshev polynomial of the same degree, which changes
the values by at most the size of that multiple (economisation, Lanczos 1938). All bounds are exact rational numbers,
computed when the module that uses the polynomial is imported; nothing is copied from tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_poly

from relverify.rigor.exact import dyadic
from relverify.rigor.intervals import float_above

U = fmpq(1, 2**53)
_NEGLIGIBLE = fmpq(1, 2**900)  # all underflows of a chain of operations on numbers below 2**60


@dataclass(frozen=True)
class Approximant:
    """A polynomial, evaluated by Horner's rule in float64.

    Parameters
    ----------
    coefficients : tuple of float
        Ascending.
    radius : fmpq
        It is used for |z| <= radius.
    error : fmpq
        Bound of |computed value - g(z)|, where z may itself be off as stated to :func:`approximant`.
    size : fmpq
        Bound of |g(z)| and of the computed values.
    truncation : fmpq
        The part of `error` that exact evaluation would leave.
    """

    coefficients: tuple[float, ...]
    radius: fmpq
    error: fmpq
    size: fmpq
    truncation: fmpq

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Evaluate on an array of at least one dimension."""
        return horner(self.coefficients, z)


def horner(coefficients: Sequence[float], z: np.ndarray) -> np.ndarray:
    """Horner's rule: one rounding a product and one a sum."""
    value = z * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        value += coefficient
        value *= z
    value += coefficients[0]
    return value


def approximant(
    term: Callable[[int], fmpq],
    radius: fmpq,
    ratio: fmpq,
    symmetric: bool = False,
    accuracy: int = 60,
    argument_error: fmpq = U,
) -> Approximant:
    """Approximate a power series g(z) on [0, radius], or on [-radius, radius].

    Parameters
    ----------
    term : callable
        The coefficient of z**k, exact.
    radius : fmpq
    ratio : fmpq
        A bound below 1 of radius·|term(k+1)/term(k)| for all k.
    symmetric : bool
        Whether z may be negative.
    accuracy : int
        Truncation costs at most 2**-accuracy.
    argument_error : fmpq
        Relative error of z, which the bound takes into account.

    Examples
    --------
    >>> geometric = approximant(lambda k: fmpq(1), fmpq(1, 8), fmpq(1, 8))
    >>> bool(geometric.error < fmpq(1, 2**51)), len(geometric.coefficients)
    (True, 13)
    """
    allowed = fmpq(1, 2**accuracy)
    series = [term(0)]
    while abs(series[-1]) * radius ** (len(series) - 1) * ratio / (1 - ratio) > allowed / 8:
        series.append(term(len(series)))
    error = abs(series[-1]) * radius ** (len(series) - 1) * ratio / (1 - ratio)
    polynomial = fmpq_poly(series)
    # the argument of the Chebyshev polynomials runs over [-1, 1]
    line = fmpq_poly([0, 1 / radius]) if symmetric else fmpq_poly([-1, 2 / radius])
    chebyshev = [fmpq_poly([1]), line]
    while len(chebyshev) < len(series):
        chebyshev.append(2 * line * chebyshev[-1] - chebyshev[-2])
    while (degree := polynomial.degree()) > 1:
        multiple = polynomial[degree] / chebyshev[degree][degree]
        if error + abs(multiple) > allowed:
            break
        error += abs(multiple)
        polynomial -= multiple * chebyshev[degree]
    exact = [polynomial[k] for k in range(polynomial.degree() + 1)]
    floats = tuple(int(c.p) / int(c.q) for c in exact)
    error += sum((abs(c - dyadic(f)) * radius**k for k, (c, f) in enumerate(zip(exact, floats, strict=True))), fmpq(0))
    rounding, size = horner_error(floats, radius, argument_error)
    return Approximant(floats, radius, error + rounding, size + error + rounding, error)


def horner_error(coefficients: Sequence[float], radius: fmpq, argument_error: fmpq = U) -> tuple[fmpq, fmpq]:
    """Bound what rounding does to Horner's rule for |z| <= radius.

    With E and M the bounds of error and size so far, a product is off by at most u(M + E)·radius, and the following
    sum by u times its size; an argument off by a relative e changes the polynomial by at most e·Σ k|a_k|·radius^k.

    Returns
    -------
    error, size : fmpq
        Bounds of |computed - exact value| and of the exact value.
    """
    parts = [abs(dyadic(c)) for c in coefficients]
    error, size = fmpq(0), parts[-1]
    for part in reversed(parts[:-1]):
        product = (size + error) * radius * (1 + U)
        error = error * radius + U * product + U * (part + product)
        size = part + size * radius
    slope = sum((k * part * radius ** (k - 1) for k, part in enumerate(parts) if k), fmpq(0))
    return error + argument_error * slope * radius * 2 + _NEGLIGIBLE, size


def relative_constant(error: fmpq) -> float:
    """The factor c with |y| c + 2**-1074·n above a relative error of computed values y, and above its own rounding.

    For |y - f| <= e|f|, e < 1/2: |f| <= |y|/(1-e). The product and the sum are themselves off by relative 2u, and the
    final addition or subtraction, which moves an end outwards, by u times the end: the factors 1 + 8u and the term u.
    """
    return float_above((error / (1 - error) + U * (1 + fmpq(1, 2**40))) * (1 + 8 * U))
