"""Functions of one number for Taylor models: two derivatives at a point, and a bound of the cubic remainder."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from relverify.rigor import elementary
from relverify.rigor.elementary_exp import COSH, EXP, LOG, SINH, TANH
from relverify.rigor.elementary_trig import ATAN, COS, ERF, SIN, TAN
from relverify.rigor.intervals import UNIT, Intervals, float_above, float_below

Key = tuple[int, ...]
UP = 1 + 2.0**-44
TINY = 2.0**-800
NAMES = ("sqrt", "exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "erf")
_LARGEST = 2.0**100
_JUST_MORE = 1 + 2.0**-50


class Expansion(NamedTuple):
    """f, f', f'' at a point with bounds of their errors, and a bound of |f - f - f'δ - f''δ²/2| for |δ| <= D."""

    value: Any
    first: Any
    second: Any
    error: Any
    first_error: Any
    second_error: Any
    cubic: Any


@dataclass(frozen=True)
class Function:
    """A function of one number.

    Parameters
    ----------
    local : callable
        From points a and deviations D to an :class:`Expansion`, which may be infinite or NaN.
    range : callable
        The enclosure over intervals.
    low, high : float
        Bounds of all values.
    quadratic : bool
        Whether there is no cubic term.
    """

    local: Callable[[Any, Any], Expansion]
    range: Callable[[Intervals], Intervals]
    low: float = -math.inf
    high: float = math.inf
    quadratic: bool = False

    def expand(self, a: Any, deviation: Any) -> Expansion:
        """Expand at points a; a deviation above 2**100 is undecided."""
        expansion = self.local(a, deviation)
        if np.any(~(deviation <= _LARGEST)):
            expansion = expansion._replace(cubic=np.where(deviation <= _LARGEST, expansion.cubic, np.inf))
        return expansion

    def bounds(self, low: float, high: float) -> tuple[float, float]:
        """Bounds of the values for arguments in [low, high]."""
        lo, hi = self.range(Intervals(low, high)).ends
        return max(self.low, float(lo)), min(self.high, float(hi))


def ends(value: Any, deviation: Any, low: float, high: float) -> tuple[Any, Any]:
    """The range value ± deviation within known bounds."""
    enclosed = (Intervals(value) + Intervals(-np.asarray(deviation), np.asarray(deviation))).within(low, high)
    return enclosed.lo, enclosed.hi


def kinked(lo: Any, hi: Any, left: float) -> tuple[Any, Any, Any]:
    """A slope s, a shift c and a radius with |f(a) - s a - c| <= radius on [lo, hi]; f(a) = a for a >= 0, left·a below.

    The slope is that of the chord, and f - s a is convex: its extremes are at the ends and at 0. They are computed with
    errors below 4u(|lo| + |hi|), whatever the slope.
    """
    crossed = (lo < 0) & (hi > 0)
    with np.errstate(all="ignore"):
        slope = (hi - left * lo) / (hi - lo)
        shift = np.abs(left * lo - slope * lo) * 0.5
        radius = np.maximum(np.abs(hi - slope * hi - shift), np.abs(left * lo - slope * lo - shift))
        radius = np.maximum(radius, shift) * UP + 16 * UNIT * (np.abs(lo) + np.abs(hi)) + TINY
    decided = np.where(lo >= 0, 1.0, np.where(hi <= 0, left, np.nan))
    zero = decided * 0.0
    return np.where(crossed, slope, decided), np.where(crossed, shift, zero), np.where(crossed, radius, zero)


def _relative(a: Any, deviation: Any) -> tuple[Any, Any]:
    """t >= D/|a| and t³/(1 - t), infinite unless t < 1; then 1 - t is rounded by its own last place at most."""
    t = deviation / np.abs(a) * _JUST_MORE
    return t, np.where(t < 1, t * t * t / (1.0 - t), np.inf)


def _reciprocal(a: Any, deviation: Any) -> Expansion:
    """The remainder is -δ³/(a³(a + δ))."""
    y = 1.0 / a
    first, second, size = -y * y, 2.0 * y * y * y, np.abs(y)
    _, cubic = _relative(a, deviation)
    return Expansion(y, first, second, UNIT * size, -4 * UNIT * first, 6 * UNIT * np.abs(second), size * cubic)


def _sqrt(a: Any, deviation: Any) -> Expansion:
    """Coefficients of √(1 + s): 1/16 at s³, then decreasing in size."""
    y = np.sqrt(a)
    first = 0.5 / y
    second = -0.5 * first / a
    _, cubic = _relative(a, deviation)
    errors = (UNIT * y, 3 * UNIT * first, -6 * UNIT * second)
    return Expansion(y, first, second, *errors, y * cubic / 16 * np.where(a > 0, 1.0, np.nan))


def _log(a: Any, deviation: Any) -> Expansion:
    """log(1 + s) = s - s²/2 + s³/3 - …"""
    y, error = LOG(a)
    first = 1.0 / a
    second = -first * first
    _, cubic = _relative(a, deviation)
    return Expansion(
        y, first, second, error, UNIT * first, -4 * UNIT * second, cubic / 3 * np.where(a > 0, 1.0, np.nan)
    )


def _square(a: Any, deviation: Any) -> Expansion:
    y = a * a
    return Expansion(y, 2.0 * a, np.float64(2.0), UNIT * y, 0.0, 0.0, 0.0)


def _exp(a: Any, deviation: Any) -> Expansion:
    """exp(D) - 1 - D - D²/2 <= D³/6 / (1 - D/4) for D < 4."""
    y, error = EXP(a)
    cubic = np.where(deviation < 2, y * deviation * deviation * deviation / (6.0 - 1.5 * deviation), np.inf)
    return Expansion(y, y, y, error, error, error, cubic * (1 + 8 * UNIT))


def _hyperbolic(even: bool) -> Callable[[Any, Any], Expansion]:
    def local(a: Any, deviation: Any) -> Expansion:
        """Third derivatives are at most cosh(a + δ) <= cosh(a) exp(D) <= cosh(a)/(1 - D)."""
        (s, s_error), (c, c_error) = SINH(a), COSH(a)
        cubic = np.where(deviation < 0.9, c * deviation * deviation * deviation / (6.0 - 6.0 * deviation), np.inf)
        cubic = cubic * (1 + 2.0**-40)
        if even:
            return Expansion(c, s, c, c_error, s_error, c_error, cubic)
        return Expansion(s, c, s, s_error, c_error, s_error, cubic)

    return local


def _tanh(a: Any, deviation: Any) -> Expansion:
    """f' = s = 1 - t², f'' = -2ts, f''' = s(6t² - 2).

    |t| changes by at most D, s at most by the factor exp(2D) <= 1/(1 - D)², and |f'''| <= 2. The value has a relative
    error below 4 ulp and |t| <= 1, so that s is off by at most 18u and f'' by at most 48u.
    """
    t, error = TANH(a)
    s = 1.0 - t * t
    size = np.abs(t)
    near, far = np.maximum(size - deviation - 16 * UNIT, 0.0), np.minimum(size + deviation, 1.0)
    factor = np.maximum(np.abs(6.0 * near * near - 2.0), np.abs(6.0 * far * far - 2.0)) + 256 * UNIT
    room = np.maximum(1.0 - deviation, 1e-3)
    third = np.minimum((s + 32 * UNIT) / (room * room) * factor, 2.0)
    third = np.where(deviation < 0.9, third * (1 + 2.0**-40), 2.0)
    cubic = third * deviation * deviation * deviation / 6.0
    return Expansion(t, s, -2.0 * t * s, error, 20 * UNIT, 64 * UNIT, cubic)


def _wave(cosine: bool) -> Callable[[Any, Any], Expansion]:
    def local(a: Any, deviation: Any) -> Expansion:
        """The third derivative is the first one up to its sign, and changes by at most D."""
        (s, s_error), (c, c_error) = SIN(a), COS(a)
        value, slope, error, slope_error = (c, -s, c_error, s_error) if cosine else (s, c, s_error, c_error)
        third = np.minimum(np.abs(slope) + slope_error + deviation, 1.0)
        cubic = third * deviation * deviation * deviation / 6.0
        return Expansion(value, slope, -value, error, slope_error, error, cubic)

    return local


def _tan(a: Any, deviation: Any) -> Expansion:
    """f' = 1 + t², f'' = 2t f', f''' = f'(2 + 6t²), the last one bounded over the interval."""
    t, error = TAN(a)
    first = 1.0 + t * t
    second = 2.0 * t * first
    most = elementary.tan(Intervals(a) + Intervals(-np.asarray(deviation), np.asarray(deviation))).magnitude
    square = most * most
    cubic = (1.0 + square) * (2.0 + 6.0 * square) * deviation * deviation * deviation / 6.0
    # errors of t count |f''| and |f'''|, both at most 2 + 6 square times first; then the roundings
    slack = error * (2.0 + 6.0 * square) * (1.0 + square) * 2.0
    return Expansion(t, first, second, error, slack + 4 * UNIT * first, slack + 8 * UNIT * np.abs(second), cubic)


