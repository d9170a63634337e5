"""Hyperbolic tangent t, with t' = 1 - t^2, t'' = -2 t t' and t''' = t' (6 t^2 - 2)."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations.activation import ULPS, Activation, Derivatives, Rounding
from relverify.rigor import elementary
from relverify.rigor.intervals import Intervals


def _ball(z: arb) -> arb:
    return z.tanh()


def _derivatives(z: Intervals) -> Derivatives:
    t = elementary.tanh(z)
    square = t.square()
    first = (1.0 - square).within(0.0, 1.0)
    return t, first, -2.0 * t * first, first * (6.0 * square - 2.0)


ROUNDING = Rounding(relative=2 * ULPS, functions=("tanh",))
ACTIVATION = Activation("tanh", "tanh(z)", np.tanh, _ball, _derivatives, rounding=ROUNDING)
