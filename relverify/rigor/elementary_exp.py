"""Kernels of the exponential, its relatives and the logarithm.

Throughout u = 2**-53, and ``(1 + e)`` stands for one rounding or for an error that is stated.
"""

from __future__ import annotations

import numpy as np
from flint import arb, fmpq, fmpz

from relverify.rigor.approximants import Approximant, U, approximant
from relverify.rigor.kernels import Kernel, pieces, powers_of_two

# 42 bits: products with integers up to 2**11 are exact
(_LN2, _LN2_LOW), _LN2_ERROR = pieces(lambda: arb(2).log(), (42,))
_PER_LN2 = 1.4426950408889634
_MOST = 1100  # bound of the exponents k
_RADIUS = fmpq(34658, 100000)  # a little more than log(2)/2
_SECOND_ORDER = 1 + fmpq(1, 2**40)  # products of errors, each below 2**-48

# exp(r) = 1 + r + r² g(r)
_EXP = approximant(lambda k: fmpq(1, fmpz.fac_ui(k + 2)), _RADIUS, _RADIUS / 3, True, 56, fmpq(0))
# log((1 + s)/(1 - s)) = 2s + s z h(z), z = s²; |s| <= 1/3 for log(1 + E), 0 <= E <= 1, and 0.17158 for the mantissa
_LOG1P = approximant(lambda k: fmpq(2, 2 * k + 3), fmpq(1112, 10000), fmpq(1, 8), False, 56)
_LOG = approximant(lambda k: fmpq(2, 2 * k + 3), fmpq(2945, 100000), fmpq(1, 8), False, 52)
# sinh(x) = x + x z h(z), z = x² <= 1
_SINH = approximant(lambda k: fmpq(1, fmpz.fac_ui(2 * k + 3)), fmpq(1), fmpq(1, 20), False, 56)


