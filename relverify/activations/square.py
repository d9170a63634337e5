"""Square: polynomial networks."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations.activation import Activation, Derivatives, Rounding
from relverify.rigor.intervals import Intervals


def _value(z: np.ndarray) -> np.ndarray:
    return z * z


def _ball(z: arb) -> arb:
    return z**2


def _derivatives(z: Intervals) -> Derivatives:
    unknown = np.isnan(z.lo) | np.isnan(z.hi)
    second, third = (Intervals(np.full(z.shape, v)).undecided_where(unknown) for v in (2.0, 0.0))
    return z.square(), 2.0 * z, second, third


ACTIVATION = Activation("square", "z^2", _value, _ball, _derivatives, rounding=Rounding(relative=1))
