"""Isolated roots: the enclosure contains the zero, is sharp, and says nothing without a change of sign."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from relverify.rigor.enclose import compile_arb, enclose
from relverify.rigor.roots import IsolatedRoot, isolate
from relverify.rigor.second_opinion import confirm

w, c, t = sp.Symbol("w"), sp.Symbol("c", positive=True), sp.Symbol("t", real=True)


@given(st.integers(2, 400), st.sampled_from([53, 200, 900]))
def test_square_roots(n: int, prec: int) -> None:
    root = IsolatedRoot(sp.Lambda(w, w**2 - n), sp.Integer(0), sp.Integer(n))
    ball = enclose(root, prec=prec)
    with ctx.workprec(prec + 20):
        assert ball.contains(arb(n).sqrt()) or ball.overlaps(arb(n).sqrt())
    assert ball.rel_accuracy_bits() > prec - 30


@given(st.integers(1, 30), st.fractions("1/8", 8, max_denominator=9))
def test_the_second_opinion_agrees(i: int, value) -> None:
    ratio = sp.Rational(value.numerator, value.denominator)
    root = IsolatedRoot(sp.Lambda(w, w - (i - 1) * sp.pi - 2 * sp.atan2(c, w)), (i - 1) * sp.pi, i * sp.pi)
    confirm(root, {c: ratio}, enclose(root, {c: ratio}, 128), 30)
    assert root.free_symbols == {c} and not root.is_number and root.subs(c, ratio).is_number


def test_a_ball_of_parameters_contains_the_roots_of_all() -> None:
    function = compile_arb(IsolatedRoot(sp.Lambda(w, w**3 + w - c), sp.Integer(0), sp.Integer(9)), (c,))
    wide = function(arb(1).union(arb(2)))
    for k in range(5):
        assert wide.overlaps(function(arb(fmpq(4 + k, 4))))


def test_without_a_change_of_sign_nothing_is_known() -> None:
    assert not isolate(lambda v: v * v + 1, arb(-1), arb(1)).is_finite()
    assert not isolate(lambda v: v, arb(1), arb(2)).is_finite()
    assert not isolate(lambda v: v - 1, arb(1), arb(2)).is_finite()
    assert not isolate(lambda v: arb.nan(), arb(0), arb(2)).is_finite()


def test_a_function_that_is_flat_at_its_zero_gives_a_wide_ball() -> None:
    ball = isolate(lambda v: (v - arb(1) / 3) ** 3, arb(0), arb(1))
    assert ball.contains(arb(1) / 3) and ball.rad() < 1e-3


def test_it_is_a_real_number_that_sympy_can_use() -> None:
    root = IsolatedRoot(sp.Lambda(w, sp.cos(w) - w), sp.Integer(0), sp.Integer(1))
    assert root.is_positive and root.is_real and abs(float(root) - 0.7390851332151607) < 1e-15
    assert root.diff(t) == 0 and (t * root).diff(t) == root and sp.Max(root, 2) == 2
    assert IsolatedRoot(sp.Lambda(w, w + sp.Rational(1, 2)), sp.Integer(-1), sp.Integer(1)).is_positive is not True
    assert "operatorname{root}" in sp.latex(root)


@pytest.mark.parametrize("prec", [64, 1024])
@pytest.mark.parametrize(
    ("function", "low", "high", "most"),
    [
        (lambda v: v * v - 2, 0, 2, 40),
        (lambda v: v.cos() - v, 0, 1, 40),
        (lambda v: v.exp() - 3, -10, 10, 100),
        (lambda v: 3 - v.exp(), -10, 10, 100),
        (lambda v: v**9 - arb(1) / 10**6, 0, 3, 520),
    ],
)
def test_simple_roots_take_few_evaluations(function, low: int, high: int, most: int, prec: int) -> None:
    """Bisection alone would take as many as there are bits, twice."""
    calls = []

    def counted(value: arb) -> arb:
        calls.append(value)
        return function(value)

    with ctx.workprec(prec):
        found = isolate(counted, arb(low), arb(high))
        assert found.rel_accuracy_bits() > prec - 16 and len(calls) <= most
        assert all(low <= value <= high for value in calls)
