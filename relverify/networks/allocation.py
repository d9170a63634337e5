"""Allocate hidden units to features under a budget of errors (*allocation*), exactly."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from flint import fmpq

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

    def spent(i: int, n: int) -> fmpq:
        delta = curves[i] / n**2 if n else fmpq(0)
        return delta * (linear[i] + square * delta)

    counts = _greedy(spent, least, budget, most)
    if counts is None or sum(counts) >= most:
        return None
    deltas = [c / n**2 if n else fmpq(0) for c, n in zip(curves, counts, strict=True)]
    return counts, deltas, sum((spent(i, n) for i, n in enumerate(counts)), fmpq(0))


def _greedy(spent: Callable[[int, int], fmpq], least: Sequence[int], budget: fmpq, most: int) -> list[int] | None:
    """The least integers whose spending is within the budget, or None if they add up to `most` or more.

    Spending is convex and decreasing in each integer, so taking the largest gain each time is optimal.
    """
    counts = list(least)
    rough = [float(spent(i, n)) for i, n in enumerate(counts)]
    heap: list[tuple[float, int, float]] = []

    def push(i: int) -> None:
        if counts[i]:
            after = float(spent(i, counts[i] + 1))
            heapq.heappush(heap, (after - rough[i], i, after))

    for i in range(len(counts)):
        push(i)
    limit, total, units = float(budget), sum(rough), sum(counts)
    while True:
        # float64 proposes; the exact sum decides
        if total <= limit * (1 + 1e-9):
            total = sum(rough)
            if sum((spent(i, n) for i, n in enumerate(counts)), fmpq(0)) <= budget:
                return counts
        if not heap or units >= most:
            return None
        gain, i, after = heapq.heappop(heap)
        counts[i] += 1
        units += 1
        total += gain
        rough[i] = after
        push(i)
