"""Evaluate a bound over arrays of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb, ctx

from relverify.core.evaluate import BoundFunction
from relverify.errors import InputError
from relverify.rigor.exact import exact


def batch(bound: BoundFunction, prec: int = 64, /, **parameters: Any) -> tuple[np.ndarray, np.ndarray]:
    """Enclose a bound at many parameter points.

    Parameters
    ----------
    bound : BoundFunction
    prec : int
        Working precision in bits.
    **parameters : exact number or sequence of exact numbers
        By symbol; sequences of shape ``(n,)`` are zipped, single values are repeated. Every point must lie in the
        domain; float arrays are refused, integer arrays are exact.

    Returns
    -------
    lo, hi : ndarray of shape (n,), float64
        Outward-rounded ends: the value of each point lies between them.

    Raises
    ------
    InputError
        If lengths differ, or a point lies outside the domain.

    Examples
    --------
    >>> from relverify.core.registry import theorem
    >>> lo, hi = batch(theorem("perturbation").bound, K_f=1, K_g=1, delta_f=["0.1", "0.2"], delta_g=0)
    >>> bool((lo <= [0.1, 0.2]).all() and (hi >= [0.1, 0.2]).all())
    True
    """
    columns = {name: _column(name, value) for name, value in parameters.items()}
    lengths = {len(c) for c in columns.values() if len(c) != 1}
    if len(lengths) > 1:
        raise InputError("parameters", f"have the lengths {sorted(lengths)}", "sequences of one length")
    size = lengths.pop() if lengths else 1
    lo, hi = np.empty(size), np.empty(size)
    with ctx.workprec(prec):
        for row in range(size):
            point = {name: column[row if len(column) > 1 else 0] for name, column in columns.items()}
            ball = bound.ball(point)
            lo[row], hi[row] = _outward(ball)
    return lo, hi


def _column(name: str, value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "iu" or value.ndim != 1:
            problem = f"is an array of {value.dtype} with {value.ndim} axes"
            raise InputError(name, problem, "integer arrays with one axis or sequences of exact numbers")
        return [int(v) for v in value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [v if isinstance(v, int) else exact(v, name) for v in value]
    return [value]


def _outward(ball: arb) -> tuple[float, float]:
    """The nearest float64 may lie inside the ball; one step outwards never does."""
    if not ball.is_finite():
        return -np.inf, np.inf
    low, high = (float(end) for end in (ball.lower(), ball.upper()))
    if not arb(low) <= ball.lower():
        low = float(np.nextafter(low, -np.inf))
    if not arb(high) >= ball.upper():
        high = float(np.nextafter(high, np.inf))
    return low, high
