"""Integer counts of least sum under a budget of separable convex errors."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any

from flint import fmpq

from relverify.errors import InputError

MAX_UNITS = 10_000_000


def allocate(
    costs: Sequence[Callable[[int], Any]], budget: Any, least: Sequence[int] | None = None, limit: int = MAX_UNITS
) -> tuple[int, ...]:
    """Counts n_i of least sum with ``sum(costs[i](n_i)) <= budget``, by greedy marginal gain.

    Units go one by one to where they lower the sum most. For convex decreasing costs that is exact: after any number
    of units the sum is the least possible with so many units.

    Parameters
    ----------
    costs : sequence of callable
        Each takes a count to an exact rational number (int, Fraction or fmpq), convex and decreasing in the count.
    budget : exact rational number
    least : sequence of int, optional
        The smallest count of each, by default 1.
    limit : int
        The largest sum of counts that is tried.

    Returns
    -------
    tuple of int

    Raises
    ------
    InputError
        If the costs are seen not to be convex and decreasing, or the budget is not met within the limit.

    Examples
    --------
    >>> allocate([lambda n: fmpq(1, n), lambda n: fmpq(4, n)], 1)
    (3, 6)
    """
    total_budget = _rational(budget)
    counts = [1] * len(costs) if least is None else list(least)
    if len(counts) != len(costs):
        raise InputError("least", f"has {len(counts)} entries", f"{len(costs)}, one a cost")
    values = [_rational(cost(count)) for cost, count in zip(costs, counts, strict=True)]
    total, units = sum(values, fmpq(0)), sum(counts)
    heap: list[tuple[fmpq, int, fmpq]] = []

    def offer(i: int) -> None:
        following = _rational(costs[i](counts[i] + 1))
        heapq.heappush(heap, (following - values[i], i, following))

    for i in range(len(costs)):
        offer(i)
    while total > total_budget:
        if not heap or heap[0][0] == 0 or units >= limit:
            raise InputError("budget", f"{total_budget} is not met by {units} units", "a larger budget")
        change, i, following = heapq.heappop(heap)
        if change > 0:
            raise InputError("costs", f"number {i} increases after {counts[i]} units", "decreasing costs")
        counts[i], values[i] = counts[i] + 1, following
        total, units = total + change, units + 1
        offer(i)
        if _rational(costs[i](counts[i] + 1)) - following < change:
            raise InputError("costs", f"number {i} is not convex at {counts[i]} units", "convex costs")
    return tuple(counts)


def _rational(value: Any) -> fmpq:
    return value if isinstance(value, fmpq) else fmpq(int(value.numerator), int(value.denominator))