def _near_zero(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers k and w with exp(x) = 2**k (1 + w), for |x| <= 1100 log 2.

    k L1 is exact (42 + 11 bits), and so is x - k L1: for k ≠ 0 both are multiples of 2**-54 and the difference is
    below 1/2. What remains are the error of L1 + L2, the rounding of k L2 and one of the result: `_REDUCTION`.
    The nearest integer to the computed x/log 2 is off the true quotient by 1/2 + 2**-41, so that |r| <= `_RADIUS`.
    """
    k = x * _PER_LN2
    np.rint(k, out=k)
    r = x - k * _LN2
    r -= k * _LN2_LOW
    w = _EXP(r)
    w *= r * r
    w += r
    return k, w


_REDUCTION = (_MOST * (_LN2_ERROR + U * abs(fmpq(*_LN2_LOW.as_integer_ratio()))) + U * _RADIUS) * _SECOND_ORDER
# v = r² g: the error of g, roundings of r², of g's product; w = r + v one rounding of |w| <= √2 - 1
_V_FACTOR = (_EXP.error + 2 * U * _EXP.size) * _SECOND_ORDER
_W = _V_FACTOR * _RADIUS**2 + U * fmpq(41425, 100000)
_W_TOTAL = _W + _REDUCTION * fmpq(14143, 10000)
_HALF_ROOT = fmpq(7071, 10000)  # below exp(-_RADIUS)
EXP_ERROR = (_W_TOTAL / _HALF_ROOT + U) * _SECOND_ORDER


def _exp(x: np.ndarray, shift: int = 0) -> np.ndarray:
    """exp(x) 2**shift: 1 + w has one more rounding, and scaling is exact unless it underflows at the last step."""
    x = np.minimum(np.maximum(x, -747.0), 712.0)  # there 0 or infinite in float64 as well
    k, w = _near_zero(x)
    w += 1.0
    exponents = k.astype(np.int64)
    if shift:
        exponents += shift
    if k.min() > -1000 and k.max() < 1000:
        w *= powers_of_two(exponents)
        return w
    half = exponents >> 1
    w *= powers_of_two(half)
    w *= powers_of_two(exponents - half)
    return w


def _expm1(x: np.ndarray) -> np.ndarray:
    """exp(x) - 1 = 2**k w + (2**k - 1) for |x| <= 50.

    For k = 0 there is no reduction, and |w| >= |r|(1 - r/2) >= 0.826|r|. For others the error of w, 2**k A, is divided
    by |exp(x) - 1| >= 0.2071 2**k, the smallest being k = 1, r = -log(2)/2. From k = 54 on, 2**k - 1 is rounded and
    |exp(x) - 1| >= 0.7 2**k.
    """
    k, w = _near_zero(x)
    scale = powers_of_two(k.astype(np.int64))
    w *= scale
    scale -= 1.0
    w += scale
    return w


_EXPM1_ZERO = (U + _V_FACTOR * _RADIUS / fmpq(826, 1000)) * _SECOND_ORDER
_EXPM1_OTHER = (max(_W_TOTAL / fmpq(2071, 10000), (_W_TOTAL + U) / fmpq(7, 10)) + U) * _SECOND_ORDER


def _tanh(x: np.ndarray) -> np.ndarray:
    """m/(m + 2) with m = exp(2|x|) - 1.

    The relative error of m counts 2/(m + 2), at most 1, and at most 0.83 for k ≠ 0 where m >= 0.414; two roundings
    follow. Beyond 21, tanh differs from tanh(21) by less than 2**-59.
    """
    m = np.abs(x)
    np.minimum(m, 21.0, out=m)
    m += m
    m = _expm1(m)
    m /= m + 2.0
    return np.copysign(m, x, out=m)


_TANH_ERROR = (max(_EXPM1_ZERO, _EXPM1_OTHER * fmpq(83, 100)) + 2 * U + fmpq(1, 2**59)) * _SECOND_ORDER


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """1/(1 + E) or E/(1 + E) with E = exp(-|x|), whose relative error counts at most once; two roundings."""
    power = _exp(-np.abs(x))
    above = np.where(x < 0, power, 1.0)
    power += 1.0
    above /= power
    above += x * 0.0  # NaN stays NaN
    return above


def _softplus(x: np.ndarray) -> np.ndarray:
    """max(x, 0) + log(1 + E) with E = exp(-|x|).

    The relative error of E counts at most once (E <= (1 + E) log(1 + E)); s = E/(2 + E) has two roundings that count
    9/8 times; s z h(z), at most z/2 of 2s, has that of h and three roundings; then two sums.
    """
    power = _exp(-np.abs(x))
    power /= power + 2.0
    power = _log_quotient(power, _LOG1P)
    power += np.maximum(x, 0.0)
    return power


def _log_quotient(s: np.ndarray, polynomial: Approximant) -> np.ndarray:
    z = s * s
    tail = polynomial(z)
    z *= s
    tail *= z
    s = s + s
    s += tail
    return s


_SOFTPLUS_ERROR = (
    EXP_ERROR + 2 * U * fmpq(9, 8) + (_LOG1P.error + 3 * U * _LOG1P.size) / 17 + 2 * U
) * _SECOND_ORDER  # fmt: skip


def _sinh(x: np.ndarray) -> np.ndarray:
    """F - 1/(4F) with F = exp(|x|)/2 beyond 1, where a relative error counts coth(1) < 1.3131 times; else a series.

    The series x + x z h(z) has the error of h and three roundings beside |x| <= |sinh(x)|, and one of the sum.
    """
    size = np.abs(x)
    far = size > 1.0
    large = _exp(size, -1)
    large -= 0.25 / large
    near = np.minimum(size, 1.0)
    z = near * near
    tail = _SINH(z)
    z *= near
    tail *= z
    near += tail
    return np.copysign(np.where(far, large, near), x)


_SINH_ERROR = max((EXP_ERROR + U) * fmpq(13131, 10000) + U, _SINH.error + 3 * U * _SINH.size + U) * _SECOND_ORDER


def _cosh(x: np.ndarray) -> np.ndarray:
    """F + 1/(4F) with F = exp(|x|)/2: the error of F once, one quotient, one sum."""
    large = _exp(np.abs(x), -1)
    large += 0.25 / large
    return large


def _log(x: np.ndarray) -> np.ndarray:
    """e log 2 + log m for x = 2**e m, m in [√½, √2] (up to an ulp).

    f = m - 1 is exact (Sterbenz); s = f/(2 + f) has two roundings, which count 1/(1 - z) < 1.0304 times; s z h(z), at
    most z/2 of 2s, has the error of h and three roundings; one sum. For e ≠ 0 the result is at least 0.3465, |log m|
    at most 0.3466, e L1 is exact, and two more sums and the low part of log 2 follow.
    """
    shift = np.zeros_like(x)
    small = x < 2.0**-1022
    if small.any():
        x = np.where(small, x * 2.0**54, x)
        shift = np.where(small, 54.0, shift)
    bits = x.view(np.int64)
    exponent = (bits - 0x3FE6A09E667F3BCD) >> 52
    mantissa = (bits - (exponent << 52)).view(np.float64)
    e = exponent.astype(np.float64)
    if small.any():
        e -= shift
    mantissa -= 1.0
    mantissa /= mantissa + 2.0
    value = _log_quotient(mantissa, _LOG)
    value += e * _LN2_LOW
    value += e * _LN2
    usual = (x > 0) & (x < np.inf)
    if not usual.all():
        value[~usual] = np.where(x[~usual] == 0, -np.inf, np.where(x[~usual] > 0, np.inf, np.nan))
    return value


_LOW = _MOST * abs(fmpq(*_LN2_LOW.as_integer_ratio()))
_MANTISSA = (2 * U * fmpq(10304, 10000) + fmpq(2945, 200000) * (_LOG.error + 3 * U * _LOG.size) + U) * _SECOND_ORDER
_LOG_ERROR = (
    (_MANTISSA * fmpq(34658, 100000) + _MOST * _LN2_ERROR + U * _LOW + U * (fmpq(34658, 100000) + _LOW))
    / fmpq(3465, 10000) + U
) * _SECOND_ORDER  # fmt: skip

EXP = Kernel(_exp, EXP_ERROR)
TANH = Kernel(_tanh, _TANH_ERROR)
SIGMOID = Kernel(_sigmoid, (EXP_ERROR + 2 * U) * _SECOND_ORDER)
SOFTPLUS = Kernel(_softplus, _SOFTPLUS_ERROR)
SINH = Kernel(_sinh, _SINH_ERROR)
COSH = Kernel(_cosh, (EXP_ERROR + 2 * U) * _SECOND_ORDER)
LOG = Kernel(_log, max(_LOG_ERROR, _MANTISSA))
