"""Allocate hidden units to features under a budget of spline errors (*allocation*), exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flint import fmpq

from relverify.errors import InputError
from relverify.rigor.allocation import allocate as allocate_counts

MAX_UNITS = 200_000


def allocate(
    curves: Sequence[fmpq],
    linear: Sequence[fmpq],
    square: fmpq,
    least: Sequence[int],
    budget: fmpq,
    most: int = MAX_UNITS,
) -> tuple[list[int], list[fmpq], fmpq] | None:
    """The least number of units with ``Σ (linear_i δ_i + square δ_i²) <= budget``, δ_i = curve_i / n_i².

    Parameters
    ----------
    curves, linear : sequence of fmpq
    square : fmpq
    least : sequence of int
        Where to start; a feature that starts at 0 is exact and stays there.
    budget : fmpq
    most : int
        The sum has to be below this number.

    Returns
    -------
    tuple or None
        The counts, the errors δ_i and what they spend, which is decided exactly to be within the budget.

    Examples
    --------
    >>> allocate([fmpq(4), fmpq(1)], [fmpq(1), fmpq(1)], fmpq(0), [1, 1], fmpq(1))
    ([3, 2], [4/9, 1/4], 25/36)
    """

    def cost(i: int) -> Callable[[int], fmpq]:
        def spent(n: int) -> fmpq:
            delta = curves[i] / n**2
            return delta * (linear[i] + square * delta)

        return spent

    active = [i for i, start in enumerate(least) if start]
    counts, costs = [0] * len(least), {i: cost(i) for i in active}
    try:
        found = allocate_counts([costs[i] for i in active], budget, [least[i] for i in active], most)
    except InputError:
        return None
    for i, count in zip(active, found, strict=True):
        counts[i] = count
    if sum(counts) >= most:
        return None
    deltas = [c / n**2 if n else fmpq(0) for c, n in zip(curves, counts, strict=True)]
    return counts, deltas, sum((costs[i](counts[i]) for i in active), fmpq(0))
