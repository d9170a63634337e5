"""Logistic function p = 1/(1 + exp(-z)), with p' = p (1 - p), p'' = p' (1 - 2 p) and p''' = p' (1 - 6 p')."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations.activation import Activation, Derivatives
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


ACTIVATION = Activation("sigmoid", "1/(1 + exp(-z))", value, ball, derivatives)
