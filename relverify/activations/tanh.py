"""Hyperbolic tangent t, with t' = 1 - t^2, t'' = -2 t t' and t''' = t' (6 t^2 - 2)."""

from __future__ import annotations

import numpy as np
from flint import arb

from relverify.activations.activation import ULPS, Activation, Derivatives, Rounding, Values
from relverify.rigor import elementary
from relverify.rigor.elementary_exp import TANH
from relverify.rigor.intervals import UNIT, Intervals

SLACK = 64 * UNIT
TURN = 3**-0.5


def _ball(z: arb) -> arb:
    return z.tanh()


def _derivatives(z: Intervals) -> Derivatives:
    """The derivatives as polynomials of t; rounding moves their values by less than 40u."""
    t = elementary.tanh(z)
    least = np.maximum(np.maximum(t.lo, -t.hi), 0.0)
    most = np.maximum(-t.lo, t.hi)
    q_lo, q_hi = least * least, most * most
    first = Intervals(1.0 - q_hi - SLACK, 1.0 - q_lo + SLACK).within(0.0, 1.0)
    # -2 t (1 - t^2) decreases between its extremes at -TURN and TURN
    values = [_second(v) for v in (t.lo, t.hi, _nearest(-TURN, t.lo, t.hi), _nearest(TURN, t.lo, t.hi))]
    lowest, highest = np.minimum(values[0], values[1]), np.maximum(values[0], values[1])
    second = Intervals(np.minimum(lowest, values[3]) - SLACK, np.maximum(highest, values[2]) + SLACK)
    # (1 - q) (6 q - 2) increases up to q = 2/3, and decreases from there
    values = [(1.0 - q) * (6.0 * q - 2.0) for q in (q_lo, q_hi, _nearest(2 / 3, q_lo, q_hi))]
    return t, first, second, Intervals(np.minimum(values[0], values[1]) - SLACK, values[2] + SLACK)


def _second(t: np.ndarray) -> np.ndarray:
    return -2.0 * t * (1.0 - t * t)


def _nearest(value: float, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """The number of [lo, hi] next to a value."""
    return np.minimum(np.maximum(lo, value), hi)


def _at_points(z: np.ndarray) -> Values:
    """With a relative error of t below 8u and |t| <= 1, that of the square is below 18u, and t'' is off by 60u."""
    t, error = TANH(z)
    first = 1.0 - t * t
    return (t, error), (first, 20 * UNIT), (-2.0 * t * first, 64 * UNIT)


ROUNDING = Rounding(relative=2 * ULPS, functions=("tanh",))
ACTIVATION = Activation("tanh", "tanh(z)", np.tanh, _ball, _derivatives, rounding=ROUNDING, at_points=_at_points)
