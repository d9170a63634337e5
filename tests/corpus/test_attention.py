"""Bounds of attention against formulas written out by hand, at 1000 bits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from relverify.core.theorem import Theorem
from relverify.theorems import (
    approximate_margin,
    attention_lipschitz,
    attention_selection,
    attention_selection_continuous,
    attention_selection_near,
    context_limit,
    debreu_countable,
    debreu_finite,
    gap_law,
    gap_law_needed,
    gap_law_sufficient,
    lexicographic,
    relational_attention,
    selection_capacity,
)
from relverify.theorems import softmax_selection as softmax

mp = mpmath.MPContext()
mp.prec = 1000


def q(text: str) -> Any:
    value = Fraction(text)
    return mp.mpf(value.numerator) / value.denominator


def weight(n: int, beta: str, eta: str) -> Any:
    """By the sum itself: one item at eta, the others at 0."""
    terms = [mp.exp(q(beta) * q(eta)), *[mp.mpf(1)] * (n - 1)]
    return terms[0] / mp.fsum(terms)


def two_items(beta: str, eps_u: str) -> Any:
    """Total variation of two items whose scores change places."""
    up, down = mp.exp(q(beta) * q(eps_u) / 2), mp.exp(-q(beta) * q(eps_u) / 2)
    return abs(up / (up + down) - down / (up + down))


def output(D: str, n: int, beta: str, eta: str, eps_u: str) -> Any:
    """All other values a diameter away, all scores off by eps_u the wrong way."""
    best, other = mp.exp(q(beta) * (q(eta) - q(eps_u))), mp.exp(q(beta) * q(eps_u))
    return (n - 1) * other * q(D) / (best + (n - 1) * other)


def output_near(delta: str, D: str, n: int, beta: str, eta: str, eps_u: str) -> Any:
    """All other values a diameter away, and the best one as far off as is allowed."""
    rest = output("1", n, beta, eta, eps_u)
    return q(D) * rest + q(delta) * (1 - rest)


def top_weight(S: str, n: int) -> Any:
    """One item at S, the others at -S."""
    return mp.exp(q(S)) / (mp.exp(q(S)) + (n - 1) * mp.exp(-q(S)))


def packed(A: str, B: str, eps_1: str, d: int) -> Any:
    """Balls of radius half the least distance in the ball of radius 2 and half the least distance more."""
    if q(A) * q(B) == 0:
        return mp.mpf(1)
    half = mp.sqrt(2 * (mp.log(1 - q(eps_1)) - mp.log(q(eps_1))) / (q(A) * q(B)))
    return (2 + half) ** d / half**d


def gap(n: int, eta: str) -> Any:
    """By repeated multiplication."""
    return mp.fprod([1 - q(eta)] * n)


def not_selected(n: int, beta: str, eps_1: str, gamma_2: str = "") -> Any:
    """Failure where the gap is below the least one, with a weight of the other items where it is given."""
    least = mp.log(1 - q(eps_1)) - mp.log(q(eps_1))
    if gamma_2:
        least += mp.log(q(beta) * q(gamma_2) + n) - mp.log(q(beta) * q(gamma_2))
    kept = mp.mpf(0) if least >= q(beta) else mp.exp(n * (mp.log(q(beta) - least) - mp.log(q(beta))))
    return 1 - kept + (q(gamma_2) if gamma_2 else 0)


BOUNDS: list[tuple[Theorem, Callable[..., Any], list[dict[str, Any]]]] = [
    (softmax.THEOREM, weight, [
        {"n": 5, "beta": "2", "eta": "1/2"}, {"n": 1000, "beta": "100/3", "eta": "1/7"},
        {"n": 1, "beta": "1", "eta": "1"},
    ]),
    (approximate_margin.THEOREM, lambda eta, eps_u: q(eta) - q(eps_u) - q(eps_u), [
        {"eta": "1/3", "eps_u": "1/24"}, {"eta": "1", "eps_u": "0"}, {"eta": "1/7", "eps_u": "1/5"},
    ]),
    (attention_lipschitz.THEOREM, two_items, [
        {"beta": "2", "eps_u": "1/3"}, {"beta": "1/1000", "eps_u": "1/7"}, {"beta": "40", "eps_u": "3"},
    ]),
    (attention_selection.THEOREM, output, [
        {"D": "2", "n": 4, "beta": "2", "eta": "1", "eps_u": "1/8"},
        {"D": "1/3", "n": 512, "beta": "45", "eta": "1/4", "eps_u": "1/100"},
        {"D": "7", "n": 2, "beta": "0", "eta": "1", "eps_u": "0"},
    ]),
    (context_limit.THEOREM, top_weight, [{"S": "1", "n": 4}, {"S": "25/3", "n": 10**9}, {"S": "0", "n": 7}]),
    (selection_capacity.THEOREM, packed, [
        {"A": "1", "B": "3", "eps_1": "1/100", "d": 4}, {"A": "37/2", "B": "1/5", "eps_1": "1/3", "d": 64},
        {"A": "5", "B": "0", "eps_1": "1/10", "d": 3},
    ]),
    (attention_selection_near.THEOREM, output_near, [
        {"delta": "1/8", "D": "2", "n": 4, "beta": "2", "eta": "1", "eps_u": "1/8"},
        {"delta": "0", "D": "1/3", "n": 512, "beta": "45", "eta": "1/4", "eps_u": "1/100"},
        {"delta": "7", "D": "7", "n": 2, "beta": "3", "eta": "1", "eps_u": "0"},
    ]),
    (attention_selection_continuous.THEOREM, lambda gamma: q(gamma), [{"gamma": "1/10"}]),
    (gap_law.THEOREM, gap, [{"n": 2, "eta": "1/3"}, {"n": 50, "eta": "1/1000"}, {"n": 9, "eta": "99/100"}]),
    (gap_law_needed.THEOREM, not_selected, [
        {"n": 2, "beta": "20", "eps_1": "1/100"}, {"n": 4096, "beta": "180000", "eps_1": "1/100"},
        {"n": 7, "beta": "1", "eps_1": "1/10"},
    ]),
    (gap_law_sufficient.THEOREM, not_selected, [
        {"n": 3, "beta": "200", "eps_1": "1/100", "gamma_2": "1/50"},
        {"n": 4096, "beta": "250000", "eps_1": "1/100", "gamma_2": "1/100"},
        {"n": 3, "beta": "1/2", "eps_1": "1/10", "gamma_2": "1/3"},
    ]),
    (relational_attention.THEOREM, lambda eps_1, eps_2, M: q(eps_2) + q(eps_1) * (q(M) - q(eps_2)), [
        {"eps_1": "1/100", "eps_2": "1/20", "M": "3"}, {"eps_1": "1", "eps_2": "0", "M": "1/7"},
        {"eps_1": "1/3", "eps_2": "2", "M": "2"},
    ]),
    (debreu_countable.THEOREM, lambda i: mp.mpf(2) ** -(i + 1), [{"i": 1}, {"i": 12}, {"i": 200}]),
    (lexicographic.THEOREM, lambda k: 1 / (mp.mpf(k - 1) * (k + 1)), [{"k": 2}, {"k": 9}, {"k": 1000}]),
    (debreu_finite.THEOREM, lambda m: 1 / mp.mpf(m - 1), [{"m": 2}, {"m": 7}, {"m": 101}]),
]  # fmt: skip


CASES = [
    pytest.param(theorem, formula, point, id=f"{theorem.label}-{number}")
    for theorem, formula, points in BOUNDS
    for number, point in enumerate(points)
]


@pytest.mark.parametrize(("theorem", "formula", "point"), CASES)
def test_bound(theorem: Theorem, formula: Callable[..., Any], point: dict[str, Any]) -> None:
    expected, found = formula(**point), theorem.bound.evaluate(60, point)
    tiny = abs(expected) * mp.mpf(2) ** -900
    assert mp.mpf(found.lo) - tiny <= expected <= mp.mpf(found.hi) + tiny


@pytest.mark.parametrize(("n", "eta", "eps_1"), [(2, "1", "1/100"), (50, "1/9", "1/10"), (3, "2", "1/1000")])
def test_softmax_temperature(n: int, eta: str, eps_1: str) -> None:
    found = softmax.THEOREM.resource("beta").evaluate(60, n=n, eta=eta, eps_1=eps_1)
    beta = mp.log(1 - q(eps_1)) - mp.log(q(eps_1)) + mp.log(n - 1)
    assert mp.mpf(found.lo) <= beta / q(eta) <= mp.mpf(found.hi)


@pytest.mark.parametrize(
    ("n", "D", "eps", "theta"), [(6, "5", "1/50", "1/3"), (2, "1", "1/10", "1/2"), (900, "1/7", "1/1000", "1/1024")]
)
def test_selection_temperature(n: int, D: str, eps: str, theta: str) -> None:
    found = attention_selection.THEOREM.resource("beta").evaluate(60, n=n, D=D, eps=eps, theta=theta, eta="1/5")
    odds = (q(D) / q(eps) - 1) * (n - 1)
    beta = mp.log(odds) * 5 / (1 - q(theta))
    assert mp.mpf(found.lo) <= beta <= mp.mpf(found.hi)
    # at this temperature, with the errors that it allows for, the output is exactly eps away
    away = output(D, n, str(Fraction(mp.nstr(beta, 200))), "1/5", str(Fraction(theta) / 10))
    assert abs(away / q(eps) - 1) < mp.mpf(10) ** -190


@pytest.mark.parametrize(("delta", "eps"), [("0", "1/10"), ("1/20", "1/10"), ("99/1000", "1/10")])
def test_selection_temperature_near(delta: str, eps: str) -> None:
    options = {"n": 64, "D": "1", "eps": eps, "theta": "1/3", "eta": "1/5"}
    found = attention_selection_near.THEOREM.resource("beta").evaluate(60, delta=delta, **options)
    beta = (mp.log(63) + mp.log(1 - q(eps)) - mp.log(q(eps) - q(delta))) * 15 / 2
    assert mp.mpf(found.lo) <= beta <= mp.mpf(found.hi)
    away = output_near(delta, "1", 64, str(Fraction(mp.nstr(beta, 200))), "1/5", "1/30")
    assert abs(away / q(eps) - 1) < mp.mpf(10) ** -190
    # the continuous form has the temperature of the finite one
    same = attention_selection_continuous.THEOREM.resource("beta").evaluate(60, **options)
    finite = attention_selection.THEOREM.resource("beta").evaluate(60, **options)
    assert (same.lo, same.hi) == (finite.lo, finite.hi)


@pytest.mark.parametrize(("S", "eps_1"), [("1", "1/10"), ("0", "1/1000"), ("20", "1/2"), ("100/7", "99/100")])
def test_largest_context(S: str, eps_1: str) -> None:
    found = context_limit.THEOREM.resource("n").evaluate(60, S=S, eps_1=eps_1)
    expected = 1 + q(eps_1) / (1 - q(eps_1)) * mp.exp(q(S)) ** 2
    assert mp.mpf(found.lo) <= expected <= mp.mpf(found.hi)
    # with that many items, were it a whole number, the weight is exactly what is asked for
    weight = mp.exp(q(S)) / (mp.exp(q(S)) + (expected - 1) * mp.exp(-q(S)))
    assert abs(weight - (1 - q(eps_1))) < mp.mpf(10) ** -190


@pytest.mark.parametrize(("n", "gamma", "eps_1"), [(2, "1/10", "1/100"), (4096, "1/10", "1/100"), (9, "9/10", "1/3")])
def test_temperature_of_random_contexts(n: int, gamma: str, eps_1: str) -> None:
    least, gap = mp.log(1 / q(eps_1) - 1), 1 - mp.root(1 - q(gamma), n)
    found = gap_law.THEOREM.resource("eta").evaluate(60, n=n, gamma=gamma)
    assert mp.mpf(found.lo) <= gap <= mp.mpf(found.hi)
    found = gap_law_needed.THEOREM.resource("beta").evaluate(60, n=n, gamma=gamma, eps_1=eps_1)
    assert mp.mpf(found.lo) <= least / gap <= mp.mpf(found.hi)
    if n >= 3:
        found = gap_law_sufficient.THEOREM.resource("beta").evaluate(
            60, n=n, gamma_1=gamma, gamma_2="1/50", eps_1=eps_1
        )
        enough = (least + mp.log(1 + 50 * n * gap / least)) / gap
        assert mp.mpf(found.lo) <= enough <= mp.mpf(found.hi)
        # there the bound keeps both shares
        failure = gap_law_sufficient.THEOREM.bound.evaluate(
            60, n=n, beta=Fraction(mp.nstr(enough, 200)), eps_1=eps_1, gamma_2="1/50"
        )
        assert mp.mpf(failure.lo) <= q(gamma) + q("1/50")


@pytest.mark.parametrize(("k", "eps_1"), [(2, "1/100"), (7, "1/10"), (100, "1/1000")])
def test_temperature_of_a_grid(k: int, eps_1: str) -> None:
    """That of softmax-selection with k² items a margin apart."""
    found = lexicographic.THEOREM.resource("beta").evaluate(60, k=k, eps_1=eps_1)
    again = softmax.THEOREM.resource("beta").evaluate(60, n=k * k, eta=Fraction(1, k * k - 1), eps_1=eps_1)
    beta = (k * k - 1) * (mp.log(k * k - 1) + mp.log(1 / q(eps_1) - 1))
    assert mp.mpf(found.lo) <= beta <= mp.mpf(found.hi)
    assert mp.mpf(again.lo) <= beta <= mp.mpf(again.hi)


def test_edges() -> None:
    temperature = softmax.THEOREM.resource("beta")
    assert temperature.evaluate(n=1, eta=1, eps_1="1/10").value == "0"
    assert temperature.evaluate(n=2, eta=1, eps_1="1/2").value == "0"
    assert temperature.evaluate(n=3, eta=1, eps_1="9/10").value == "0"
    assert softmax.THEOREM.bound.evaluate(n=1, beta=3, eta=1).value == "1"
    assert context_limit.THEOREM.bound.evaluate(n=1, S=3).value == "1"
    assert selection_capacity.THEOREM.bound.evaluate(A=7, B=3, eps_1="1/10", d=0).value == "1"
    selection = attention_selection.THEOREM.resource("beta")
    assert selection.evaluate(n=1, D=3, eps="1/10", eta=1, theta="1/2").value == "0"
    assert selection.evaluate(n=9, D=3, eps=3, eta=1, theta="1/2").value == "0"
    assert selection.evaluate(n=9, D=0, eps="1/10", eta=1, theta="1/2").value == "0"
    assert attention_lipschitz.THEOREM.bound.evaluate(beta=0, eps_u=1).value == "0"


@pytest.mark.parametrize(("P", "runs", "units"), [(1, 1, 0), (7, 7, 6), (100, 4, 6), (5, 3, 4), (6, 3, 4)])
def test_units_of_a_utility(P: int, runs: int, units: int) -> None:
    assert debreu_finite.THEOREM.resource("N").count(P=P, runs=runs) == units


@pytest.mark.parametrize(("beta", "eps_1"), [("2", "1/10"), ("1/3", "9/10"), ("77", "1/1000")])
def test_scores_for_a_total_variation(beta: str, eps_1: str) -> None:
    found = attention_lipschitz.THEOREM.resource("eps_u").evaluate(60, beta=beta, eps_1=eps_1)
    expected = (mp.log(1 + q(eps_1)) - mp.log(1 - q(eps_1))) / q(beta)
    assert mp.mpf(found.lo) <= expected <= mp.mpf(found.hi)
    again = two_items(beta, str(Fraction(mp.nstr(expected, 200))))
    assert abs(again / q(eps_1) - 1) < mp.mpf(10) ** -190
