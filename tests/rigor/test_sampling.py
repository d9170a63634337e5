"""Expectations over draws against all ordered draws, one by one."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from relverify.errors import InputError
from relverify.rigor.sampling import counts, expectation


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 4))
def test_ordered_draws_give_the_same_mean(weights, draws):
    total = sum(weights)
    chances = [fmpq(w, total) for w in weights]
    expected = Fraction(0)
    for order in itertools.product(range(len(weights)), repeat=draws):
        chance = Fraction(1)
        for kind in order:
            chance *= Fraction(weights[kind], total)
        expected += chance * max(order.count(kind) for kind in range(len(weights)))
    found = expectation(chances, draws, lambda drawn: fmpq(max(drawn)))
    assert Fraction(int(found.p), int(found.q)) == expected
    with ctx.workprec(100):
        assert expectation(chances, draws, lambda drawn: arb(max(drawn))).overlaps(arb(found))


@pytest.mark.parametrize(("kinds", "draws"), [(1, 1), (1, 5), (4, 1), (3, 4)])
def test_counts_are_all_there_once(kinds, draws):
    found = list(counts(kinds, draws))
    expected = {c for c in itertools.product(range(draws + 1), repeat=kinds) if sum(c) == draws}
    assert len(found) == len(set(found)) and set(found) == expected


@pytest.mark.parametrize("chances", [[fmpq(1, 2)], [fmpq(3, 2), fmpq(-1, 2)], [fmpq(1), fmpq(0)]])
def test_refuses_what_is_not_a_probability(chances):
    with pytest.raises(InputError, match="probabilities"):
        expectation(chances, 2, lambda drawn: fmpq(1))


def test_refuses_too_many_outcomes():
    with pytest.raises(InputError, match="outcomes"):
        expectation([fmpq(1, 5)] * 5, 100, lambda drawn: fmpq(0))
    with pytest.raises(InputError, match="outcomes"):
        expectation([fmpq(1, 2)] * 2, 100_000, lambda drawn: fmpq(0))  # 100,001 outcomes
