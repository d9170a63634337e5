"""Sine: random Fourier features and implicit representations."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations.activation import ULPS, Activation, Derivatives, Rounding
from relverify.rigor import elementary
from relverify.rigor.intervals import Intervals


def _ball(z: arb) -> arb:
    return z.sin()


def _derivatives(z: Intervals) -> Derivatives:
    sine, cosine = elementary.sin(z), elementary.cos(z)
    return sine, cosine, -sine, -cosine


ROUNDING = Rounding(relative=2 * ULPS, functions=("sin",))
ACTIVATION = Activation("sin", "sin(z)", np.sin, _ball, _derivatives, rounding=ROUNDING)
