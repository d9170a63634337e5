"""Kernels of sine, cosine, tangent, arc tangent and the error function."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from flint import arb, arb_series, ctx, fmpq, fmpz

from relverify.rigor.approximants import U, approximant, horner_error
from relverify.rigor.intervals import float_above
from relverify.rigor.kernels import Kernel, constant, pieces, upper

# 33 bits each: products with integers up to 2**20 are exact
(_P1, _P2, _P3), _P_ERROR = pieces(lambda: arb.pi() / 2, (32, 65))
_PER_HALF_PI = 0.6366197723675814
_LIMIT = 1.6e6
_SECOND_ORDER = 1 + fmpq(1, 2**28)
# |k| <= 1.3|x| for k ≠ 0; doubled, which also covers the roundings of the product with |x|
_SLOPE = float_above(fmpq(26, 10) * (_P_ERROR + U * abs(fmpq(*_P3.as_integer_ratio()))))

# sin r = r + r z S(z) and cos r = 1 - z/2 + z² C(z), z = r² <= (π/4 + 2**-16)²
_SQUARE = fmpq(6169, 10000)
_SIN = approximant(lambda k: fmpq((-1) ** (k + 1), fmpz.fac_ui(2 * k + 3)), _SQUARE, _SQUARE / 20, False, 56)
_COS = approximant(lambda k: fmpq((-1) ** k, fmpz.fac_ui(2 * k + 4)), _SQUARE, _SQUARE / 20, False, 56)


def _reduce(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """r = x - k π/2 for |x| <= 1.6e6, and k.

    k P1 and k P2 are exact (33 + 20 bits), and so is x - k P1 (for k ≠ 0 a multiple of 2**-53 below 1). Its difference
    w with k P2 is a multiple of 2**-65: exact if below 2**-12, else rounded by u|w| <= u|r|(1 + 2**-32), since
    k P3 < 2**-44. The last difference costs u|r|; in sum 2u|r|(1 + 2**-30) and |k|(error of the pieces + u P3).
    """
    k = x * _PER_HALF_PI
    np.rint(k, out=k)
    r = x - k * _P1
    r -= k * _P2
    r -= k * _P3
    return r, k.astype(np.int64)


def _sine(r: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Relative error: 2u from r, r z S(z) at most z S of r with the error of S and three roundings, one sum.

    |sin r| >= 0.9|r|, and an error of r counts at most once (r cos r <= sin r).
    """
    value = _SIN(z)
    value *= r * z
    value += r
    return value


def _cosine(z: np.ndarray) -> np.ndarray:
    """Absolute errors before the last sum: of r (2u|r| sin), of z in z/2, of 1 - z/2, of z² C; and cos r >= 0.707."""
    value = _COS(z)
    value *= z
    value *= z
    half = z * -0.5
    half += 1.0
    value += half
    return value


_SIN_ERROR = (2 * U + _SQUARE * (_SIN.error + 3 * U * _SIN.size) * fmpq(10, 9) + U) * _SECOND_ORDER
_COS_PARTS = (
    fmpq(7072, 10000) * fmpq(7855, 10000) * 2 * U + _SQUARE / 2 * U + U + _SQUARE**2 * (_COS.error + 4 * U * _COS.size)
)
_COS_ERROR = (_COS_PARTS / fmpq(707, 1000) + U) * _SECOND_ORDER


def _far(x: np.ndarray, name: str, value: np.ndarray, error: np.ndarray) -> None:
    """Arguments beyond the reduction are left to Arb, one at a time."""
    for i in np.flatnonzero(~(np.abs(x) <= _LIMIT)):
        value[i] = error[i] = np.nan
        if np.isfinite(x[i]):
            with ctx.workprec(1300):
                number = arb(float(x[i]))
                ball = number.tan() if name == "tan" else number.sin() if name == "sin" else number.cos()
                if ball.is_finite():
                    value[i], difference = constant(ball)
                    error[i] = float_above(2 * difference)


