"""Point kernels: how values of a function at float64 numbers come with a proved error, and the constants they use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import arb, ctx, fmpq

from relverify.rigor.approximants import relative_constant
from relverify.rigor.enclose import endpoints
from relverify.rigor.exact import dyadic
from relverify.rigor.intervals import LEAST

BLOCK = 8192  # elements: the temporaries of a block stay in the second-level cache
_UNDERFLOW = 8 * LEAST


@dataclass(frozen=True)
class Kernel:
    """A function on float64 numbers, computed by + - * / and exact operations only.

    Parameters
    ----------
    function : callable
        From a one-dimensional array to approximate values y, or to (y, further error).
    relative : fmpq
        Proved: |y - f(x)| <= relative·|f(x)| + further error + four times the least subnormal number.

    Notes
    -----
    NaN where the function is undefined, or where its value cannot be bounded.
    """

    function: Callable[[np.ndarray], np.ndarray | tuple[np.ndarray, np.ndarray]]
    relative: fmpq

    @cached_property
    def factor(self) -> float:
        """The relative error with the rounding of the error itself; see :func:`relative_constant`."""
        return relative_constant(self.relative)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values y and errors e such that the float64 numbers y - e and y + e enclose the exact values."""
        x = np.asarray(x, dtype=np.float64)
        flat = np.ascontiguousarray(x).reshape(-1)
        value, error = np.empty_like(flat), np.empty_like(flat)
        factor = self.factor
        with np.errstate(all="ignore"):
            for start in range(0, flat.size, BLOCK):
                part = slice(start, start + BLOCK)
                result = self.function(flat[part])
                further = None
                if isinstance(result, tuple):
                    result, further = result
                value[part] = result
                size = np.abs(result, out=result)
                size *= factor
                size += _UNDERFLOW
                if further is not None:
                    size += further
                error[part] = size
        return value.reshape(x.shape), error.reshape(x.shape)


def leading(value: arb, bits: int) -> float:
    """The leading binary digits of a positive number below 2**(53 - bits): its floor in units of 2**-bits."""
    digits = (value * arb(2) ** bits).floor().unique_fmpz()
    return float(int(digits)) * 2.0**-bits


def pieces(value: Callable[[], arb], bits: tuple[int, ...]) -> tuple[tuple[float, ...], fmpq]:
    """Split a constant into short floats and a last full one, for the reduction of arguments (Cody and Waite).

    Returns
    -------
    parts : tuple of float
    error : fmpq
        Bound of |value - sum of the parts|.
    """
    with ctx.workprec(400):
        rest, parts = value(), []
        for b in bits:
            parts.append(leading(rest, b))
            rest = rest - arb(parts[-1])
        parts.append(float(rest.mid()))
        return tuple(parts), upper(rest - arb(parts[-1]))


def upper(value: arb) -> fmpq:
    """A rational bound of the absolute value."""
    low, high = endpoints(value)
    return max(abs(low), abs(high))


def constant(value: arb) -> tuple[float, fmpq]:
    """A float64 near a number, and a bound of the difference."""
    near = float(value.mid())
    return near, upper(value - arb(dyadic(near)))


def powers_of_two(exponents: np.ndarray) -> np.ndarray:
    """2**k for integers -1022 <= k <= 1023, by their bits."""
    return ((exponents + 1023) << 52).view(np.float64)