def _atan(a: Any, deviation: Any) -> Expansion:
    """With w = 1/(1 + a²): f' = w, f'' = -2aw², f''' = w²(6 - 8w); the second factor in [-2, 6] increases with a²."""
    y, error = ATAN(a)
    w = 1.0 / (1.0 + a * a)
    second = -2.0 * a * w * w
    near, far = np.maximum(np.abs(a) - deviation, 0.0), np.abs(a) + deviation
    inner = 1.0 + near * near
    third = np.maximum(2.0, 6.0 - 8.0 / (1.0 + far * far)) / (inner * inner) * (1 + 2.0**-40)
    cubic = third * deviation * deviation * deviation / 6.0
    return Expansion(y, w, second, error, 4 * UNIT * w, 10 * UNIT * np.abs(second), cubic)


_SLOPE = 2 / math.sqrt(math.pi)


def _erf(a: Any, deviation: Any) -> Expansion:
    """f' = g = 2/√π exp(-a²), f'' = -2a g, f''' = (4a² - 2) g.

    The argument of exp is off by u a², so that g is off by (a² + 10)u g <= 16u, and f'' by 2|a|(a² + 12)u g <= 16u.
    Beside a, g grows at most by exp(2|a|D) <= 1/(1 - 2|a|D), and is at most 1.1284.
    """
    y, error = ERF(a)
    square = a * a
    g = _SLOPE * EXP(-square)[0]
    size = np.abs(a)
    growth = 2.0 * size * deviation
    most = np.where(growth < 0.9, np.minimum((g + 16 * UNIT) / np.maximum(1.0 - growth, 1e-3), 1.1284), 1.1284)
    factor = np.abs(4.0 * square - 2.0) + 4.0 * deviation * (2.0 * size + deviation)
    cubic = most * (factor + 64 * UNIT * (1 + square)) * (1 + 2.0**-40) * deviation * deviation * deviation / 6.0
    return Expansion(y, g, -2.0 * a * g, error, 16 * UNIT, 16 * UNIT, cubic)


