"""Sigmoid linear unit z p(z), p the logistic function: s' = p + z p', s'' = 2 p' + z p'', s''' = 3 p'' + z p'''."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations import sigmoid
from relverify.activations.activation import ULPS, Activation, Derivatives, Rounding
from relverify.rigor.intervals import Intervals


def _value(z: np.ndarray) -> np.ndarray:
    return z * sigmoid.value(z)


def _ball(z: arb) -> arb:
    return z * sigmoid.ball(z)


def _derivatives(z: Intervals) -> Derivatives:
    p, first, second, third = sigmoid.derivatives(z)
    return z * p, p + z * first, 2.0 * first + z * second, 3.0 * second + z * third


# |z| times the error of the logistic function, and one product or quotient
ROUNDING = Rounding(relative=1, argument=2 * ULPS + 3, functions=("exp", "tanh"))
ACTIVATION = Activation("silu", "z/(1 + exp(-z))", _value, _ball, _derivatives, rounding=ROUNDING)
