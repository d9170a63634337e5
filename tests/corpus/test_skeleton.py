"""Bounds of truncation, interpolation, allocation and width against formulas written out by hand, at 1000 bits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from relverify.core.theorem import Theorem
from relverify.theorems import (
    allocation,
    allocation_coordinate,
    asymmetric,
    grid_neurons,
    grid_neurons_shifted,
    mercer_truncation,
    perturbation,
    ridge_spline,
    rkhs,
    symmetric,
    vertex_certificate,
    width_lower,
)

mp = mpmath.MPContext()
mp.prec = 1000


def q(text: Any) -> Any:
    value = Fraction(text)
    return mp.mpf(value.numerator) / value.denominator


def two_features(c: tuple[str, str], p: str, delta: str) -> Any:
    """The least of a one-parameter family: δ_1 = δ cos α, δ_2 = δ sin α, at the zero of the derivative in α."""
    first, second, power = q(c[0]), q(c[1]), q(p)
    # d/dα [(c1/cos)^p + (c2/sin)^p] = 0 is tan^{p+2} = (c2/c1)^p
    angle = mp.atan((second / first) ** (power / (power + 2)))
    return (first / (q(delta) * mp.cos(angle))) ** power + (second / (q(delta) * mp.sin(angle))) ** power


def two_shares(c: tuple[str, str], p: str, t: str) -> Any:
    """K = 1: δ_1 + δ_2 = t/2 with δ_2/δ_1 = (c2/c1)^{p/(p+1)}."""
    first, second, power = q(c[0]), q(c[1]), q(p)
    ratio = (second / first) ** (power / (power + 1))
    share = q(t) / 2 / (1 + ratio)
    return (first / share) ** power + (second / (share * ratio)) ** power


def affine_error(mu: str, L: str, N: int) -> Any:
    """Half the height of the parabola μx²/2 over its chord on the mean piece."""
    half = q(L) / (N + 1) / 2
    return q(mu) * half**2 / 2 / 2


def chord_height(M: str, h: Any) -> Any:
    """Height of the chord of Mx²/2 over its middle."""
    return (q(M) * (h / 2) ** 2) / 2


BOUNDS: list[tuple[Theorem, Callable[..., Any], list[dict[str, Any]]]] = [
    (mercer_truncation.THEOREM, lambda tau: q(tau), [{"tau": "1/7"}, {"tau": "3"}, {"tau": "1/1000"}]),
    (
        perturbation.THEOREM,
        lambda K_f, K_g, delta_f, delta_g: (q(K_f) + q(delta_f)) * (q(K_g) + q(delta_g)) - q(K_f) * q(K_g),
        [
            {"K_f": "1", "K_g": "2", "delta_f": "1/10", "delta_g": "1/7"},
            {"K_f": "0", "K_g": "3/11", "delta_f": "5", "delta_g": "1/1000"},
            {"K_f": "100", "K_g": "7/3", "delta_f": "0", "delta_g": "1/13"},
        ],
    ),
    (symmetric.THEOREM, lambda tau, K, delta: q(tau) + (q(K) + q(delta)) ** 2 - q(K) ** 2, [
        {"tau": "1/7", "K": "2/3", "delta": "1/9"}, {"tau": "0", "K": "5", "delta": "1/1000"},
        {"tau": "2", "K": "0", "delta": "1/3"},
    ]),
    (
        asymmetric.THEOREM,
        lambda tau, K_f, K_g, delta_f, delta_g:
            q(tau) + (q(K_f) + q(delta_f)) * (q(K_g) + q(delta_g)) - q(K_f) * q(K_g),
        [
            {"tau": "1/7", "K_f": "2/3", "K_g": "3", "delta_f": "1/9", "delta_g": "1/5"},
            {"tau": "0", "K_f": "5", "K_g": "1/3", "delta_f": "1/1000", "delta_g": "0"},
            {"tau": "2", "K_f": "0", "K_g": "7", "delta_f": "1/3", "delta_g": "1/11"},
        ],
    ),
    (ridge_spline.THEOREM, lambda L, M, n: chord_height(M, q(L) / n), [
        {"L": "1", "M": "4", "n": 7}, {"L": "3/7", "M": "1/3", "n": 1}, {"L": "20", "M": "1000", "n": 333},
    ]),
    (grid_neurons.THEOREM, lambda L, M, n: 2 * chord_height(M, q(L) / n), [
        {"L": "1", "M": "4", "n": 10}, {"L": "2/3", "M": "7", "n": 3}, {"L": "5", "M": "1/9", "n": 1000},
    ]),
    (
        grid_neurons_shifted.THEOREM,
        lambda L, M, M_3, n: chord_height(M, q(L) / n) + 5 * (q(L) / n) ** 3 * q(M_3) / 32,
        [
            {"L": "1", "M": "4", "M_3": "12", "n": 25}, {"L": "3", "M": "1", "M_3": "0", "n": 3},
            {"L": "1/7", "M": "9", "M_3": "100/3", "n": 1},
        ],
    ),
    (width_lower.THEOREM, affine_error, [
        {"mu": "2", "L": "3", "N": 2}, {"mu": "1/3", "L": "1", "N": 0}, {"mu": "5", "L": "7/2", "N": 99},
    ]),
    (
        vertex_certificate.THEOREM,
        lambda v, h_x, h_y, M_x, M_y: q(v) + chord_height(M_x, q(h_x)) + chord_height(M_y, q(h_y)),
        [
            {"v": "1/9", "h_x": "1/2", "h_y": "1/3", "M_x": "4", "M_y": "5"},
            {"v": "0", "h_x": "1", "h_y": "1/1000", "M_x": "0", "M_y": "7"},
            {"v": "2", "h_x": "3/11", "h_y": "3", "M_x": "1/7", "M_y": "0"},
        ],
    ),
    (rkhs.THEOREM, lambda norm_f, kappa: q(norm_f) * mp.sqrt(q(kappa)), [
        {"norm_f": "2", "kappa": "1/3"}, {"norm_f": "1/7", "kappa": "9"}, {"norm_f": "5", "kappa": "1/1000"},
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
    ("c", "p", "delta"), [(("8", "27"), "1", "1/3"), (("1", "32"), "1/2", "2"), (("3", "5"), "2", "1/7")]
)
def test_allocation_of_two_features(c: tuple[str, str], p: str, delta: str) -> None:
    powers = {"1": "8**(2/3) + 27**(2/3)", "1/2": "1 + 32**(2/5)", "2": "8"}
    found = allocation.THEOREM.bound.evaluate(60, S=powers[p], p=p, delta=delta)
    value = two_features(c, p, delta)
    assert abs(mp.mpf(found.value) - value) <= value * mp.mpf(10) ** -58


@pytest.mark.parametrize(
    ("c", "p", "t", "total"),
    [(("4", "9"), "1", "1/3", "5"), (("8", "27"), "2", "2", "13"), (("8", "1"), "1/2", "1/7", "3")],
)
def test_coordinate_allocation_of_two_features(c: tuple[str, str], p: str, t: str, total: str) -> None:
    found = allocation_coordinate.THEOREM.bound.evaluate(60, S=total, p=p, t=t)
    value = two_shares(c, p, t)
    assert abs(mp.mpf(found.value) - value) <= value * mp.mpf(10) ** -58


@pytest.mark.parametrize(
    ("theorem", "symbol", "point", "count"),
    [
        (grid_neurons.THEOREM, "n", {"L": 1, "M": 4, "eps": "1e-1"}, 4),
        (grid_neurons.THEOREM, "n", {"L": 1, "M": 4, "eps": "1e-2"}, 10),
        (grid_neurons.THEOREM, "n", {"L": 1, "M": 4, "eps": "1e-3"}, 32),
        (grid_neurons.THEOREM, "n", {"L": 1, "M": 4, "eps": "1e-4"}, 100),
        (grid_neurons.THEOREM, "n", {"L": 1, "M": 0, "eps": "1e-4"}, 1),
        (grid_neurons_shifted.THEOREM, "n", {"L": 1, "M": 4, "M_3": 0, "eps": "1e-3"}, 23),
        (grid_neurons_shifted.THEOREM, "n", {"L": 1, "M": 4, "M_3": 0, "eps": "1e-4"}, 71),
        (ridge_spline.THEOREM, "n", {"L": 1, "M": 2, "delta": "1/400"}, 10),
        (ridge_spline.THEOREM, "n", {"L": 1, "M": 2, "delta": "1/401"}, 11),
        (ridge_spline.THEOREM, "n", {"L": 5, "M": 0, "delta": "1/9"}, 1),
        (width_lower.THEOREM, "N", {"L": 3, "mu": 2, "eps": "1/8"}, 2),
        (width_lower.THEOREM, "N", {"L": 3, "mu": 2, "eps": "1/9"}, 3),
        (width_lower.THEOREM, "N", {"L": 3, "mu": 2, "eps": 100}, 0),
        (allocation.THEOREM, "N", {"S": 6, "p": 2, "delta": "1/4"}, 576),
        (allocation_coordinate.THEOREM, "N", {"S": 6, "p": 1, "t": "1/4"}, 288),
    ],
)
def test_count(theorem: Theorem, symbol: str, point: dict[str, Any], count: int) -> None:
    assert theorem.resource(symbol).count(point) == count


def test_budgets_are_used_up() -> None:
    tau, K, eps = q("1/50"), q("3/2"), q("1/10")
    delta = mp.mpf(symmetric.THEOREM.resource("delta").evaluate(60, tau="1/50", K="3/2", eps="1/10").value)
    assert abs(tau + 2 * K * delta + delta**2 - eps) < mp.mpf(10) ** -58
    both = mp.mpf(asymmetric.THEOREM.resource("delta").evaluate(60, tau="1/50", K_f=2, K_g="1/3", eps="1/10").value)
    assert abs((2 + both) * (q("1/3") + both) - q("2/3") - q("2/25")) < mp.mpf(10) ** -58
    given = {"tau": "1/50", "K_f": 2, "K_g": "1/3", "delta_f": "1/10", "eps": "1/10"}
    rest = mp.mpf(asymmetric.THEOREM.resource("delta_g").evaluate(60, given).value)
    assert abs((2 + q("1/10")) * (q("1/3") + rest) - q("2/3") - q("2/25")) < mp.mpf(10) ** -58
