"""Greedy allocation against all allocations."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.rigor.allocation import allocate

weights = st.fractions(Fraction(1, 5), 4, max_denominator=5)


@given(st.lists(weights, min_size=1, max_size=3), st.sampled_from([1, 2, 4]), st.fractions(1, 4, max_denominator=7))
def test_no_smaller_sum_meets_the_budget(constants: list[Fraction], power: int, budget: Fraction) -> None:
    costs = [lambda n, c=c: c / n**power for c in constants]
    found = allocate(costs, budget)
    assert sum(c(n) for c, n in zip(costs, found, strict=True)) <= budget
    smaller = sum(found) - 1
    for counts in itertools.product(range(1, smaller + 1), repeat=len(constants)):
        if sum(counts) == smaller:
            assert sum(c(n) for c, n in zip(costs, counts, strict=True)) > budget


def test_least_counts_are_kept() -> None:
    assert allocate([lambda n: fmpq(1, n), lambda n: fmpq(0)], 1, least=[1, 0]) == (1, 0)


def test_zero_costs_need_nothing_more() -> None:
    assert allocate([lambda n: fmpq(0), lambda n: fmpq(8, n * n)], 2) == (1, 2)


@pytest.mark.parametrize(
    ("costs", "budget", "problem"),
    [
        ([lambda n: fmpq(1, n)], 0, "not met"),
        ([lambda n: fmpq(1)], "1/2", "not met"),
        ([lambda n: fmpq(n)], "1/2", "increases"),
        ([lambda n: fmpq(10 - n * n)], 2, "not convex"),
    ],
)
def test_errors(costs: list, budget: object, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        allocate(costs, Fraction(budget) if isinstance(budget, str) else budget, limit=1000)
