"""Arrays of closed intervals with float64 ends, rounded outwards.

Assumed of the arithmetic, and tested by :func:`check_arithmetic`: numpy's ``+ - * /`` and ``sqrt`` on float64 are
those of IEEE 754 binary64, rounded to nearest, with subnormal numbers (no flushing to zero). The rounding mode is
never changed. With u = 2**-53, a result c of one such operation is off by at most u|c|, or half a step of 2**-1074
where a product or quotient underflows; sums are exact there. Ends move outwards by 1.5u|c| (and 2**-1074 for products
and quotients), which is more than half of the spacing of floats beside c and less than twice the spacing.

An end that is infinite says nothing about that side, and so does NaN. Where an operation may be undefined both ends
are NaN, and every later operation keeps them: tanh of an undefined number is not [-1, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import numpy as np
from flint import arb, fmpq, fmpz

from relverify.rigor.exact import dyadic

UNIT = 2.0**-53
LEAST = 2.0**-1074
_OUTWARDS = 1.5 * UNIT


def _quiet() -> np.errstate:
    """Overflows and undefined operations show in the ends."""
    return np.errstate(all="ignore")


def check_arithmetic() -> bool:
    """Whether this processor and numpy compute as the enclosures assume.

    Returns
    -------
    bool
        False if numbers are rounded in another direction, held in more than 53 bits or flushed to zero in the
        calling thread. Vector and scalar loops are both tried.

    Examples
    --------
    >>> check_arithmetic()
    True
    """
    for size in (1, 67):
        one, step, tiny, least = (np.full(size, v) for v in (1.0, UNIT, 2.0**-1022, LEAST))
        passed = [
            # ties to even, on both sides of zero, and no excess precision
            (one + step == one) & (one + 1.5 * step == 1 + 2 * UNIT) & (one + 3 * step == 1 + 4 * UNIT),
            (-one - step == -one) & (-one - 1.5 * step == -1 - 2 * UNIT),
            (one / 3 == 6004799503160661 * 2.0**-54) & (np.sqrt(2 * one) == 6369051672525773 * 2.0**-52),
            (one + 2 * step) * (one + 2 * step) == 1 + 4 * UNIT,
            # subnormal operands and results
            (tiny / 2 > 0) & (tiny / 2 * 2 == tiny) & (tiny - tiny * (one - 2 * step) == least),
            (least / 2 == 0) & (least * 0.75 == least) & (least + tiny > tiny) & (-least < 0),
        ]
        if not all(bool(np.all(p)) for p in passed):
            return False
    return True


def below(values: np.ndarray, least: bool = False) -> np.ndarray:
    """Float64 numbers below the exact results of which `values` are the roundings.

    Parameters
    ----------
    values : ndarray
        Results of one operation + - * / or sqrt.
    least : bool
        Whether the operation can underflow (a product or quotient).
    """
    step = np.abs(values, out=np.empty_like(values))
    step *= _OUTWARDS
    if least:
        step += LEAST
    return cast(np.ndarray, np.subtract(values, step, out=step))


def above(values: np.ndarray, least: bool = False) -> np.ndarray:
    """Float64 numbers above the exact results of which `values` are the roundings; see :func:`below`."""
    step = np.abs(values, out=np.empty_like(values))
    step *= _OUTWARDS
    if least:
        step += LEAST
    return cast(np.ndarray, np.add(values, step, out=step))


def float_below(value: fmpq | arb) -> float:
    """The largest float64 at most a rational, or one at most every number of a ball.

    Examples
    --------
    >>> bool(dyadic(float_below(fmpq(2, 3))) < fmpq(2, 3)), float_below(fmpq(1, 2)), float_below(arb.nan())
    (True, 0.5, nan)
    """
    if isinstance(value, arb):
        bound = value.lower()
        guess = float(bound)
        return guess if bool(arb(guess) <= bound) else math.nextafter(guess, -math.inf)
    try:
        guess = int(value.p) / int(value.q)
    except OverflowError:
        return math.nextafter(math.inf, 0) if value > 0 else -math.inf
    return guess if dyadic(guess) <= value else math.nextafter(guess, -math.inf)


def float_above(value: fmpq | arb) -> float:
    """The least float64 at least a rational, or one at least every number of a ball."""
    return -float_below(-value)


class Intervals:
    """An array of closed intervals.

    Parameters
    ----------
    lo, hi : ndarray
        Lower and upper ends, float64, of one shape (or broadcast to one). Without `hi`, the intervals are points.

    Notes
    -----
    Operands that are not Intervals are exact: floats and arrays of floats stand for the dyadic numbers that they are;
    integers, fractions, ``fmpq`` and ``arb`` are enclosed. Comparisons are masks that say where the relation holds
    for all pairs of numbers in the intervals; False there proves nothing. Ends rather than midpoints and radii: the
    ranges that this class is for are wide and one-sided (a square, a monotone function), and with ends a sum of 13,000
    intervals takes 1.8 ns an element against 1.2 ns, a product 6 ns against 2 ns, but a monotone function needs no
    conversion and loses nothing.

    Examples
    --------
    >>> third = Intervals.enclosing(fmpq(1, 3))
    >>> bool(np.all((3 * third).contains(1.0))), bool(np.all(third < 0.34))
    (True, True)
    """

    __slots__ = ("hi", "lo")
    __array_ufunc__ = None

    def __init__(self, lo: Any, hi: Any = None) -> None:
        self.lo = np.asarray(lo, dtype=np.float64)
        self.hi = self.lo if hi is None or hi is lo else np.asarray(hi, dtype=np.float64)
        if self.lo.shape != self.hi.shape:
            self.lo, self.hi = np.broadcast_arrays(self.lo, self.hi)

    @classmethod
    def enclosing(cls, values: Any) -> Intervals:
        """Enclose exact numbers (int, Fraction, fmpq) or balls; floats are taken as they are.

        Parameters
        ----------
        values : number, or (nested) sequence or array of them
        """
        if isinstance(values, float) or (isinstance(values, np.ndarray) and values.dtype.kind == "f"):
            return cls(values)
        array = np.empty((), dtype=object)
        array[()] = values
        if isinstance(values, list | tuple | np.ndarray):
            array = np.array(values, dtype=object)
        ends = np.array([_ends(v) for v in array.ravel()], dtype=np.float64).reshape(*array.shape, 2)
        return cls(ends[..., 0], ends[..., 1])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.lo.shape

    @property
    def is_point(self) -> bool:
        """Whether both ends are one array, so that functions need one evaluation only."""
        return self.lo is self.hi

    @property
    def decided(self) -> np.ndarray:
        """Mask of the intervals with two finite ends."""
        return np.isfinite(self.lo) & np.isfinite(self.hi)

    @property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The ends, with an infinite end for each NaN: the whole line where nothing is known."""
        return np.where(np.isnan(self.lo), -np.inf, self.lo), np.where(np.isnan(self.hi), np.inf, self.hi)

    @property
    def magnitude(self) -> np.ndarray:
        """Upper bounds of the absolute values; NaN where nothing is known."""
        return np.maximum(np.abs(self.lo), np.abs(self.hi))

    @property
    def width(self) -> np.ndarray:
        """Upper bounds of the widths."""
        with _quiet():
            return above(self.hi - self.lo)

    def __repr__(self) -> str:
        return f"Intervals({self.lo!r}, {self.hi!r})"

    def __getitem__(self, key: Any) -> Intervals:
        return Intervals(self.lo[key]) if self.is_point else Intervals(self.lo[key], self.hi[key])

    def contains(self, values: Any) -> np.ndarray:
        """Mask: where the interval contains a float or another interval."""
        other = _intervals(values)
        return (self.lo <= other.lo) & (other.hi <= self.hi)

    def hull(self, other: Any) -> Intervals:
        """The least intervals that contain both."""
        other = _intervals(other)
        return Intervals(np.minimum(self.lo, other.lo), np.maximum(self.hi, other.hi))

    def within(self, lo: float, hi: float) -> Intervals:
        """The part in a range that is known to contain the numbers; NaN stays."""
        return Intervals(np.minimum(np.maximum(self.lo, lo), hi), np.maximum(np.minimum(self.hi, hi), lo))

    def undecided_where(self, mask: np.ndarray) -> Intervals:
        """Both ends NaN where the mask holds."""
        if not np.any(mask):
            return self
        return Intervals(np.where(mask, np.nan, self.lo), np.where(mask, np.nan, self.hi))

    def __lt__(self, other: Any) -> np.ndarray:
        return self.hi < _intervals(other).lo

    def __le__(self, other: Any) -> np.ndarray:
        return self.hi <= _intervals(other).lo

    def __gt__(self, other: Any) -> np.ndarray:
        return self.lo > _intervals(other).hi

    def __ge__(self, other: Any) -> np.ndarray:
        return self.lo >= _intervals(other).hi

    def __neg__(self) -> Intervals:
        return Intervals(-self.lo) if self.is_point else Intervals(-self.hi, -self.lo)

    def __abs__(self) -> Intervals:
        if self.is_point:
            return Intervals(np.abs(self.lo))
        return Intervals(np.maximum(np.maximum(self.lo, -self.hi), 0.0), np.maximum(-self.lo, self.hi))

    def __add__(self, other: Any) -> Intervals:
        other = _intervals(other)
        with _quiet():
            lo = np.asarray(self.lo + other.lo)
            hi = lo if self.is_point and other.is_point else np.asarray(self.hi + other.hi)
            return Intervals(below(lo), above(hi))

    def __sub__(self, other: Any) -> Intervals:
        return self + -_intervals(other)

    def __rsub__(self, other: Any) -> Intervals:
        return _intervals(other) + -self

    def __mul__(self, other: Any) -> Intervals:
        other = _intervals(other)
        with _quiet():
            result = _corners(self, other, np.multiply)
            return _keep_sign(result, (self.lo >= 0) & (other.lo >= 0))

    def __truediv__(self, other: Any) -> Intervals:
        other = _intervals(other)
        with _quiet():
            result = _keep_sign(_corners(self, other, np.divide), (self.lo >= 0) & (other.lo > 0))
            return result.undecided_where(~((other.lo > 0) | (other.hi < 0)))

    def __rtruediv__(self, other: Any) -> Intervals:
        return _intervals(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def square(self) -> Intervals:
        """The squares."""
        size = abs(self)
        with _quiet():
            lo = np.asarray(size.lo * size.lo)
            hi = lo if size.is_point else np.asarray(size.hi * size.hi)
            return Intervals(np.maximum(below(lo, True), 0.0), above(hi, True))

    def __pow__(self, exponent: int) -> Intervals:
        """An integer power, the range of the power and not of a product of independent factors."""
        if not isinstance(exponent, int):
            raise TypeError("powers of Intervals are integers; see elementary.power")
        if exponent < 0:
            return 1.0 / self**-exponent
        if exponent == 0:
            return Intervals(np.where(np.isnan(self.lo) | np.isnan(self.hi), np.nan, 1.0))
        if exponent % 2 == 0:
            return _power(abs(self), exponent)
        lo, hi = (_power(abs(Intervals(end)), exponent) for end in (self.lo, self.hi))
        return Intervals(np.where(self.lo < 0, -lo.hi, lo.lo), np.where(self.hi < 0, -hi.lo, hi.hi))

    def sqrt(self) -> Intervals:
        """The square roots; undecided where a number can be negative."""
        with _quiet():
            lo = np.sqrt(self.lo, out=np.empty_like(self.lo))
            hi = lo if self.is_point else np.sqrt(self.hi, out=np.empty_like(self.hi))
            return Intervals(below(lo), above(hi)).undecided_where(~(self.lo >= 0))

    def minimum(self, other: Any) -> Intervals:
        """The smaller numbers."""
        other = _intervals(other)
        return Intervals(np.minimum(self.lo, other.lo), np.minimum(self.hi, other.hi))

    def maximum(self, other: Any) -> Intervals:
        """The larger numbers."""
        other = _intervals(other)
        return Intervals(np.maximum(self.lo, other.lo), np.maximum(self.hi, other.hi))


def _intervals(value: Any) -> Intervals:
    if isinstance(value, Intervals):
        return value
    if isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype == np.float64):
        return Intervals(value)
    return Intervals.enclosing(value)


