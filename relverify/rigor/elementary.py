"""Elementary functions of arrays of intervals, rigorous without trust in any mathematical library.

Values at the ends come from the kernels of :mod:`elementary_exp` and :mod:`elementary_trig` with their proved errors.
Monotone functions need no more; for sine and cosine, maxima and minima in the interval are looked for with a margin.
Results are NaN where a function may be undefined or where an end of the argument is NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import fmpq

from relverify.rigor.elementary_exp import COSH, EXP, LOG, SIGMOID, SINH, SOFTPLUS, TANH
from relverify.rigor.elementary_trig import ATAN, COS, ERF, SIN, TAN
from relverify.rigor.intervals import Intervals
from relverify.rigor.kernels import Kernel

__all__ = [
    "atan", "cos", "cosh", "erf", "exp", "log", "power", "sigmoid", "sin", "sinh", "softplus", "sqrt", "tan", "tanh"
]  # fmt: skip

_MARGIN = 2.0**-48


def _increasing(kernel: Kernel, x: Intervals) -> Intervals:
    with np.errstate(all="ignore"):
        value, error = kernel(x.lo)
        lo = value - error
        if not x.is_point:
            value, error = kernel(x.hi)
        return Intervals(lo, value + error)


def exp(x: Intervals) -> Intervals:
    """Exponential.

    Examples
    --------
    >>> e = exp(Intervals(1.0))
    >>> bool(e.contains(2.718281828459045)), bool(e.width < 1e-14)
    (True, True)
    """
    return _increasing(EXP, x).within(0.0, np.inf)


def log(x: Intervals) -> Intervals:
    """Natural logarithm; undecided where a number can be negative, unbounded below where it can be zero."""
    return _increasing(LOG, x).undecided_where(~(x.lo >= 0))


def sqrt(x: Intervals) -> Intervals:
    """Square root; undecided where a number can be negative."""
    return x.sqrt()


def tanh(x: Intervals) -> Intervals:
    """Hyperbolic tangent."""
    return _increasing(TANH, x).within(-1.0, 1.0)


def sinh(x: Intervals) -> Intervals:
    """Hyperbolic sine."""
    return _increasing(SINH, x)


def cosh(x: Intervals) -> Intervals:
    """Hyperbolic cosine."""
    return _increasing(COSH, abs(x)).within(1.0, np.inf)


def sigmoid(x: Intervals) -> Intervals:
    """Logistic function 1/(1 + exp(-x))."""
    return _increasing(SIGMOID, x).within(0.0, 1.0)


def softplus(x: Intervals) -> Intervals:
    """log(1 + exp(x))."""
    return _increasing(SOFTPLUS, x).within(0.0, np.inf)


def atan(x: Intervals) -> Intervals:
    """Arc tangent."""
    return _increasing(ATAN, x)


def erf(x: Intervals) -> Intervals:
    """Error function."""
    return _increasing(ERF, x).within(-1.0, 1.0)


def sin(x: Intervals) -> Intervals:
    """Sine.

    Examples
    --------
    >>> wave = sin(Intervals(np.array([1.0, 0.0]), np.array([2.0, 7.0])))
    >>> wave.hi.tolist(), bool(wave.lo[0] > 0.84), wave.lo[1].item()
    ([1.0, 1.0], True, -1.0)
    """
    return _wave(SIN, x, 0.25)


def cos(x: Intervals) -> Intervals:
    """Cosine."""
    return _wave(COS, x, 0.0)


def tan(x: Intervals) -> Intervals:
    """Tangent; undecided where a pole can lie in the interval."""
    result = _increasing(TAN, x)
    return result if x.is_point else result.undecided_where(~_excludes(x, 0.5, 1 / math.pi))


def power(x: Intervals, exponent: Any) -> Intervals:
    """Rational power of numbers that are not negative; integer powers of any.

    Parameters
    ----------
    x : Intervals
    exponent : int, Fraction or fmpq

    Notes
    -----
    Denominators 2, 4 and 8 are square roots of integer powers, within a few ulp. Others are exp(q log x), whose
    relative width is about 8|q log x| ulp. Undecided where a number can be negative, or 0 for a negative exponent.

    Examples
    --------
    >>> bool(power(Intervals(8.0), fmpq(1, 3)).contains(2.0))
    True
    """
    q = exponent if isinstance(exponent, fmpq) else fmpq(exponent.numerator, exponent.denominator)
    if q.q == 1:
        return x ** int(q.p)
    if q.q in (2, 4, 8) and abs(q.p) < 64:
        root = x
        for _ in range(int(q.q).bit_length() - 1):
            root = root.sqrt()
        return root ** int(q.p)
    with np.errstate(all="ignore"):
        result = exp(log(x) * q)
        if q > 0:
            # exp(-inf) = 0; the upper end of an interval that is {0} comes as NaN
            zero = x.hi == 0
            result = Intervals(np.where(x.lo == 0, 0.0, result.lo), np.where(zero & (x.lo == 0), 0.0, result.hi))
        return result.undecided_where(~(x.lo >= 0) | ((x.lo == 0) & (q < 0)))


def _excludes(x: Intervals, turn: float, frequency: float) -> np.ndarray:
    """Mask: no number (turn + integer)/frequency in the interval; False also where that is not certain.

    Each end times the frequency is computed with a relative error below 2**-51 and the difference with the turn with
    an error below 2**-53 of its size; the margin is 2**-48 (|end| + 1).
    """
    with np.errstate(all="ignore"):
        low = x.lo * frequency - turn - (np.abs(x.lo) + 1.0) * _MARGIN
        high = x.hi * frequency - turn + (np.abs(x.hi) + 1.0) * _MARGIN
        return np.asarray(np.floor(high) < np.ceil(low))


def _wave(kernel: Kernel, x: Intervals, turn: float) -> Intervals:
    value, error = kernel(x.lo)
    with np.errstate(all="ignore"):
        lo, hi = value - error, value + error
        if not x.is_point:
            value, error = kernel(x.hi)
            lo, hi = np.minimum(lo, value - error), np.maximum(hi, value + error)
            frequency = 0.5 / math.pi
            known = ~(np.isnan(lo) | np.isnan(hi))
            lo = np.where(known & ~_excludes(x, turn + 0.5, frequency), -1.0, lo)
            hi = np.where(known & ~_excludes(x, turn, frequency), 1.0, hi)
    return Intervals(lo, hi).within(-1.0, 1.0)
