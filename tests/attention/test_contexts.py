"""Attention over random preorders with ties selects in every context."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relverify.attention.contexts import context_selector, least_class_weights
from relverify.attention.preorders import Preorder, QueryPreorders
from relverify.attention.softmax import attention_error, attention_weights
from relverify.errors import InputError
from relverify.rigor.decide import Verdict
from relverify.strategies.preorders import families, preorders

ONE_IN_A_HUNDRED = fmpq(1, 100)


def random_family(rng: random.Random, most: int = 50) -> QueryPreorders:
    """One to three preorders of the same items, with ties, now and then of one class."""
    size = rng.randint(1, most)
    rows = []
    for _ in range(rng.randint(1, 3)):
        levels = rng.choice([1, 2, 3, size, 2 * size])
        rows.append([rng.randrange(levels) for _ in range(size)])
    return QueryPreorders.from_utility(rows)


def check(rng: random.Random) -> None:
    family = random_family(rng)
    size = family.size
    queries, keys = rng.sample(range(64), family.queries), rng.sample(range(64), size)
    built = context_selector(family, queries, keys, bits=40)
    margins = [fmpq(1, p.number_of_classes - 1) for p in family.preorders if p.number_of_classes > 1]
    assert built.eta == (min(margins) if margins else None)
    assert [p.margin for p in family.preorders if p.number_of_classes > 1] == margins
    assert ("no margin" in built.note) == any(p.number_of_classes == 1 for p in family.preorders)
    assert built.decide().verdict is Verdict.PROVED
    for query, order in enumerate(family.preorders):
        context = rng.sample(range(size), rng.randint(1, size))
        assert built.selects(query, context)
        # the weights of this context themselves, and the output where the best value is a single one
        weights = attention_weights([built.scores[query][j] for j in context], built.beta)
        top = max(order.ranks[j] for j in context)
        best = [k for k, j in enumerate(context) if order.ranks[j] == top]
        assert sum((weights[k] for k in best), arb(0)) >= arb(1 - built.eps_1)
        if len(best) == 1:
            values = [[fmpq(keys[j], 64)] for j in context]
            error = attention_error([built.scores[query][j] for j in context], values, best[0], built.beta)
            assert error <= built.eps_1


@pytest.mark.parametrize("seed", range(10))
def test_random_preorders(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(10):
        check(rng)


@pytest.mark.slow
def test_a_thousand_random_preorders() -> None:
    rng = random.Random(1000)
    for _ in range(1000):
        check(rng)


@settings(max_examples=25)
@given(preorders(max_size=6), st.lists(st.integers(0, 8), min_size=6, max_size=6), st.integers(0, 6))
def test_the_hardest_context_of_a_class(order: Preorder, noise: list[int], beta: int) -> None:
    """The least weight of a class over all contexts, by listing them."""
    scores = [fmpq(8 * r + e, 16) for r, e in zip(order.ranks, noise, strict=False)]
    found = least_class_weights(scores, order, beta)
    least = [arb(2)] * order.number_of_classes
    for size in range(1, order.size + 1):
        for context in combinations(range(order.size), size):
            weights = attention_weights([scores[j] for j in context], beta)
            top = max(order.ranks[j] for j in context)
            share = sum((w for w, j in zip(weights, context, strict=True) if order.ranks[j] == top), arb(0))
            least[top] = least[top].min(share)
    assert all(a.overlaps(b) and abs(a - b) < fmpq(1, 10**12) for a, b in zip(found, least, strict=True))


@settings(max_examples=25)
@given(families(max_size=6))
def test_small_families(family: QueryPreorders) -> None:
    built = context_selector(family, range(family.queries), range(family.size))
    assert built.decide().verdict is Verdict.PROVED


def test_a_tie_at_the_top() -> None:
    built = context_selector(QueryPreorders((Preorder((1, 0, 1, 1)),)), [0], [0, 1, 2, 3])
    weights = attention_weights(built.scores[0], built.beta)
    assert weights[0] + weights[2] + weights[3] >= arb(1 - ONE_IN_A_HUNDRED)
    # no single item has it
    assert weights[0] < fmpq(1, 2)


def test_too_low_a_temperature_is_refuted() -> None:
    from dataclasses import replace

    built = context_selector(QueryPreorders((Preorder((0, 1, 2, 0)),)), [0], range(4))
    assert replace(built, beta=built.beta / 2).decide().verdict is Verdict.REFUTED
    assert replace(built, eps_1=fmpq(1, 1000)).decide().verdict is Verdict.REFUTED
    reversed_scores = tuple(tuple(-s for s in row) for row in built.scores)
    assert replace(built, scores=reversed_scores).decide().verdict is Verdict.REFUTED


def test_one_class_has_no_margin() -> None:
    built = context_selector(QueryPreorders((Preorder((0, 0)), Preorder((0, 0)))), [0, 1], [0, 1])
    assert (built.eta, built.beta) == (None, 0) and built.note == "queries 0, 1 have one class, so no margin"
    assert built.decide().verdict is Verdict.PROVED


def test_bad_input() -> None:
    family = QueryPreorders((Preorder((0, 1, 2, 3)),))
    with pytest.raises(InputError, match="eps_1: 1 is out of range"):
        context_selector(family, [0], range(4), eps_1=1)
    with pytest.raises(InputError, match="2 points"):
        context_selector(family, [0, 1], range(4))
    with pytest.raises(InputError, match="loses the margin"):
        context_selector(family, [0], range(0, 12, 3), bits=0)
