"""Small dense linear algebra with proved bounds: products, eigenvalues, singular values.

numpy's decompositions are candidates only. What is proved about a matrix H is proved from products that enclose it: for
any matrix V that is nearly orthogonal, with ``|V'V - I| <= w < 1``, the eigenvalues of a symmetric H are those of V'HV
up to factors in [1 - w, 1 + w] (Ostrowski), and those of V'HV are its diagonal up to the norm of the rest (Weyl).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, fmpq

from relverify.certify.gemm import UNDERFLOW, inflate, product, upper_product
from relverify.rigor.exact import dyadic
from relverify.rigor.intervals import UNIT, Intervals, above, float_above


@dataclass(frozen=True)
class Balls:
    """An array of real numbers, each within a radius of a float64.

    Parameters
    ----------
    mid, rad : ndarray
        Of one shape; the radii are not negative.

    Examples
    --------
    >>> third = Balls.of(fmpq(1, 3))
    >>> bool((third * 3.0).interval.contains(1.0))
    True
    """

    mid: np.ndarray
    rad: np.ndarray

    __array_ufunc__ = None

    @classmethod
    def exact(cls, values: Any) -> Balls:
        """Floats as the dyadic numbers that they are."""
        mid = np.asarray(values, dtype=np.float64)
        return cls(mid, np.zeros_like(mid))

    @classmethod
    def of(cls, value: fmpq | arb) -> Balls:
        """Enclose one rational number or ball."""
        mid = float(value.mid()) if isinstance(value, arb) else int(value.p) / int(value.q)
        return cls(np.asarray(mid), np.asarray(float_above(abs(value - dyadic(mid)))))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.mid.shape

    @property
    def T(self) -> Balls:
        """The transpose."""
        return Balls(self.mid.T, self.rad.T)

    @property
    def magnitude(self) -> np.ndarray:
        """Upper bounds of the absolute values."""
        return inflate(np.abs(self.mid) + self.rad, 1)

    @property
    def interval(self) -> Intervals:
        """The same numbers between two ends."""
        return Intervals(self.mid) + Intervals(-self.rad, self.rad)

    def __getitem__(self, key: Any) -> Balls:
        return Balls(self.mid[key], self.rad[key])

    def __neg__(self) -> Balls:
        return Balls(-self.mid, self.rad)

    def __add__(self, other: Any) -> Balls:
        other = _balls(other)
        mid = self.mid + other.mid
        return Balls(mid, inflate(self.rad + other.rad + UNIT * np.abs(mid) + UNDERFLOW, 4))

    def __sub__(self, other: Any) -> Balls:
        return self + -_balls(other)

    def __rsub__(self, other: Any) -> Balls:
        return _balls(other) + -self

    def __mul__(self, other: Any) -> Balls:
        other = _balls(other)
        mid = self.mid * other.mid
        unknown = np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad) + UNIT * np.abs(mid)
        return Balls(mid, inflate(unknown + UNDERFLOW, 5))

    __radd__ = __add__
    __rmul__ = __mul__

    def __matmul__(self, other: Any) -> Balls:
        other = _balls(other)
        a = self.mid[None, :] if self.mid.ndim == 1 else self.mid
        b = other.mid[:, None] if other.mid.ndim == 1 else other.mid
        mid, rad = product(a, b, self.rad.reshape(a.shape), other.rad.reshape(b.shape))
        shape = (*self.shape[:-1], *other.shape[1:])
        return Balls(mid.reshape(shape), rad.reshape(shape))

    def norm(self) -> float:
        """Float64 at least the Frobenius (Euclidean) norm."""
        flat = self.magnitude.reshape(1, -1)
        return math.nextafter(math.sqrt(float(upper_product(flat, flat.T)[0, 0])), math.inf)


def _balls(value: Any) -> Balls:
    return value if isinstance(value, Balls) else Balls.exact(value)


def point(interval: Intervals) -> tuple[float, float]:
    """The ends of an interval that is one number, as floats."""
    return float(interval.lo), float(interval.hi)


def length(vector: Balls) -> Intervals:
    """The Euclidean norm of a vector."""
    return (vector @ vector).interval.maximum(0.0).sqrt()


def orthogonality(v: np.ndarray) -> float:
    """Float64 at least the spectral norm of V'V - I."""
    return (Balls.exact(v.T) @ v - np.eye(v.shape[1])).norm()


def symmetric_eigenvalues(h: Balls) -> Intervals:
    """Enclose the eigenvalues of a symmetric matrix, in ascending order.

    Parameters
    ----------
    h : Balls, shape (n, n)
        Contains the matrix.

    Returns
    -------
    Intervals, shape (n,)
        Infinite where nothing could be proved.

    Examples
    --------
    >>> found = symmetric_eigenvalues(Balls.exact([[0.0, 1.0], [1.0, 0.0]]))
    >>> bool(found.contains(np.array([-1.0, 1.0])).all()), bool(found.width.max() < 1e-14)
    (True, True)
    """
    if not np.all(np.isfinite(h.mid)):
        return Intervals(np.full(len(h.mid), -np.inf), np.full(len(h.mid), np.inf))
    vectors = np.linalg.eigh((h.mid + h.mid.T) / 2)[1]
    rotated = Balls.exact(vectors.T) @ h @ vectors
    return _diagonal(rotated, orthogonality(vectors))


def singular_values(a: Balls) -> Intervals:
    """Enclose the singular values of a matrix, in descending order.

    Parameters
    ----------
    a : Balls, shape (n, m)

    Returns
    -------
    Intervals, shape (min(n, m),)

    Examples
    --------
    >>> found = singular_values(Balls.exact([[3.0, 0.0], [0.0, -4.0]]))
    >>> bool(found.contains(np.array([4.0, 3.0])).all())
    True
    """
    size = min(a.shape)
    if not np.all(np.isfinite(a.mid)):
        return Intervals(np.zeros(size), np.full(size, np.inf))
    left, _, right = np.linalg.svd(a.mid)
    rotated = Balls.exact(left.T) @ a @ right.T
    # the factors of the two sides, each the square root of one in [1 - w, 1 + w]
    found = _diagonal(rotated, max(orthogonality(left), orthogonality(right.T)), descending=True)
    return found.maximum(0.0)


def _diagonal(rotated: Balls, off: float, descending: bool = False) -> Intervals:
    size = min(rotated.shape)
    diagonal = np.diagonal(rotated.mid).copy()
    rest = rotated.mid.copy()
    np.fill_diagonal(rest, 0.0)
    error = Balls(rest, rotated.rad).norm()
    if not (off < 0.5 and math.isfinite(error)):
        return Intervals(np.full(size, -np.inf), np.full(size, np.inf))
    order = np.argsort(-diagonal if descending else diagonal, kind="stable")
    factor = 1.0 + Intervals(np.float64(-off), np.float64(off))
    return (Intervals(diagonal[order]) + Intervals(np.float64(-error), np.float64(error))) / factor


def operator_norm(a: Balls) -> Intervals:
    """Enclose the largest singular value."""
    return singular_values(a)[0]


def sum_above(*values: float) -> float:
    """Float64 at least the sum of floats."""
    total = 0.0
    for value in values:
        total = float(above(np.asarray(total + value)))
    return total
