"""Taylor models of order two over arrays of cells: r(c + u) = value + ⟨g, u⟩ + ½⟨u, Hu⟩ ± remainder for |u_i| <= h_i.

A model has float64 coefficients that are taken as exact, and one remainder that contains the dropped terms and all
rounding (Makino and Berz). A coefficient exists only where it is not identically zero, and arrays keep the shape of
the variables they depend on: what depends on x alone stays an array over the x cells.

Bounds are sums and products of numbers that are not negative, fewer than 100 roundings each, and are then multiplied by
`UP` = 1 + 2**-44 > (1 + 2**-53)**100; `TINY` = 2**-800 is above every sum of underflows, since half-widths are at most
2**100. A remainder that is infinite or NaN says: undecided, and no operation makes it finite again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flint import arb, fmpq

from relverify.certify import jet_functions as functions
from relverify.certify.jet_functions import TINY, UP, Expansion, Key
from relverify.rigor.exact import dyadic
from relverify.rigor.intervals import UNIT, Intervals, float_above

LARGEST = 2.0**100
_FLOOR = 2.0**-900


class Cells:
    """Half-widths of the cells, one array a variable."""

    def __init__(self, half: Sequence[np.ndarray]) -> None:
        self.half = tuple(half)
        self._weights: dict[Key, np.ndarray] = {}

    def weight(self, key: Key) -> np.ndarray:
        """The largest size of the monomial of a derivative: h_i, h_i h_j or h_i²/2."""
        if key not in self._weights:
            weight = self.half[key[0]]
            if len(key) == 2:
                weight = weight * self.half[key[1]] * (0.5 if key[0] == key[1] else 1.0)
            self._weights[key] = weight
        return self._weights[key]


class Jet:
    """A Taylor model; see :func:`variables` and :func:`constant` for how they begin.

    Parameters
    ----------
    cells : Cells or None
        None for a constant.
    value : ndarray
        At the centres.
    derivatives : mapping
        ``(i,)`` to first and ``(i, j)``, i <= j, to second derivatives.
    remainder : ndarray
        Not negative, or NaN.
    low, high : float
        Bounds of the function on all cells together, where it is defined.
    exact : fmpq, optional
        The value of a rational constant.
    """

    __slots__ = ("_sizes", "cells", "derivatives", "exact", "high", "low", "remainder", "value")
    __array_ufunc__ = None

    def __init__(
        self,
        cells: Cells | None,
        value: Any,
        derivatives: Mapping[Key, Any],
        remainder: Any,
        low: float = -math.inf,
        high: float = math.inf,
        exact: fmpq | None = None,
    ) -> None:
        self.cells, self.value, self.derivatives, self.remainder = cells, value, dict(derivatives), remainder
        self.low, self.high, self.exact = low, high, exact
        self._sizes: tuple[Any, Any, Any] | None = None

    @property
    def sizes(self) -> tuple[Any, Any, Any]:
        """Upper bounds of the linear part, of the quadratic part, and of |r - value|."""
        if self._sizes is None:
            linear: Any = 0.0
            quadratic: Any = 0.0
            for key, coefficient in self.derivatives.items():
                assert self.cells is not None
                size = np.abs(coefficient) * self.cells.weight(key) + _FLOOR
                if len(key) == 1:
                    linear = linear + size
                else:
                    quadratic = quadratic + size
            self._sizes = linear, quadratic, (linear + quadratic + self.remainder) * UP
        return self._sizes

    def __neg__(self) -> Jet:
        exact = None if self.exact is None else -self.exact
        derivatives = {key: -c for key, c in self.derivatives.items()}
        return Jet(self.cells, -self.value, derivatives, self.remainder, -self.high, -self.low, exact)

    def __add__(self, other: Jet) -> Jet:
        if self.exact is not None and other.exact is not None:
            return constant(self.exact + other.exact)
        cells = self.cells or other.cells
        value = self.value + other.value
        error = np.abs(value)
        derivatives = dict(self.derivatives)
        for key, coefficient in other.derivatives.items():
            if key in derivatives:
                assert cells is not None
                derivatives[key] = derivatives[key] + coefficient
                error = error + np.abs(derivatives[key]) * cells.weight(key)
            else:
                derivatives[key] = coefficient
        remainder = (self.remainder + other.remainder + error * UNIT) * UP + TINY
        low, high = _outwards(self.low + other.low, self.high + other.high)
        return Jet(cells, value, derivatives, remainder, low, high)

    def __sub__(self, other: Jet) -> Jet:
        return self + -other

    def __mul__(self, other: Jet) -> Jet:
        """Each coefficient is a sum of at most four products: rounding costs at most 6u|a||b|, |.| the sum of sizes."""
        if self.exact is not None and other.exact is not None:
            return constant(self.exact * other.exact)
        for one, two in ((self, other), (other, self)):
            fraction, exponent = math.frexp(one.value) if one.exact is not None else (0.0, 0)
            if abs(fraction) == 0.5 and one.remainder == 0 and abs(exponent) < 64:
                return two._scaled(float(one.value))
        cells, derivatives = self.cells or other.cells, dict[Key, Any]()

        def add(key: Key, term: Any) -> None:
            derivatives[key] = derivatives[key] + term if key in derivatives else term

        for one, two in ((self, other), (other, self)):
            for key, coefficient in one.derivatives.items():
                add(key, coefficient * two.value)
        for key, coefficient in self.derivatives.items():
            for key_2, coefficient_2 in other.derivatives.items():
                if len(key) == len(key_2) == 1:
                    term = coefficient * coefficient_2
                    add((min(key[0], key_2[0]), max(key[0], key_2[0])), term * 2.0 if key == key_2 else term)
        (a1, a2, _), (b1, b2, _) = self.sizes, other.sizes
        size_a, size_b = np.abs(self.value) + a1 + a2, np.abs(other.value) + b1 + b2
        remainder = a1 * b2 + a2 * (b1 + b2) + 6 * UNIT * (size_a + _FLOOR) * (size_b + _FLOOR)
        remainder = remainder + self.remainder * (size_b + other.remainder) + other.remainder * size_a
        low, high = _product_bounds(self, other)
        return Jet(cells, self.value * other.value, derivatives, remainder * UP + TINY, low, high)

    def _scaled(self, factor: float) -> Jet:
        """Multiply by ±2**k, |k| <= 64, which is exact but for underflow."""
        # bounds so small that the product could underflow are widened first
        low = -TINY if 0 < abs(self.low) < TINY else self.low
        high = TINY if 0 < abs(self.high) < TINY else self.high
        low, high = sorted((low * factor, high * factor))
        derivatives = {key: c * factor for key, c in self.derivatives.items()}
        return Jet(self.cells, self.value * factor, derivatives, self.remainder * abs(factor) + TINY, low, high)

    def __truediv__(self, other: Jet) -> Jet:
        if self.exact is not None and other.exact is not None and other.exact != 0:
            return constant(self.exact / other.exact)
        if other.exact is not None and other.exact != 0:
            return self * constant(1 / other.exact)
        return self * other.apply(functions.reciprocal)

    def square(self) -> Jet:
        """The square."""
        jet = self.apply(functions.square)
        least, most = max(self.low, -self.high, 0.0), max(-self.low, self.high)
        # exact ends stay exact: 1 - x^2 is not negative for |x| <= 1
        jet.low, jet.high = (
            end * end if _exact_square(end) else bound for end, bound in ((least, jet.low), (most, jet.high))
        )
        return jet

    def power(self, exponent: int) -> Jet:
        """A power with an integer exponent of at least 2."""
        return self.apply(functions.integer_power(exponent))

    def general_power(self, exponent: Jet) -> Jet:
        """A power of a base that is not negative."""
        if exponent.exact is not None and exponent.exact > 0:
            whole = int(exponent.exact.floor())
            if whole < 7:
                return self.apply(functions.rational_power(exponent.exact))
            return self.power(whole) * self.apply(functions.rational_power(exponent.exact - whole))
        return (exponent * self.apply(functions.log)).apply(functions.exp)

    def apply(self, function: functions.Function) -> Jet:
        """A function of one number.

        With δ = L + Q + ρ the linear part, the quadratic part and the remainder of the argument, |δ| <= D, the model
        keeps f + f'(L + Q) + f''L²/2; it drops f'ρ, f''(δ² - L²)/2 and the cubic remainder of f. Each of the kept
        coefficients has at most three roundings.
        """
        linear, quadratic, deviation = self.sizes
        f = function.expand(self.value, deviation)
        derivatives = {key: f.first * coefficient for key, coefficient in self.derivatives.items()}
        slopes = [(key[0], c) for key, c in self.derivatives.items() if len(key) == 1]
        for n, (i, a) in enumerate(slopes):
            scaled = f.second * a
            for j, b in slopes[n:]:
                key = (min(i, j), max(i, j))
                derivatives[key] = derivatives[key] + scaled * b if key in derivatives else scaled * b
        first, second = np.abs(f.first), np.abs(f.second)
        beyond = (quadratic + self.remainder) * UP
        remainder = f.cubic + first * self.remainder + 0.5 * second * beyond * (linear + deviation)
        remainder = remainder + f.error + deviation * (f.first_error + 4 * UNIT * first)
        remainder = remainder + 0.5 * deviation * deviation * (f.second_error + 4 * UNIT * second)
        low, high = function.bounds(self.low, self.high)
        jet = Jet(self.cells, f.value, derivatives, remainder * UP + TINY, low, high)
        return jet._no_worse_than_range(self, function, f)

    def _no_worse_than_range(self, argument: Jet, function: functions.Function, f: Expansion) -> Jet:
        """Where the cubic term is the largest, take a constant and the range if that is better."""
        if function.quadratic:
            return self
        deviation = argument.sizes[2]
        poor = ~(f.cubic <= deviation * (np.abs(f.first) + np.abs(f.second) * deviation))
        if not np.any(poor):
            return self
        shape = np.shape(self.remainder)
        poor, centre, deviation = (np.broadcast_to(v, shape)[...] for v in (poor, argument.value, deviation))
        known = np.asarray(deviation[poor])
        enclosed = (Intervals(np.asarray(centre[poor])) + Intervals(-known, known)).within(argument.low, argument.high)
        values = function.range(enclosed.undecided_where(~np.isfinite(known)))
        middle = 0.5 * values.lo + 0.5 * values.hi
        radius = np.maximum(values.hi - middle, middle - values.lo) * UP + TINY
        better = ~(np.broadcast_to(self.remainder, shape)[poor] <= radius)
        mask = np.zeros(shape, dtype=bool)
        mask[poor] = better

        def replaced(array: Any, new: Any) -> np.ndarray:
            result = np.broadcast_to(array, shape).copy()
            result[mask] = new
            return result

        derivatives = {key: replaced(c, 0.0) for key, c in self.derivatives.items()}
        value, remainder = replaced(self.value, middle[better]), replaced(self.remainder, radius[better])
        return Jet(self.cells, value, derivatives, remainder, self.low, self.high)

    def _mix(self, factor: Any, other: Jet | None, shift: Any, radius: Any) -> Jet:
        """factor·self + (1 - factor)·other + shift ± radius, for a factor in [-1, 1] (other: in [0, 1])."""
        parts = [(self, factor)] if other is None else [(self, factor), (other, 1.0 - factor)]
        value, remainder, derivatives = shift, radius, dict[Key, Any]()
        for jet, weight in parts:
            value = value + weight * jet.value
            for key, coefficient in jet.derivatives.items():
                term = weight * coefficient
                derivatives[key] = derivatives[key] + term if key in derivatives else term
            size = np.abs(jet.value) + jet.sizes[0] + jet.sizes[1] + np.abs(shift)
            remainder = remainder + np.abs(weight) * jet.remainder + 6 * UNIT * size
        cells = self.cells if other is None else self.cells or other.cells
        return Jet(cells, value, derivatives, remainder * UP + TINY)

    def __abs__(self) -> Jet:
        """±self where the sign is decided on the cell, else the chord and half its distance from the graph."""
        lo, hi = functions.ends(self.value, self.sizes[2], self.low, self.high)
        slope, shift, radius = functions.kinked(lo, hi, -1.0)
        result = self._mix(slope, None, shift, radius)
        result.low, result.high = max(0.0, self.low, -self.high), max(-self.low, self.high)
        return result

    def maximum(self, other: Jet) -> Jet:
        """The larger of two: other + max(self - other, 0)."""
        difference = self - other
        lo, hi = functions.ends(difference.value, difference.sizes[2], difference.low, difference.high)
        slope, shift, radius = functions.kinked(lo, hi, 0.0)
        result = self._mix(slope, other, shift, radius)
        result.low, result.high = max(self.low, other.low), max(self.high, other.high)
        return result

    def minimum(self, other: Jet) -> Jet:
        """The smaller of two."""
        return -(-self).maximum(-other)


def _outwards(low: float, high: float) -> tuple[float, float]:
    """Ends that were sums, rounded outwards; a sum that is 0 is exact."""
    low = math.nextafter(low, -math.inf) if low else low
    high = math.nextafter(high, math.inf) if high else high
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


def _exact_square(value: float) -> bool:
    return math.isfinite(value * value) and dyadic(value) ** 2 == dyadic(value * value)


def _product_bounds(a: Jet, b: Jet) -> tuple[float, float]:
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    if any(math.isnan(c) for c in corners):
        return (0.0 if min(a.low, b.low) >= 0 else -math.inf), math.inf
    low, high = math.nextafter(min(corners), -math.inf), math.nextafter(max(corners), math.inf)
    return (max(low, 0.0) if min(a.low, b.low) >= 0 else low), high


def constant(value: fmpq | arb | int) -> Jet:
    """A constant: rational, or enclosed by a ball."""
    if isinstance(value, int):
        value = fmpq(value)
    ends = Intervals.enclosing(value)
    lo, hi = float(ends.lo), float(ends.hi)
    middle = lo if math.isfinite(lo) else math.nan
    if isinstance(value, fmpq):
        error = float_above(abs(value - dyadic(middle))) if math.isfinite(middle) else math.inf
        return Jet(None, np.float64(middle), {}, np.float64(error), lo, hi, value)
    return Jet(None, np.float64(middle), {}, np.float64((hi - lo) * UP + TINY), lo, hi)


def variables(
    centres: Sequence[np.ndarray], halves: Sequence[np.ndarray], ends: Sequence[tuple[float, float]] | None = None
) -> list[Jet]:
    """The coordinates as models on cells |x_i - centre_i| <= half_i.

    Parameters
    ----------
    centres, halves : sequence of ndarray
        One array a coordinate; the arrays of all coordinates are broadcast against each other, for instance shapes
        (n, 1) for those of x and (1, m) for those of y.
    ends : sequence of (float, float), optional
        A box outside of which nothing is claimed: a root of x stays defined on cells that begin at 0.

    Notes
    -----
    Half-widths above 2**100, negative or NaN give undecided models.
    """
    halves = [np.asarray(h, dtype=np.float64) for h in halves]
    cells = Cells(halves)
    jets = []
    for i, (centre, half) in enumerate(zip(centres, halves, strict=True)):
        centre = np.asarray(centre, dtype=np.float64)
        valid = np.isfinite(centre) & (half >= 0) & (half <= LARGEST)
        remainder = np.where(valid, 0.0, np.nan) if not np.all(valid) else np.float64(0.0)
        with np.errstate(all="ignore"):
            low, high = (centre - half).min(initial=np.inf), (centre + half).max(initial=-np.inf)
        low, high = _outwards(float(low), float(high))
        if ends is not None:
            low, high = max(low, ends[i][0]), min(high, ends[i][1])
        jets.append(Jet(cells, centre, {(i,): np.float64(1.0)}, remainder, low, high))
    return jets
