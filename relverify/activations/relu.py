"""Rectified linear unit."""

from relverify.activations.activation import piecewise_linear

ACTIVATION = piecewise_linear("relu", "max(z, 0)", 0.0, 1.0)
