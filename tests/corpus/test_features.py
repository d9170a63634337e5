"""Bounds of features, function spaces and samples against sums written out by hand, at 1000 bits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from relverify.core.theorem import Theorem
from relverify.theorems import (
    chebyshev_rank,
    chebyshev_rank_tensor,
    deep_square,
    fourier_neurons,
    fourier_rank,
    fourier_rank_anchored,
    matrix_certificate,
    rkbs,
    sample_complexity,
)

mp = mpmath.MPContext()
mp.prec = 1000
TERMS = 2000


def q(text: Any) -> Any:
    value = Fraction(text)
    return mp.mpf(value.numerator) / value.denominator


def waves(V: str, Omega: str, R: str, m: int) -> Any:
    """The trivial bound, or a fixed part √m and a moving part 2 R Ω √m, symmetrized."""
    signed = mp.sqrt(m) + 2 * q(R) * q(Omega) * mp.sqrt(m)
    return min(q(V) + q(V), 2 * q(V) / m * signed)


def anchored(V: str, Omega: str, D: str, m: int) -> Any:
    return 2 * q(V) / m * (2 * q(D) * mp.sqrt(m * q(Omega) ** 2))


def drawn_splines(V: str, Omega: str, L: str, m: int, kappa: str) -> Any:
    """Twice the mean error of the draw, and (√V + κ√(2V))² − V for the network."""
    delta = q(kappa) * mp.sqrt(2 * q(V))
    return 2 * anchored(V, Omega, L, m) + (mp.sqrt(q(V)) + delta) ** 2 - q(V)


def chebyshev_tail(M: str, rho: str, d: int) -> Any:
    """The coefficients that are left out, one by one."""
    return mp.fsum(2 * q(M) / q(rho) ** k for k in range(d, d + TERMS))


def tensor_tail(M: str, rho_1: str, rho_2: str, d_1: int, d_2: int) -> Any:
    """All coefficients of the two axes less those that are kept."""

    def coefficients(rho: str, terms: int) -> Any:
        return mp.fsum((1 if k == 0 else 2) / q(rho) ** k for k in range(terms))

    whole = coefficients(rho_1, TERMS) * coefficients(rho_2, TERMS)
    return q(M) * (whole - coefficients(rho_1, d_1) * coefficients(rho_2, d_2))


def signed_products(V: str, R_x: str, R_y: str, n: int) -> Any:
    """Twice the mean of a signed sum: 2√n for the centred product, √n/2 for each factor alone."""
    return 2 * q(V) * q(R_x) * q(R_y) / n * (2 * mp.sqrt(n) + mp.sqrt(n) / 2 + mp.sqrt(n) / 2)


def corner(
    v: str, g_x: str, g_y: str, M_x: str, M_xy: str, M_y: str, h_x: str, h_y: str, S: str, d: int
) -> Any:
    """Taylor's polynomial with all terms of one sign at a corner; d roundings of (1 + u) and d lost products."""
    x, y, u = q(h_x) / 2, q(h_y) / 2, mp.mpf(2) ** -53
    value = q(v) + x * q(g_x) + y * q(g_y) + (x * x * q(M_x) + 2 * x * y * q(M_xy) + y * y * q(M_y)) / 2
    return value + (1 / (1 - d * u) - 1) * q(S) + d * mp.mpf(2) ** -1074


def deep(m: int) -> Any:
    """x minus the teeth, composed one by one, and the square: largest at the first middle between two nodes."""
    x = mp.mpf(2) ** -(m + 1)
    value, tooth = x, x
    for s in range(1, m + 1):
        tooth = 1 - abs(2 * tooth - 1)
        value -= tooth / mp.mpf(4) ** s
    return value - x * x


