"""Bounds of sampled units against means that are worked out by hand, at 1000 bits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from relverify.core.theorem import Theorem
from relverify.theorems import (
    barron_l2,
    barron_sup,
    barron_sup_affine,
    direct_sampling,
    kernel_barron,
    kernel_barron_affine,
)

mp = mpmath.MPContext()
mp.prec = 1000


def q(text: Any) -> Any:
    value = Fraction(text)
    return mp.mpf(value.numerator) / value.denominator


def symmetrized(V: str, R: str, n: int, factors: Any) -> Any:
    """2/n times the mean of a signed sum of n units, each factor of which is one step of the proof."""
    return 2 / mp.mpf(n) * q(V) * q(R) * factors * mp.sqrt(n)


def product_of_two(V: str, R: str, n: int, half: int) -> Any:
    """The factor (α + 1/(2α))(α + 1/α) + 1/2 at α = 2^{-1/4}, found without its closed form."""
    alpha = mp.mpf(2) ** (-mp.mpf(1) / 4)
    return symmetrized(V, R, n, ((alpha + 1 / (2 * alpha)) * (alpha + 1 / alpha) + mp.mpf(1) / 2) / half)


POINTS = [{"V": "1", "R": "1", "n": 1}, {"V": "7/3", "R": "9/8", "n": 10}, {"V": "1/5", "R": "30", "n": 12345}]

BOUNDS: list[tuple[Theorem, Callable[..., Any], list[dict[str, Any]]]] = [
    (barron_sup.THEOREM, lambda V, R, n: symmetrized(V, R, n, 2), POINTS),
    (barron_sup_affine.THEOREM, lambda V, R, n: symmetrized(V, R, n, 1), POINTS),
    (kernel_barron.THEOREM, lambda V, R, n: product_of_two(V, R, n, 1), POINTS),
    (kernel_barron_affine.THEOREM, lambda V, R, n: product_of_two(V, R, n, 2), POINTS),
    (barron_l2.THEOREM, lambda V, norm_f, n: mp.sqrt((q(V) - q(norm_f)) * (q(V) + q(norm_f))) / mp.sqrt(n), [
        {"V": "1", "norm_f": "0", "n": 3}, {"V": "5/3", "norm_f": "3/2", "n": 7}, {"V": "2", "norm_f": "2", "n": 5},
    ]),
    # half the length of an interval times the standard deviation V/2 of a slope
    (direct_sampling.THEOREM, lambda L, V, n: q(L) / 2 * (q(V) / 2) / mp.sqrt(n), [
        {"L": "1", "V": "1", "n": 1}, {"L": "2/7", "V": "11/3", "n": 50}, {"L": "9", "V": "1/100", "n": 77777},
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("theorem", "by_hand", "point"),
    [(theorem, by_hand, point) for theorem, by_hand, points in BOUNDS for point in points],
    ids=lambda value: getattr(value, "label", ""),
)
def test_bound(theorem: Theorem, by_hand: Callable[..., Any], point: dict[str, Any]) -> None:
    found = theorem.bound.evaluate(60, point)
    value, slack = by_hand(**point), mp.mpf(2) ** -900
    assert mp.mpf(found.lo) - slack <= value <= mp.mpf(found.hi) + slack


@pytest.mark.parametrize(
    ("theorem", "point", "count"),
    [
        (barron_sup.THEOREM, {"V": 1, "R": 1, "eps": "1/10"}, 1600),
        (barron_sup.THEOREM, {"V": 1, "R": "sqrt(2)", "eps": 9}, 1),
        (barron_sup_affine.THEOREM, {"V": 1, "R": 1, "eps": "1/10"}, 400),
        (direct_sampling.THEOREM, {"L": 1, "V": 1, "eps": "1/10"}, 7),
        (barron_l2.THEOREM, {"V": 2, "norm_f": 1, "eps": "1/10"}, 300),
        # 4 (2 + √2)² = 24 + 16 √2 = 46.6
        (kernel_barron.THEOREM, {"V": 1, "R": 1, "eps": 1}, 47),
        (kernel_barron_affine.THEOREM, {"V": 1, "R": 1, "eps": 1}, 12),
    ],
)
def test_count(theorem: Theorem, point: dict[str, Any], count: int) -> None:
    assert theorem.resource("n").count(point) == count


def test_two_orthogonal_units_by_hand() -> None:
    # f = (e_1 + e_2)/2, one unit drawn: the distance is always 1/√2
    found = barron_l2.THEOREM.bound.evaluate(50, V=1, norm_f="sqrt(1/2)", n=1)
    assert mp.mpf(found.lo) <= 1 / mp.sqrt(2) <= mp.mpf(found.hi)