def _wave(x: np.ndarray, turn: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    r, k = _reduce(x)
    z = r * r
    if turn:
        k += turn
    value = np.where(k & 1, _cosine(z), _sine(r, z))
    bits = value.view(np.int64)
    bits ^= (k & 2) << 62
    error = np.abs(x) * _SLOPE
    if not np.max(np.abs(x)) <= _LIMIT:
        _far(x, name, value, error)
    return value, error


def _sin(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _wave(x, 0, "sin")


def _cos(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _wave(x, 1, "cos")


def _tan(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sin r/cos r, or -cos r/sin r for odd k; one more rounding.

    The further error d of r changes the tangent by d(1 + tan²) to first order, doubled here; that is valid where
    d|tan| is small, and nothing is claimed elsewhere.
    """
    r, k = _reduce(x)
    z = r * r
    sine, cosine = _sine(r, z), _cosine(z)
    odd = (k & 1).astype(bool)
    value = np.where(odd, -cosine, sine)
    value /= np.where(odd, sine, cosine)
    error = np.abs(x) * _SLOPE
    with np.errstate(all="ignore"):
        error[error * np.abs(value) > 2.0**-10] = np.nan
        error *= 2.0 + 2.0 * value * value
    if not np.max(np.abs(x)) <= _LIMIT:
        _far(x, "tan", value, error)
    return value, error


# atan t = t + t z h(z), z = t² <= tan(π/8)²
_ATAN = approximant(lambda k: fmpq((-1) ** (k + 1), 2 * k + 3), fmpq(1716, 10000), fmpq(1716, 10000), False, 54)
(_QUARTER, _QUARTER_LOW), _QUARTER_ERROR = pieces(lambda: arb.pi() / 4, (52,))
_TURNS = np.array([0.0, _QUARTER, 2 * _QUARTER])
_TURNS_LOW = np.array([0.0, _QUARTER_LOW, 2 * _QUARTER_LOW])


def _atan(x: np.ndarray) -> np.ndarray:
    """j π/4 + atan t, where t = a, (a - 1)/(a + 1) or -1/a for a = |x| up to 0.41421, up to 2.41421 or beyond.

    t has three roundings, an error of t counts at most once; t z h(z), with atan t >= 0.94 t, has the error of h and
    three roundings; one sum. For j ≠ 0 two more sums, |atan t| <= 0.3928 and the result >= 0.3926.
    """
    a = np.abs(x)
    first, second = a > 0.41421, a > 2.41421
    numerator = np.where(second, -1.0, np.where(first, a - 1.0, a))
    numerator /= np.where(second, a, np.where(first, a + 1.0, 1.0))
    z = numerator * numerator
    value = _ATAN(z)
    z *= numerator
    value *= z
    value += numerator
    turns = first.astype(np.int64)
    turns += second
    value += _TURNS_LOW.take(turns)
    value += _TURNS.take(turns)
    return np.copysign(value, x, out=value)


_ATAN_SMALL = (3 * U + fmpq(1716, 10000) * (_ATAN.error + 3 * U * _ATAN.size) / fmpq(94, 100) + U) * _SECOND_ORDER
_ATAN_ERROR = (
    (_ATAN_SMALL * fmpq(3928, 10000) + 2 * (_QUARTER_ERROR + U * fmpq(3929, 10000))) / fmpq(3926, 10000) + U
) * _SECOND_ORDER  # fmt: skip


@lru_cache(maxsize=1)
def _erf_table() -> tuple[np.ndarray, fmpq]:
    """Taylor coefficients of erf of degree 10 at j/16, j = 0, …, 96, and a bound of the relative error.

    For j ≠ 0: remainder (a coefficient over the whole cell), rounded coefficients and Horner's rule, against the least
    value of erf in the cell. For j = 0 the polynomial is t q(t): the errors of q against erf(t)/t >= 1.1278, and a
    rounding. Beyond 6, 1 - erf(6) < 2**-55 is added.
    """
    degree, half = 10, fmpq(1, 32)
    table, worst = np.zeros((97, degree + 1)), fmpq(0)
    with ctx.workprec(200):
        length, ctx.cap = ctx.cap, degree + 2
        try:
            for j in range(97):
                centre = fmpq(j, 16)
                series = arb_series([arb(centre), 1]).erf()
                cell = arb_series([arb(centre, arb(half)), 1]).erf()
                error = upper(cell[degree + 1]) * half ** (degree + 1)
                for k in range(degree + 1):
                    table[j, k], difference = constant(series[k])
                    error += difference * half**k
                start = 0 if j else 1
                rounding, _ = horner_error(table[j, start:].tolist(), half, fmpq(0))
                least = fmpq(11278, 10000) if j == 0 else _lower((arb(centre) - arb(half)).erf())
                total = (error / half if j == 0 else error) + rounding
                worst = max(worst, total / least + U)
        finally:
            ctx.cap = length
    return table.T.copy(), (worst + fmpq(1, 2**55)) * _SECOND_ORDER


def _lower(ball: arb) -> fmpq:
    value, error = constant(ball)
    return fmpq(*value.as_integer_ratio()) - error


def _erf(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Taylor polynomials; t = a - j/16 is exact (Sterbenz), |t| <= 1/32."""
    table, relative = _erf_table()
    a = np.minimum(np.abs(x), 6.0)
    j = np.rint(a * 16.0)
    t = a - j * 0.0625
    index = np.where(np.isnan(a), 0.0, j).astype(np.int64)
    value = table[-1].take(index)
    for row in table[-2::-1]:
        value *= t
        value += row.take(index)
    error = np.abs(value)
    error *= float_above(relative * (1 + 4 * U))
    return np.copysign(value, x, out=value), error


SIN = Kernel(_sin, max(_SIN_ERROR, _COS_ERROR))
COS = Kernel(_cos, max(_SIN_ERROR, _COS_ERROR))
TAN = Kernel(_tan, (_SIN_ERROR + _COS_ERROR + U) * _SECOND_ORDER)
ATAN = Kernel(_atan, max(_ATAN_ERROR, _ATAN_SMALL))
ERF = Kernel(_erf, fmpq(0))  # its error comes with the values
