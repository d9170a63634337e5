"""Leaky rectified linear unit with the slope that libraries use by default, as the float64 number it is."""

from relverify.activations.activation import piecewise_linear

ACTIVATION = piecewise_linear("leaky_relu", "max(z, a z), a the float64 number nearest to 0.01", 0.01, 1.0)