BOUNDS: list[tuple[Theorem, Callable[..., Any], list[dict[str, Any]]]] = [
    (fourier_rank.THEOREM, waves, [
        {"V": "1", "Omega": "2", "R": "1", "m": 100}, {"V": "7/3", "Omega": "0", "R": "1/9", "m": 5},
        {"V": "2", "Omega": "30", "R": "3", "m": 17},
    ]),
    (fourier_rank_anchored.THEOREM, anchored, [
        {"V": "1", "Omega": "2", "D": "1", "m": 100}, {"V": "7/3", "Omega": "1/5", "D": "1/9", "m": 5},
        {"V": "2", "Omega": "30", "D": "3", "m": 17},
    ]),
    (fourier_neurons.THEOREM, drawn_splines, [
        {"V": "1", "Omega": "2", "L": "1", "m": 100, "kappa": "1/100"},
        {"V": "7/3", "Omega": "1/5", "L": "1/9", "m": 5, "kappa": "2"},
        {"V": "2", "Omega": "30", "L": "3", "m": 17, "kappa": "1/100000"},
    ]),
    (chebyshev_rank.THEOREM, chebyshev_tail, [
        {"M": "1", "rho": "2", "d": 1}, {"M": "9/4", "rho": "7/2", "d": 10}, {"M": "1/3", "rho": "3", "d": 77},
    ]),
    (chebyshev_rank_tensor.THEOREM, tensor_tail, [
        {"M": "1", "rho_1": "2", "rho_2": "3", "d_1": 1, "d_2": 1},
        {"M": "9/4", "rho_1": "7/2", "rho_2": "2", "d_1": 10, "d_2": 3},
        {"M": "1/3", "rho_1": "3", "rho_2": "5/2", "d_1": 1, "d_2": 40},
    ]),
    (sample_complexity.THEOREM, signed_products, [
        {"V": "1", "R_x": "2", "R_y": "1", "n": 100}, {"V": "7/3", "R_x": "1", "R_y": "5/4", "n": 1},
        {"V": "2", "R_x": "30", "R_y": "1/9", "n": 12345},
    ]),
    (deep_square.THEOREM, deep, [{"m": 1}, {"m": 7}, {"m": 200}]),
    (matrix_certificate.THEOREM, corner, [
        {"v": "1/9", "g_x": "1", "g_y": "2/3", "M_x": "5", "M_xy": "7", "M_y": "1/2", "h_x": "1/8", "h_y": "1/3",
         "S": "3", "d": 100},
        {"v": "0", "g_x": "0", "g_y": "0", "M_x": "0", "M_xy": "1", "M_y": "0", "h_x": "1", "h_y": "1/1000", "S": "0",
         "d": 1},
        {"v": "0", "g_x": "0", "g_y": "0", "M_x": "0", "M_xy": "0", "M_y": "0", "h_x": "1", "h_y": "1", "S": "1",
         "d": 1000000},
    ]),
    (rkbs.THEOREM, lambda norm_f, K: q(norm_f) * q(K), [
        {"norm_f": "2", "K": "1/3"}, {"norm_f": "1/7", "K": "9"}, {"norm_f": "0", "K": "5"},
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
        # 2·2^{1-d} <= 1/1000 first at d = 12
        (chebyshev_rank.THEOREM, "d", {"M": 1, "rho": 2, "eps": "1/1000"}, 12),
        (chebyshev_rank.THEOREM, "d", {"M": 1, "rho": 2, "eps": 2}, 1),
        (chebyshev_rank.THEOREM, "d", {"M": 1, "rho": 2, "eps": 500}, 1),
        (deep_square.THEOREM, "m", {"eps": "1/1000"}, 4),
        (deep_square.THEOREM, "m", {"eps": "1/1024"}, 4),
        (deep_square.THEOREM, "m", {"eps": 3}, 1),
        (deep_square.THEOREM, "N", {"m": 4}, 11),
        (fourier_rank.THEOREM, "m", {"V": 1, "Omega": 2, "R": 1, "eps": "1/10"}, 10_000),
        (fourier_rank_anchored.THEOREM, "m", {"V": 1, "Omega": 2, "D": 1, "eps": "1/10"}, 6400),
        # 2 (m + L Ω m / sqrt(2κ)): √(2κ) = 1/10
        (fourier_neurons.THEOREM, "N", {"m": 10, "L": 3, "Omega": 2, "kappa": "1/200"}, 1220),
        (sample_complexity.THEOREM, "n", {"V": 1, "R_x": 1, "R_y": 1, "eps": "1/10"}, 3600),
    ],
)
def test_count(theorem: Theorem, symbol: str, point: dict[str, Any], count: int) -> None:
    assert theorem.resource(symbol).count(point) == count
