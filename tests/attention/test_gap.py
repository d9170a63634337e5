"""Random contexts: exact laws, certified quadrature, simulation inside the proved bounds."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

from relverify.attention.gap import (
    gap_quantile,
    needed,
    order_statistics,
    simulate,
    success,
    sufficient,
    temperature_quantile,
)
from relverify.errors import InputError
from relverify.theorems.gap_law import THEOREM as LAW

GAMMA, EPS = "1/10", "1/100"


@pytest.mark.parametrize("n", [2, 3, 8, 64, 512, 4096, 10**9])
def test_the_gap_quantile_is_exact(n: int) -> None:
    quantile = gap_quantile(n, GAMMA, 256)
    # the law gives back the probability, to all digits
    assert ((1 - quantile) ** n).contains(fmpq(9, 10)) and quantile.rad() < fmpq(1, 10**60)
    assert (1 - quantile).overlaps((arb(9) / 10).root(n))
    assert LAW.resource("eta").evaluate(50, n=n, gamma=GAMMA).ball.overlaps(quantile)
    # two-sided, so it is of the order 1/n
    low, high = 2 * (1 - (arb(9) / 10).sqrt()), -(arb(9) / 10).log()
    assert (n * quantile).overlaps(low) if n == 2 else n * quantile > low
    assert n * quantile < high


def test_three_items_by_another_integral() -> None:
    """The law of three items by a sum over a fine grid of the spacings, bracketed from both sides."""
    beta, odds, cells = 100.0, math.log(99), 4000
    t = np.linspace(0, 1, cells + 1)
    # probability of a first spacing of at least h, given t: decreasing in t and in h
    rest = np.maximum(0, 1 - t - (odds + np.log1p(np.exp(-beta * t))) / beta) ** 2 * 3
    low, high = rest[1:].sum() / cells, rest[:-1].sum() / cells
    found = success(3, 100, EPS)
    assert arb(low) < found < arb(high) and found.rad() < fmpq(1, 10**15)


@pytest.mark.parametrize(("n", "beta"), [(2, 3), (3, 5), (3, "46/10")])
def test_too_low_a_temperature_never_selects(n: int, beta: object) -> None:
    assert success(n, beta, EPS) == 0


def test_the_quantile_of_two_items_is_what_is_needed() -> None:
    low, high = temperature_quantile(2, GAMMA, EPS)
    exact = (arb(99)).log() / (1 - (arb(9) / 10).sqrt())
    assert low <= exact <= high and high - low < fmpq(1, 10**9)
    assert exact.overlaps(arb(needed(2, GAMMA, EPS), fmpq(1, 10**15)))


@pytest.mark.parametrize(("gamma", "eps"), [("1/10", "1/100"), ("1/2", "1/10"), ("1/1000", "1/5"), ("1/3", "1/100000")])
def test_the_quantile_of_three_items_is_certified(gamma: str, eps: str) -> None:
    low, high = temperature_quantile(3, gamma, eps)
    wanted = 1 - fmpq(*Fraction(gamma).as_integer_ratio())
    assert success(3, low, eps) <= arb(wanted) <= success(3, high, eps)
    assert high - low < high / 10**9
    assert needed(3, gamma, eps) < low and high < sufficient(3, gamma, eps)


@pytest.mark.parametrize("n", [2, 3, 8, 64, 512, 4096])
def test_simulation_agrees_with_what_is_proved(n: int) -> None:
    samples = 4000 if n < 4096 else 1500
    found = simulate(n, GAMMA, EPS, samples=samples, seed=1)
    least = float(arb(needed(n, GAMMA, EPS)))
    # a confidence interval of 99.9 % for the quantile meets the interval that is proved to hold the quantile
    assert found.level == fmpq(999, 1000) and found.low < found.high < 2 * found.low
    assert least <= found.high
    if n <= 3:
        low, high = temperature_quantile(n, GAMMA, EPS)
        assert found.low <= float(arb(low)) and float(arb(high)) <= found.high
    if n >= 3:
        most = float(arb(sufficient(n, GAMMA, EPS)))
        assert found.low <= most
        assert 1.35 < most / least < 1.36


def test_linear_and_not_n_log_n() -> None:
    """The refuted claim: the worst case, n - 1 items exactly a gap below, is not what random contexts need."""
    for n in (64, 4096, 10**6):
        worst = (arb(99).log() + arb(n - 1).log()) / gap_quantile(n, GAMMA)
        assert sufficient(n, GAMMA, EPS) < worst / arb("1.3" if n == 64 else "1.9")
    ratio = sufficient(10**6, GAMMA, EPS) / sufficient(10**3, GAMMA, EPS)
    assert 999 < ratio < 1001


def test_order_statistics_cover_exactly() -> None:
    low, high = order_statistics(50, "9/10", "95/100")

    def below(rank: int) -> Fraction:
        return sum((Fraction(math.comb(50, k) * 9**k, 10**50) for k in range(rank)), Fraction(0))

    assert below(high) - below(low) >= Fraction(95, 100)
    # each tail is as large as it may be
    assert below(low) <= Fraction(1, 40) < below(low + 1)
    assert 1 - below(high) <= Fraction(1, 40) < 1 - below(high - 1)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="1 is not a number of items"):
        gap_quantile(1, GAMMA)
    with pytest.raises(InputError, match="eps_1: 1/2 is out of range"):
        success(2, 3, "1/2")
    with pytest.raises(InputError, match="gamma: 0 is out of range"):
        temperature_quantile(2, 0, EPS)
    with pytest.raises(InputError, match="simulate for more"):
        success(4, 3, EPS)
    with pytest.raises(InputError, match="beta: 0 is not positive"):
        success(2, 0, EPS)
    with pytest.raises(InputError, match="below 3"):
        sufficient(2, GAMMA, EPS)
    with pytest.raises(InputError, match="too few"):
        simulate(5, GAMMA, EPS, samples=10)
    with pytest.raises(InputError, match="level"):
        order_statistics(10, "1/2", 1)
