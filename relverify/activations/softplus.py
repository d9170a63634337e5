"""Softplus log(1 + exp(z)), whose derivative is the logistic function."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations import sigmoid
from relverify.activations.activation import Activation, Derivatives
from relverify.rigor import elementary
from relverify.rigor.intervals import Intervals


def _value(z: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, z)


def _ball(z: arb) -> arb:
    # of a wide ball the two forms keep the exponential small
    return z + (-z).exp().log1p() if z.mid() > 0 else z.exp().log1p()


def _derivatives(z: Intervals) -> Derivatives:
    first, second, third, _ = sigmoid.derivatives(z)
    return elementary.softplus(z), first, second, third


ACTIVATION = Activation("softplus", "log(1 + exp(z))", _value, _ball, _derivatives)
