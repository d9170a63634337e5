"""The record of an activation; one activation is one module of this package with one constant ``ACTIVATION``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from relverify.rigor.intervals import Intervals

ULPS = 4  # assumed accuracy of exp, tanh, erf, log1p and sin of an executing library, in units in the last place
Derivatives = tuple[Intervals, Intervals, Intervals, Intervals]
Values = tuple[tuple[Any, Any], tuple[Any, Any], tuple[Any, Any]]


def middle(value: Intervals) -> tuple[np.ndarray, np.ndarray]:
    """Middles, and radii that reach both ends."""
    found = 0.5 * value.lo + 0.5 * value.hi
    return found, np.maximum(value.hi - found, found - value.lo) * (1 + 2.0**-50)


@dataclass(frozen=True)
class Rounding:
    """What execution in floating point adds to an activation.

    The executed value at a floating-point number z differs from s(z) by at most u (relative |s(z)| + argument |z| +
    constant), u the unit roundoff, and by `jump` besides where z is above `cutoff`; underflow apart. An error of one
    unit in the last place of s is at most 2u|s|.

    Parameters
    ----------
    relative, argument, constant : int
    functions : tuple of str
        The elementary functions of a library on which it rests, assumed accurate to `ULPS` units in the last place.
    cutoff : float, optional
        Above it, libraries take another formula.
    jump : float
    """

    relative: int = 0
    argument: int = 0
    constant: int = 0
    functions: tuple[str, ...] = ()
    cutoff: float | None = None
    jump: float = 0.0


@dataclass(frozen=True)
class Activation:
    """A function s of a real number that stands between the layers of a network.

    Parameters
    ----------
    name : str
        As networks name it, for instance ``tanh``.
    formula : str
        The exact real function that is certified.
    value : callable
        s over float64 arrays, for pictures and searches, never for claims.
    ball : callable
        s of an Arb ball.
    derivatives : callable
        Enclosures of s, s', s'', s''' over Intervals; the last two are undecided (NaN) where an interval meets a kink.
    slopes : tuple of float, optional
        For a piecewise linear activation, the slopes left and right of its only kink, 0; equal slopes mean no kink.
    at_points : callable, optional
        s, s' and s'' over float64 arrays, each with a bound of its error; the same as `derivatives` says of points, but
        cheaper.
    rounding : Rounding, optional
        Without it, nothing is claimed of executions in floating point.
    """

    name: str
    formula: str
    value: Callable[[np.ndarray], np.ndarray]
    ball: Callable[[arb], arb]
    derivatives: Callable[[Intervals], Derivatives]
    slopes: tuple[float, float] | None = None
    rounding: Rounding | None = None
    at_points: Callable[[np.ndarray], Values] | None = None

    def local(self, z: np.ndarray) -> Values:
        """Values of s, s' and s'' at float64 numbers, each with a bound of its error (an array, or one for all)."""
        if self.at_points is not None:
            return self.at_points(z)
        value, first, second, _ = self.derivatives(Intervals(z))
        return middle(value), middle(first), middle(second)

    @property
    def kinks(self) -> tuple[float, ...]:
        """The points where s has no derivative."""
        return (0.0,) if self.slopes is not None and self.slopes[0] != self.slopes[1] else ()


def piecewise_linear(name: str, formula: str, left: float, right: float) -> Activation:
    """The activation with s(0) = 0 and slopes `left` below and `right` above zero, both exact float64 numbers.

    Parameters
    ----------
    name, formula : str
    left, right : float
        left <= right, that is, a convex function.

    Examples
    --------
    >>> leaky = piecewise_linear("leaky", "max(z, z/4)", 0.25, 1.0)
    >>> leaky.value(np.array([-2.0, 3.0])).tolist(), leaky.kinks
    ([-0.5, 3.0], (0.0,))
    """

    def value(z: np.ndarray) -> np.ndarray:
        return np.maximum(left * z, right * z)

    def ball(z: arb) -> arb:
        return (arb(left) * z).max(arb(right) * z)

    def derivatives(z: Intervals) -> Derivatives:
        result = (left * z).maximum(right * z)
        below, above = z.hi < 0, z.lo > 0
        unknown = np.isnan(z.lo) | np.isnan(z.hi)
        first = Intervals(np.where(above, right, left), np.where(below, left, right)).undecided_where(unknown)
        crossed = unknown if left == right else ~(below | above)
        higher = Intervals(np.zeros(z.shape)).undecided_where(crossed)
        return result, first, higher, higher

    # a slope that is rounded to a shorter format and one product: (1 + u)^2 - 1 <= 3u
    rounding = Rounding(0 if {left, right} <= {0.0, 1.0} else 3)
    return Activation(name, formula, value, ball, derivatives, (left, right), rounding)
