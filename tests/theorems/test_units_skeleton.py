"""What the extremal and random instances of the skeleton claim about themselves, checked by other means."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpq, fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.relations import parse_relation
from relverify.relations.properties import constants
from relverify.spaces.rkhs import ldlt
from relverify.theorems import grid_neurons, grid_neurons_shifted, width_lower

x, y = sp.symbols("x y", real=True)


def pieces_of_bend() -> list[sp.Expr]:
    first = sp.Rational(1, 6) + (1 - x) / 2 + (1 - x) ** 2 / 2
    return [first, (2 - x) ** 3 / 6, sp.Integer(0)]


def test_the_extremal_kernel_is_twice_continuously_differentiable_with_bound_one() -> None:
    bend = pieces_of_bend()
    for node, (left, right) in zip((1, 2), zip(bend, bend[1:], strict=False), strict=True):
        for order in range(3):
            assert sp.diff(left, x, order).subs(x, node) == sp.diff(right, x, order).subs(x, node)
    mirror = [bend[2 - k].subs(x, 3 - x) for k in range(3)]
    for k in range(3):
        assert sp.expand(sp.diff(bend[k], x, 2) + sp.diff(mirror[k], x, 2)) == 1
        # W'' is affine on a piece, so its sign is that of its ends; W falls from 7/6 to 0
        for end in (k, k + 1):
            assert sp.diff(bend[k], x, 2).subs(x, end) >= 0
            assert 0 <= bend[k].subs(x, end) <= sp.Rational(7, 6)
            assert grid_neurons._bend(end) == bend[k].subs(x, end)
    # the value −1 of W − 1 is taken where W'' = 1
    assert bend[2] == 0 and sp.diff(mirror[2], x, 2) == 1


def test_no_point_of_the_extremal_kernel_exceeds_the_bound() -> None:
    def feature(point: Fraction) -> tuple[sp.Rational, sp.Rational]:
        return grid_neurons._bend(str(point)) - 1, grid_neurons._bend(str(3 - point)) - 1

    grid = [Fraction(k, 12) for k in range(37)]
    exact = {p: feature(p) for p in grid}
    linear = {}
    for p in grid:
        k = min(int(p), 2)
        s = sp.Rational(p.numerator, p.denominator) - k
        ends = feature(Fraction(k)), feature(Fraction(k + 1))
        linear[p] = tuple((1 - s) * a + s * b for a, b in zip(*ends, strict=True))
    for p in grid:
        for q in grid:
            true = sum(a * b for a, b in zip(exact[p], exact[q], strict=True))
            built = sum(a * b for a, b in zip(linear[p], linear[q], strict=True))
            assert abs(true - built) <= sp.Rational(1, 4)


@given(st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=1, max_size=2), st.integers(1, 4))
def test_corrected_nodal_matrices_of_the_instances_are_psd(features: list[list[int]], n: int) -> None:
    F = fmpq_mat(features)
    r = F.transpose() * F
    c = fmpq(1, 16 * n * n)
    r[0, 0] += 4 * c * c * r[2, 2]
    nodes = [fmpq(k, n) for k in range(n + 1)]

    def corrected(a: fmpq, b: fmpq) -> fmpq:
        value = sum(r[i, j] * a**i * b**j for i in range(3) for j in range(3))
        second = sum(2 * r[2, j] * b**j for j in range(3)) + sum(2 * r[i, 2] * a**i for i in range(3))
        return value - c * second

    assert ldlt(fmpq_mat([[corrected(a, b) for b in nodes] for a in nodes])).psd


def test_the_kernel_that_needs_the_rest_term_vanishes_to_second_order_at_the_nodes() -> None:
    second = 16 * x**2 * (1 - x) ** 2
    bend = sp.integrate(second.subs(x, y) * (y - x), (y, x, 1))
    assert sp.expand(sp.diff(bend, x, 2) - second) == 0
    assert [second.subs(x, end) for end in (0, 1)] == [0, 0] and second.subs(x, sp.Rational(1, 2)) == 1
    assert bend.subs(x, 0) == sp.Rational(4, 15) and bend.subs(x, 1) == 0
    largest = sp.diff(second, x).subs(x, (1 - 1 / sp.sqrt(3)) / 2)
    assert sp.simplify(largest - 16 / sp.sqrt(27)) == 0
    instance = grid_neurons_shifted._between_nodes()
    assert instance.exact == sp.Rational(11, 60)


def test_the_integral_of_the_root_of_the_second_derivative() -> None:
    instance = width_lower._integral_form()
    integral = sp.integrate(x ** sp.Rational(-3, 4) / 2, (x, sp.Rational(1, 10**4), 1))
    assert sp.simplify(integral - sp.Rational(9, 5)) == 0
    assert instance.values["mu"] * instance.values["L"] ** 2 == sp.Rational(81, 25)


def test_the_third_derivative_of_the_gaussian_is_enclosed_from_above() -> None:
    box, relation = parse_box("[0,1]"), parse_relation("gaussian(ell=1/2)")
    found = constants(grid_neurons_shifted.THEOREM, relation, box, box, {"M_3"})["M_3"]
    # |t³ − 3t| exp(−t²/2)/ℓ³ is largest at t² = 3 − √6
    t = sp.sqrt(3 - sp.sqrt(6))
    largest = 8 * (3 * t - t**3) * sp.exp(-(t**2) / 2)
    # the maximum is taken along a line x − y = const, where branch and bound stops at its limit of cells
    assert largest <= found <= largest * sp.Rational(105, 100)


def test_a_kink_has_no_third_derivative() -> None:
    box = parse_box("[0,1]")
    with pytest.raises(InputError, match="third derivative"):
        constants(grid_neurons_shifted.THEOREM, parse_relation("brownian"), box, box, {"M_3"})
