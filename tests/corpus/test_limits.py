"""Lower bounds of features, depth and the distance to kernels against formulas written out by hand, at 1000 bits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from relverify.core.theorem import Theorem
from relverify.theorems import (
    indefinite_lower,
    rank_lower,
    rank_lower_minor,
    rank_lower_one_network,
    width_lower_any_depth,
    width_lower_deep,
)

mp = mpmath.MPContext()
mp.prec = 1000


def q(text: Any) -> Any:
    value = Fraction(text)
    return mp.mpf(value.numerator) / value.denominator


def mean_piece(mu: str, L: str, pieces: Any) -> Any:
    """Half the height of the parabola μx²/2 over its chord on the mean piece."""
    half = q(L) / pieces / 2
    return q(mu) * half**2 / 2 / 2


BOUNDS: list[tuple[Theorem, Callable[..., Any], list[dict[str, Any]]]] = [
    (indefinite_lower.THEOREM, lambda Q, T: q(Q) / q(T), [
        {"Q": "559/500", "T": "809/500"}, {"Q": "-1/3", "T": "7"}, {"Q": "0", "T": "1/9"},
    ]),
    (rank_lower.THEOREM, lambda T_d: mp.sqrt(q(T_d)), [{"T_d": "2"}, {"T_d": "0"}, {"T_d": "1/1000"}]),
    (
        rank_lower_one_network.THEOREM,
        lambda T_d, T_neg: mp.hypot(mp.sqrt(q(T_d)), mp.sqrt(q(T_neg))),
        [{"T_d": "2", "T_neg": "1/3"}, {"T_d": "0", "T_neg": "5"}, {"T_d": "1/7", "T_neg": "0"}],
    ),
    (rank_lower_minor.THEOREM, lambda T: q(1) / q(T), [{"T": "3"}, {"T": "1/7"}, {"T": "1000"}]),
    (width_lower_deep.THEOREM, lambda mu, L, P: mean_piece(mu, L, P), [
        {"mu": "2", "L": "1", "P": 8}, {"mu": "1/3", "L": "5/2", "P": 1}, {"mu": "7", "L": "3", "P": 100},
    ]),
    (width_lower_any_depth.THEOREM, lambda mu, L, N: mean_piece(mu, L, mp.ldexp(1, N)), [
        {"mu": "2", "L": "1", "N": 3}, {"mu": "1/3", "L": "5/2", "N": 0}, {"mu": "7", "L": "3", "N": 40},
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
    ("theorem", "symbol", "point", "count"),
    [
        # x² on [0,1] within 2^(−2m−3) takes m units at any depth, and 2^m pieces
        (width_lower_any_depth.THEOREM, "N", {"L": 1, "mu": 2, "eps": "1/512"}, 3),
        (width_lower_any_depth.THEOREM, "N", {"L": 1, "mu": 2, "eps": "1/513"}, 4),
        (width_lower_any_depth.THEOREM, "N", {"L": 1, "mu": 2, "eps": 5}, 0),
        (width_lower_deep.THEOREM, "P", {"L": 1, "mu": 2, "eps": "1/512"}, 8),
        (width_lower_deep.THEOREM, "P", {"L": 1, "mu": 2, "eps": "1/513"}, 9),
        (width_lower_deep.THEOREM, "P", {"L": 1, "mu": 2, "eps": 100}, 1),
    ],
)
def test_count(theorem: Theorem, symbol: str, point: dict[str, Any], count: int) -> None:
    assert theorem.resource(symbol).count(point) == count
