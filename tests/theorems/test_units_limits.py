"""What the instances of the lower bounds claim about themselves, checked by other means."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import sympy as sp
from flint import fmpq, fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from relverify.rigor.decide import is_zero
from relverify.spaces.rkhs import ldlt, matrix, quadratic_form
from relverify.strategies.matrices import orthogonal
from relverify.theorems import indefinite_lower, width_lower_deep

CIRCLE = [[(0, -1, 1, 1, -1)[(i - j) % 5] for j in range(5)] for i in range(5)]


def circulant(entries: tuple[object, object, object]) -> fmpq_mat:
    a, b, c = entries
    return matrix([[(a, b, c, c, b)[(i - j) % 5] for j in range(5)] for i in range(5)])


def test_the_distance_of_the_five_points_on_a_circle() -> None:
    instance = indefinite_lower.extremal()
    ratio = instance.values["Q"] / instance.values["T"]
    assert is_zero(ratio - sp.sqrt(5) / (1 + sp.sqrt(5))) and is_zero(instance.exact - ratio)


def test_a_rational_certificate_of_the_five_points() -> None:
    W, R = circulant((1, "309/1000", "-809/1000")), fmpq_mat(CIRCLE)
    assert ldlt(W).psd
    pairing = sum(r * w for r, w in zip(R.entries(), W.entries(), strict=True))
    assert -pairing / sum(abs(w) for w in W.entries()) == fmpq(559, 809)


def test_the_best_certificate_of_rank_one_is_two_thirds() -> None:
    v = (1, 1, 0, -1, 0)
    assert -quadratic_form(fmpq_mat(CIRCLE), [fmpq(c) for c in v]) / fmpq(9) == fmpq(2, 3)
    # with u = |v| on the simplex and signs s, −vᵀRv ≤ Σ over the pairs with −s_i s_j R_ij = 1 of u_i u_j, and that is
    # at most 1 − 1/ω for the largest clique ω of these pairs (Motzkin and Straus)
    cliques = set()
    for s in product((1, -1), repeat=5):
        for size in range(1, 6):
            for subset in combinations(range(5), size):
                if all(-s[i] * s[j] * CIRCLE[i][j] == 1 for i, j in combinations(subset, 2)):
                    cliques.add(size)
    assert max(cliques) == 3


@given(st.integers(1, 4).flatmap(orthogonal))
def test_orthogonal_matrices(Q: fmpq_mat) -> None:
    n = Q.nrows()
    assert Q * Q.transpose() == fmpq_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])


def forward(layers: list, x: Fraction) -> Fraction:
    total, g = Fraction(0), x
    for scale, knots, slopes, weight in layers:
        kinks = zip(knots, slopes, strict=True)
        g = Fraction(scale) * g + sum(Fraction(s) * max(g - Fraction(k), Fraction(0)) for k, s in kinks)
        total += Fraction(weight) * g
    return total


@given(st.data())
def test_deep_networks_are_evaluated_on_their_pieces(data: st.DataObject) -> None:
    from relverify.strategies.numbers import rationals

    layers = []
    for _ in range(data.draw(st.integers(1, 3))):
        knots = [data.draw(rationals(0, 1, 4)) for _ in range(data.draw(st.integers(1, 2)))]
        slopes = [data.draw(rationals(-4, 4, 2)) for _ in knots]
        layers.append((data.draw(rationals(-2, 2, 2)), knots, slopes, data.draw(rationals(-1, 1, 4))))
    error = width_lower_deep.deep_instance(2, layers).exact
    first, last = forward(layers, Fraction(0)), forward(layers, Fraction(1))
    points = [Fraction(k, 60) for k in range(61)]
    differences = [x * x - (forward(layers, x) - first + (1 - last + first) * x) for x in points]
    on_grid = (max(differences) - min(differences)) / 2
    assert on_grid <= error
    # between grid points the difference moves by at most the slope times 1/120
    assert error <= on_grid + Fraction(1, 120) * 4 * (2 + 2 * 10 ** len(layers))


def test_the_sawtooth_halves_each_piece_by_one_unit() -> None:
    for depth in (1, 2, 3, 4, 5):
        instance = width_lower_deep.sawtooth(depth)
        assert instance.exact == sp.Rational(1, 2 ** (2 * depth + 3)) and instance.values["P"] == 2**depth