def _ends(value: Any) -> tuple[float, float]:
    if isinstance(value, float):
        return value, value
    if isinstance(value, Fraction):
        value = fmpq(value.numerator, value.denominator)
    elif isinstance(value, int | np.integer | fmpz):
        value = fmpq(int(value))
    elif not isinstance(value, fmpq | arb):
        raise TypeError(f"no exact number: {value!r}")
    return float_below(value), float_above(value)


def _corners(a: Intervals, b: Intervals, operation: Callable[..., Any]) -> Intervals:
    """Extremes of a product or quotient stand at the ends of both."""
    if a.is_point and b.is_point:
        corner = np.asarray(operation(a.lo, b.lo))
        return Intervals(below(corner, True), above(corner, True))
    corners = [operation(a.lo, b.lo), operation(a.hi, b.hi)]
    if not a.is_point and not b.is_point:
        corners += [operation(a.lo, b.hi), operation(a.hi, b.lo)]
    lo = np.asarray(np.minimum(corners[0], corners[1]))
    hi = np.asarray(np.maximum(corners[0], corners[1]))
    for corner in corners[2:]:
        lo, hi = np.asarray(np.minimum(lo, corner)), np.asarray(np.maximum(hi, corner))
    return Intervals(below(lo, True), above(hi, True))


def _keep_sign(result: Intervals, nonnegative: np.ndarray) -> Intervals:
    """Rounding outwards by the least number would make 0 negative."""
    return Intervals(np.where(nonnegative & (result.lo < 0), 0.0, result.lo), result.hi)


def _power(base: Intervals, exponent: int) -> Intervals:
    """Powers of numbers that are not negative, by squaring."""
    result: Intervals | None = None
    while True:
        if exponent & 1:
            result = base if result is None else result * base
        exponent >>= 1
        if not exponent:
            return cast(Intervals, result)
        base = base.square()
