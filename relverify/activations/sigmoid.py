"""Logistic function p = 1/(1 + exp(-z)), with p' = p (1 - p), p'' = p' (1 - 2 p) and p''' = p' (1 - 6 p')."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations.activation import ULPS, Activation, Derivatives, Rounding
from relverify.rigor import elementary
from relverify.rigor.intervals import Intervals


def value(z: np.ndarray) -> np.ndarray:
    """Float64 values."""
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def ball(z: arb) -> arb:
    """Value of a ball."""
    return ((z / 2).tanh() + 1) / 2


def derivatives(z: Intervals) -> Derivatives:
    """Enclosures of the value and three derivatives."""
    p = elementary.sigmoid(z)
    first = (p * (1.0 - p)).within(0.0, 0.25)
    return p, first, first * (1.0 - 2.0 * p), first * (1.0 - 6.0 * first)


# as 1/(1 + exp(-z)): relative 2 ulps of exp (times exp(-z)/(1 + exp(-z)) <= 1), a sum and a quotient, of a value below
# 1; as (1 + tanh(z/2))/2: half of 2 ulps of tanh, and a sum below 2
ROUNDING = Rounding(constant=2 * ULPS + 3, functions=("exp", "tanh"))
ACTIVATION = Activation("sigmoid", "1/(1 + exp(-z))", value, ball, derivatives, rounding=ROUNDING)
