"""Softplus log(1 + exp(z)), whose derivative is the logistic function."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations import sigmoid
from relverify.activations.activation import ULPS, Activation, Derivatives, Rounding
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


# as log1p(exp(z)) up to 20, or max(z, 0) + log1p(exp(-|z|)): with E the exponential, a relative error of E counts
# E/(1 + E) <= log1p(E), so at most once; then those of log1p and of a sum of positive numbers. Above 20, libraries
# return z itself, which is log1p(exp(-z)) < exp(-20) too small.
ROUNDING = Rounding(relative=4 * ULPS + 2, functions=("exp", "log1p"), cutoff=20.0, jump=2.07e-9)
ACTIVATION = Activation("softplus", "log(1 + exp(z))", _value, _ball, _derivatives, rounding=ROUNDING)
