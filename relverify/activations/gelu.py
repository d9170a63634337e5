"""Gaussian error linear unit z F(z), F the standard normal distribution function (exact, with erf).

With the density f: s' = F + z f, s'' = (2 - z^2) f, s''' = (z^2 - 4) z f.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from relverify.activations.activation import ULPS, Activation, Derivatives, Rounding
from relverify.rigor import elementary
from relverify.rigor.intervals import Intervals

_ROOT_HALF = Intervals.enclosing((arb(1) / 2).sqrt())
_DENSITY_AT_0 = Intervals.enclosing(1 / (2 * arb.pi()).sqrt())
_error_function = np.vectorize(math.erf, otypes=[np.float64])


def _value(z: np.ndarray) -> np.ndarray:
    z = np.asarray(z, dtype=np.float64)
    return 0.5 * z * (1.0 + _error_function(z * math.sqrt(0.5)))


def _ball(z: arb) -> arb:
    return z * (1 + (z / arb(2).sqrt()).erf()) / 2


def _derivatives(z: Intervals) -> Derivatives:
    square = z.square()
    density = elementary.exp(-0.5 * square) * _DENSITY_AT_0
    below = (0.5 + 0.5 * elementary.erf(z * _ROOT_HALF)).within(0.0, 1.0)
    slope = z * density
    return z * below, below + slope, (2.0 - square) * density, (square - 4.0) * slope


# z/sqrt(2) has two roundings, which move erf by 2u max(a erf'(a)) < u; 2 ulps of erf, at most 1; a sum below 2; all of
# it times |z|/2; then one product (halving is exact)
ROUNDING = Rounding(relative=2, argument=ULPS + 2, functions=("erf",))
ACTIVATION = Activation("gelu", "z (1 + erf(z/sqrt(2)))/2", _value, _ball, _derivatives, rounding=ROUNDING)
