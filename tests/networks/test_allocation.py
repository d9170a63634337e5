"""The greedy allocation against all allocations."""

from __future__ import annotations

from itertools import product

from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.networks.allocation import allocate

positive = st.fractions(min_value="1/8", max_value=3, max_denominator=8).map(lambda v: fmpq(v.numerator, v.denominator))


@settings(max_examples=60, deadline=None)
@given(st.lists(positive, min_size=1, max_size=3), st.lists(positive, min_size=3, max_size=3), positive)
def test_least_of_all(curves, linear, budget):
    least = [1] * len(curves)
    found = allocate(curves, linear, fmpq(1), least, budget, most=13)

    def spent(counts):
        return sum((c / n**2 * (a + c / n**2) for c, a, n in zip(curves, linear, counts, strict=False)), fmpq(0))

    sums = [sum(c) for c in product(range(1, 13), repeat=len(curves)) if sum(c) < 13 and spent(c) <= budget]
    if found is None:
        assert not sums
    else:
        counts, deltas, total = found
        assert sum(counts) == min(sums)
        assert total == spent(counts) <= budget
        assert deltas == [c / n**2 for c, n in zip(curves, counts, strict=True)]


def test_features_at_zero_stay_there():
    assert allocate([fmpq(0), fmpq(1)], [fmpq(1), fmpq(1)], fmpq(0), [0, 1], fmpq(1, 4))[0] == [0, 2]
    assert allocate([], [], fmpq(0), [], fmpq(0)) == ([], [], fmpq(0))