def integer_power(exponent: int) -> Function:
    """a**n for n >= 2, computed by n - 1 products of two at most: each power is off by at most 2n u, relatively."""

    def local(a: Any, deviation: Any) -> Expansion:
        n = exponent
        before = _repeated(a, n - 2)
        first, second = n * before * a, n * (n - 1) * before
        value, most = before * a * a, np.abs(a) + deviation
        # with slack for the roundings of its own long product
        cubic = math.comb(n, 3) * _repeated(most, max(n - 3, 0)) * deviation * deviation * deviation * (1 + 2.0**-40)
        error = 3 * n * UNIT
        return Expansion(
            value, first, second, error * np.abs(value), error * np.abs(first), error * np.abs(second), cubic
        )

    return Function(local, lambda x: x**exponent, 0.0 if exponent % 2 == 0 else -math.inf)


def _repeated(a: Any, n: int) -> Any:
    result, base = np.ones_like(a), a
    while n:
        if n & 1:
            result = result * base
        n >>= 1
        base = base * base if n else base
    return result


def rational_power(exponent: fmpq) -> Function:
    """a**q for 0 < q <= 7: beyond the third the binomial coefficients decrease in size, since |q - k| <= k + 1."""
    q, q_less = float_below(exponent), float_below(exponent - 1)

    def local(a: Any, deviation: Any) -> Expansion:
        a = np.asarray(a)
        ball = elementary.power(Intervals(a), exponent)
        value = 0.5 * ball.lo + 0.5 * ball.hi
        error = (ball.hi - ball.lo) * UP
        first = q * value / a
        second = first * q_less / a
        coefficient = float_above(abs(exponent * (exponent - 1) * (exponent - 2)) / 6)
        _, cubic = _relative(a, deviation)
        # the same relative error, and a few roundings
        relative = error / value + 16 * UNIT
        errors = (error, relative * np.abs(first), relative * np.abs(second))
        return Expansion(
            value, first, second, *errors, coefficient * (value + error) * cubic * np.where(a > 0, 1.0, np.nan)
        )

    return Function(local, lambda x: elementary.power(x, exponent), 0.0)


reciprocal = Function(_reciprocal, lambda x: 1.0 / x)
square = Function(_square, Intervals.square, 0.0, quadratic=True)
sqrt = Function(_sqrt, elementary.sqrt, 0.0)
exp = Function(_exp, elementary.exp, 0.0)
log = Function(_log, elementary.log)
sin = Function(_wave(False), elementary.sin, -1.0, 1.0)
cos = Function(_wave(True), elementary.cos, -1.0, 1.0)
tan = Function(_tan, elementary.tan)
tanh = Function(_tanh, elementary.tanh, -1.0, 1.0)
sinh = Function(_hyperbolic(False), elementary.sinh)
cosh = Function(_hyperbolic(True), elementary.cosh, 1.0)
atan = Function(_atan, elementary.atan, -1.5707963267948968, 1.5707963267948968)
erf = Function(_erf, elementary.erf, -1.0, 1.0)
