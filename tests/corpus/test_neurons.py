"""Neuron counts for expansions into features against budgets that are spent by hand, at 1000 bits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from relverify.core.theorem import Theorem
from relverify.theorems import (
    asymmetric_neurons,
    asymmetric_neurons_coordinate,
    neuron_rate,
    neuron_rate_coordinate,
    symmetric_neurons,
    symmetric_neurons_coordinate,
)

mp = mpmath.MPContext()
mp.prec = 1000


def q(text: Any) -> Any:
    value = Fraction(text)
    return mp.mpf(value.numerator) / value.denominator


def units(costs: list[Any], deltas: list[Any], p: Any) -> Any:
    return len(costs) + mp.fsum((c / delta) ** p for c, delta in zip(costs, deltas, strict=True))


def euclidean(costs: list[str], p: str, K: str, t: str, sides: int) -> Any:
    """The errors δ_i = δ sqrt(share_i), where the shares minimise the units: c_i^p δ_i^{-p-2} is the same for all."""
    c, power = [q(v) for v in costs], q(p)
    delta = -q(K) + mp.sqrt(q(K) ** 2 + q(t))
    weights = [v ** (power / (power + 2)) for v in c]
    length = mp.sqrt(mp.fsum(w * w for w in weights))
    return units(c, [mp.sqrt(sides) * delta * w / length for w in weights], power)


def by_feature(costs: list[str], p: str, sups: list[str], t: str, sides: int) -> Any:
    """The errors δ_i = μ w_i with K_i δ_i ~ c_i^p δ_i^{-p}; μ by bisection of the budget."""
    c, power, K = [q(v) for v in costs], q(p), [q(v) for v in sups]
    weights = [(v**power / k) ** (1 / (power + 1)) for v, k in zip(c, K, strict=True)]

    def spent(mu: Any) -> Any:
        return mp.fsum(2 * k * mu * w + (mu * w) ** 2 for k, w in zip(K, weights, strict=True)) / sides

    low, high = mp.mpf(0), q(t) / weights[0] * 100
    for _ in range(980):
        middle = (low + high) / 2
        low, high = (middle, high) if spent(middle) < q(t) else (low, middle)
    return units(c, [low * w for w in weights], power)


# costs whose powers are rational for p = 1/2 (c^{2/5}, c^{1/3}), p = 1 (c^{2/3}, c^{1/2}) and p = 2 (c, c^{2/3})
VECTOR = [
    (["1", "32"], "1/2", "5", "3/2", "1/10"),
    (["1", "8"], "1", "5", "0", "1/7"),
    (["3", "5"], "2", "8", "2", "1/1000"),
]
COORDINATE = [
    (["1", "8"], "1/2", "3", ["1", "1"], "1 + 8**(2/3)", "1/10"),
    (["1", "4"], "1", "3", ["1", "1"], "5", "1/7"),
    (["1", "8"], "2", "5", ["1", "1"], "17", "1/1000"),
]


@pytest.mark.parametrize(("theorem", "sides"), [(symmetric_neurons.THEOREM, 1), (asymmetric_neurons.THEOREM, 2)])
@pytest.mark.parametrize(("costs", "p", "S", "K", "t"), VECTOR)
def test_euclidean_budget(theorem: Theorem, sides: int, costs: list[str], p: str, S: str, K: str, t: str) -> None:
    eps = str(Fraction(t) + Fraction(1, 3))
    found = theorem.bound.evaluate(60, S=S, p=p, d=2, K=K, tau="1/3", eps=eps)
    value = euclidean(costs, p, K, t, sides)
    assert mp.mpf(found.lo) * (1 - mp.mpf(2) ** -900) <= value <= mp.mpf(found.hi) * (1 + mp.mpf(2) ** -900)
    assert theorem.resource("N").count(S=S, p=p, d=2, K=K, tau="1/3", eps=eps) == int(mp.ceil(value))


@pytest.mark.parametrize(
    ("theorem", "sides"),
    [(symmetric_neurons_coordinate.THEOREM, 1), (asymmetric_neurons_coordinate.THEOREM, 2)],
)
@pytest.mark.parametrize(("costs", "p", "S", "K", "T", "t"), COORDINATE)
def test_budget_by_feature(
    theorem: Theorem, sides: int, costs: list[str], p: str, S: str, K: list[str], T: str, t: str
) -> None:
    found = theorem.bound.evaluate(60, S=S, T=T, p=p, d=2, tau="1/3", eps=str(Fraction(t) + Fraction(1, 3)))
    value = by_feature(costs, p, K, t, sides)
    assert mp.mpf(found.lo) * (1 - mp.mpf(2) ** -900) <= value <= mp.mpf(found.hi) * (1 + mp.mpf(2) ** -900)


@pytest.mark.parametrize("theorem", [symmetric_neurons.THEOREM, asymmetric_neurons.THEOREM])
def test_without_features_no_unit_is_needed(theorem: Theorem) -> None:
    assert theorem.resource("N").count(S=0, p=2, d=0, K=0, tau="1/3", eps="1/2") == 0


@pytest.mark.parametrize("by_hand", [euclidean, by_feature])
def test_the_errors_keep_the_budget(by_hand: Callable[..., Any]) -> None:
    # one feature: both budgets say 2Kδ + δ² = t, here with K = 3/2 and δ = 1/2
    sups: Any = "3/2" if by_hand is euclidean else ["3/2"]
    assert abs(by_hand(["5"], "1", sups, "7/4", 1) - 11) < mp.mpf(2) ** -900


def power_sum(exponent: Any, D: Any) -> Any:
    """A bound of Σ i^exponent up to D: D^{1+exponent} or 1, times 1 + log D."""
    return (1 + mp.log(D)) * max(mp.mpf(1), mp.exp((1 + exponent) * mp.log(D)))


def rate_by_hand(A: str, B: str, s: str, q_: str, p: str, eps: str) -> tuple[Any, Any]:
    """Features, and the count of the Euclidean and of the other budget, from the sequences themselves."""
    a, b, fall, grow, power, error = (q(v) for v in (A, B, s, q_, p, eps))
    D = 1 + (2 * a * a / fall / error) ** (1 / fall)
    t, K = error / 2, mp.sqrt(a * a + a * a / fall)
    cost = grow - (1 + fall) / 2
    # Σ c_i^{2p/(p+2)} to the power (p+2)/2, over δ^p with δ = √(K²+t) − K
    S = b ** (2 * power / (power + 2)) * power_sum(cost * 2 * power / (power + 2), D)
    vector = D + S ** (1 + power / 2) / (mp.sqrt(K * K + t) - K) ** power
    first = (a * b) ** (power / (power + 1)) * power_sum((cost - (1 + fall) / 2) * power / (power + 1), D)
    second = (b**power / a) ** (2 / (power + 1)) * power_sum((cost * power + (1 + fall) / 2) * 2 / (power + 1), D)
    # the root μ of 2Sμ + Tμ² = t
    mu = (mp.sqrt(first**2 + second * t) - first) / second
    return vector, D + first / mu**power


RATES = [
    {"A": "1", "B": "1", "s": "1", "q": "1", "p": "2", "eps": "1/100"},
    {"A": "1/3", "B": "7", "s": "5/2", "q": "0", "p": "1/2", "eps": "1/100000"},
    {"A": "2", "B": "1/9", "s": "3", "q": "4", "p": "1", "eps": "1/7"},
]


@pytest.mark.parametrize("point", RATES)
def test_counts_of_power_laws(point: dict[str, str]) -> None:
    vector, coordinate = rate_by_hand(*point.values())
    for theorem, value in ((neuron_rate.THEOREM, vector), (neuron_rate_coordinate.THEOREM, coordinate)):
        found = theorem.bound.evaluate(60, point)
        slack = value * mp.mpf(2) ** -900
        assert mp.mpf(found.lo) - slack <= value <= mp.mpf(found.hi) + slack


@pytest.mark.parametrize(
    ("s", "q_", "p", "vector", "coordinate"),
    [
        # sampled units: max(2, 1 + (1+2q)/s) and max(2, (1+2q)/s)
        ("2", "1/2", "2", "2", "2"), ("1", "1", "2", "4", "3"), ("3/2", "1/2", "2", "7/3", "2"),
        # splines: 1/4 + (2+q)/(2s) or 1/2, and max(1/2, (2+q)/(2s))
        ("2", "2", "1/2", "5/4", "1"), ("8", "2", "1/2", "1/2", "1/2"), ("1", "0", "1/2", "5/4", "1"),
    ],
)  # fmt: skip
def test_rates_are_those_of_the_counts(s: str, q_: str, p: str, vector: str, coordinate: str) -> None:
    for theorem, rate in ((neuron_rate.THEOREM, vector), (neuron_rate_coordinate.THEOREM, coordinate)):
        stated = mp.mpf(theorem.resource("rho").evaluate(30, s=s, q=q_, p=p).value)
        assert abs(stated - q(rate)) < mp.mpf(10) ** -28
        # from 10^-400 to 10^-4000 the logarithms change little
        counts = [
            mp.log(mp.mpf(theorem.bound.evaluate(30, A=1, B=1, s=s, q=q_, p=p, eps=Fraction(1, 10**n)).value))
            for n in (400, 4000)
        ]
        slope = (counts[1] - counts[0]) / (3600 * mp.log(10))
        assert abs(slope - q(rate)) < mp.mpf("0.002")
